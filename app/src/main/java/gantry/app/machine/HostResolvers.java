package gantry.app.machine;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The resolvers that the host itself asks. */
final class HostResolvers {
  private static final Path FILE = Path.of("/etc/resolv.conf");

  private static final Logger LOG = LoggerFactory.getLogger(HostResolvers.class);

  private HostResolvers() {}

  /** None for a host without: names that are not ours then fail, as they do on the host. */
  static List<InetSocketAddress> read() {
    return read(FILE);
  }

  static List<InetSocketAddress> read(Path file) {
    List<InetSocketAddress> all = new ArrayList<>();
    try {
      for (String line : Files.readAllLines(file)) {
        String[] words = line.trim().split("\\s+", 3);
        if (words.length >= 2 && words[0].equals("nameserver") && !words[1].contains("%")) {
          add(all, words[1]);
        }
      }
    } catch (IOException e) {
      LOG.warn("the resolvers of this machine are not known: {}", e.toString());
    }
    return all;
  }

  private static void add(List<InetSocketAddress> all, String address) {
    try {
      all.add(new InetSocketAddress(InetAddress.ofLiteral(address), 53));
    } catch (IllegalArgumentException e) {
      LOG.warn("{} names a resolver that is no address: {}", FILE, address);
    }
  }
}
