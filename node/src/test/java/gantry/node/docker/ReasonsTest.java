package gantry.node.docker;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.exception.InternalServerErrorException;
import org.junit.jupiter.api.Test;

class ReasonsTest {

  @Test
  void namesTheFix() {
    assertThat(
            Reasons.start(
                new InternalServerErrorException(
                    "Status 500: {\"message\":\"driver failed: Bind for 0.0.0.0:80 failed: port is"
                        + " already allocated\"}\n")))
        .isEqualTo(
            "CannotStartContainerError: Error response from daemon: driver failed: Bind for"
                + " 0.0.0.0:80 failed: port is already allocated. Another container or program has"
                + " that host port: use hostPort 0 for a dynamic one, or stop the other");
    assertThat(Reasons.pull("a/b:1", "Error response from daemon: manifest unknown"))
        .startsWith("CannotPullContainerError: ")
        .endsWith("There is no a/b:1: check its name and tag, or push it");
    assertThat(Reasons.pull("a", "write /x: no space left on device")).contains("image prune");
    assertThat(Reasons.outOfMemory(64, null)).contains("64 MiB");
  }

  @Test
  void aFullDiskIsNamedWhereverItIsMet() {
    RuntimeException full =
        new RuntimeException("mkdir /var/lib/docker/x: no space left on device");
    assertThat(Reasons.create(full))
        .startsWith("CannotCreateContainerError: ")
        .contains("Docker's disk is full", "docker image prune");
    assertThat(Reasons.start(full))
        .startsWith("CannotStartContainerError: ")
        .contains("Docker's disk is full", "docker image prune");
  }
}
