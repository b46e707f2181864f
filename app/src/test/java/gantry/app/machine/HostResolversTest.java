package gantry.app.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostResolversTest {

  @TempDir Path folder;

  @Test
  void oneThatIsNoAddressDoesNotHideTheOthers() throws IOException {
    Path file = folder.resolve("resolv.conf");
    Files.writeString(
        file,
        """
        # made by hand
        search example.internal
        nameserver 192.0.2.1
        nameserver router
        nameserver fe80::1%eth0
        nameserver 2001:db8::1
        """);
    assertThat(HostResolvers.read(file))
        .containsExactly(
            new InetSocketAddress("192.0.2.1", 53), new InetSocketAddress("2001:db8::1", 53));
  }

  @Test
  void aMachineMayHaveNone() {
    assertThat(HostResolvers.read(folder.resolve("none"))).isEmpty();
  }
}
