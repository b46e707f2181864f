package gantry.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Load balancers by boto3, with targets in Python and nginx: {@code balancers.py} beside this
 * test's resources. It needs python3 with boto3, nginx, curl and openssl.
 */
@Tag("docker")
@Tag("client")
class BalancersTest {

  private static final long DEADLINE_MINUTES = 6;

  /** The API's port and those of the listeners after it. */
  private static final int PORTS = 11;

  @Test
  void rulesHealthDrainingCookiesTlsHttp2AndFlows(@TempDir Path work) throws Exception {
    List<String> lines =
        Script.run(
            work,
            DEADLINE_MINUTES,
            List.of(
                Clients.python(),
                Script.resource("balancers.py"),
                Program.ROOT.resolve("gantry").toString(),
                work.toString(),
                Script.ports(PORTS)));
    assertThat(lines).contains("== all of it");
  }
}
