package gantry.app.machine;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The resolvers that the host itself asks. */
final class HostResolvers {
  private static final Path FILE = Path.of("/etc/resolv.conf");

  private HostResolvers() {}

  static List<InetSocketAddress> read() {
    List<InetSocketAddress> all = new ArrayList<>();
    try {
      for (String line : Files.readAllLines(FILE)) {
        String[] words = line.trim().split("\\s+", 3);
        if (words.length >= 2 && words[0].equals("nameserver") && !words[1].contains("%")) {
          all.add(new InetSocketAddress(InetAddress.ofLiteral(words[1]), 53));
        }
      }
    } catch (IOException | IllegalArgumentException unreadable) {
      // A host without resolvers: names that are not ours then fail, as they do on the host.
      return List.of();
    }
    return all;
  }
}
