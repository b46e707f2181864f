package gantry.node;

import com.github.dockerjava.api.exception.NotFoundException;
import gantry.node.docker.DockerEngine;
import gantry.node.docker.Tar;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** Images made on this machine from what Debian has installed: nothing is pulled. */
public final class TestImages {

  /** A shell and small tools in one static program (package busybox-static). */
  public static final String BUSYBOX = "gantry-test/busybox:1";

  private static final List<String> TOOLS =
      List.of(
          "sh",
          "sleep",
          "cat",
          "echo",
          "wget",
          "nc",
          "httpd",
          "true",
          "false",
          "env",
          "id",
          "ps",
          "ls",
          "hostname",
          "kill",
          "printf",
          "touch",
          "dd",
          "mount",
          "grep",
          "head",
          "seq",
          "df",
          "ulimit",
          "ip",
          "nslookup",
          "stat",
          "yes",
          "tail");

  /** The engine that tests use: Docker's, unless {@code DOCKER_HOST} names another. */
  static final URI ENGINE =
      Optional.ofNullable(System.getenv("DOCKER_HOST"))
          .map(URI::create)
          .orElse(NodeConfig.DOCKER_SOCKET);

  private TestImages() {}

  /** Loads it unless it is there. */
  public static String busybox(DockerEngine docker) throws IOException {
    try {
      docker.call("inspect", DockerEngine.LOOK, d -> d.inspectImageCmd(BUSYBOX).exec());
    } catch (NotFoundException e) {
      byte[] tar = tar();
      docker.importImage(BUSYBOX, tar);
    }
    return BUSYBOX;
  }

  /** An empty image that says it is of another processor. */
  public static void foreign(DockerEngine docker, String name, String architecture) {
    byte[] layer = new byte[1024];
    String digest;
    try {
      digest = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(layer));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
    String config =
        "{\"architecture\":\"%s\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:%s\"]}}"
            .formatted(architecture, digest);
    String manifest =
        "[{\"Config\":\"config.json\",\"RepoTags\":[\"%s\"],\"Layers\":[\"layer.tar\"]}]"
            .formatted(name);
    Tar tar = new Tar();
    tar.file("layer.tar", "0000644", layer);
    tar.file("config.json", "0000644", config.getBytes(StandardCharsets.UTF_8));
    tar.file("manifest.json", "0000644", manifest.getBytes(StandardCharsets.UTF_8));
    docker.loadImages(tar.bytes());
  }

  private static byte[] tar() throws IOException {
    Tar tar = new Tar();
    tar.folder("bin/", "0000755");
    tar.folder("tmp/", "0001777");
    tar.folder("etc/", "0000755");
    byte[] passwd =
        "root:x:0:0:root:/:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n".getBytes(StandardCharsets.UTF_8);
    tar.file("etc/passwd", "0000644", passwd);
    byte[] group = "root:x:0:\nuser:x:1000:\n".getBytes(StandardCharsets.UTF_8);
    tar.file("etc/group", "0000644", group);
    tar.file("bin/busybox", "0000755", Files.readAllBytes(Path.of("/usr/bin/busybox")));
    for (String each : TOOLS) {
      tar.link("bin/" + each, "busybox");
    }
    return tar.bytes();
  }
}
