package gantry.node;

import com.github.dockerjava.api.exception.NotFoundException;
import gantry.node.docker.DockerEngine;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
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
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    entry(tar, "layer.tar", '0', "", layer, "0000644");
    entry(tar, "config.json", '0', "", config.getBytes(StandardCharsets.UTF_8), "0000644");
    entry(tar, "manifest.json", '0', "", manifest.getBytes(StandardCharsets.UTF_8), "0000644");
    tar.writeBytes(new byte[1024]);
    docker.loadImages(tar.toByteArray());
  }

  private static byte[] tar() throws IOException {
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    entry(tar, "bin/", '5', "", new byte[0], "0000755");
    entry(tar, "tmp/", '5', "", new byte[0], "0001777");
    entry(tar, "etc/", '5', "", new byte[0], "0000755");
    byte[] passwd =
        "root:x:0:0:root:/:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n".getBytes(StandardCharsets.UTF_8);
    entry(tar, "etc/passwd", '0', "", passwd, "0000644");
    byte[] group = "root:x:0:\nuser:x:1000:\n".getBytes(StandardCharsets.UTF_8);
    entry(tar, "etc/group", '0', "", group, "0000644");
    entry(tar, "bin/busybox", '0', "", Files.readAllBytes(Path.of("/usr/bin/busybox")), "0000755");
    for (String each : TOOLS) {
      entry(tar, "bin/" + each, '2', "busybox", new byte[0], "0000777");
    }
    tar.writeBytes(new byte[1024]);
    return tar.toByteArray();
  }

  private static void entry(
      ByteArrayOutputStream tar, String name, char type, String link, byte[] content, String mode) {
    ByteBuffer header = ByteBuffer.allocate(512);
    put(header, 0, name);
    put(header, 100, mode);
    put(header, 108, "0000000");
    put(header, 116, "0000000");
    put(header, 124, String.format(Locale.ROOT, "%011o", content.length));
    put(header, 136, "00000000000");
    put(header, 148, "        ");
    header.put(156, (byte) type);
    put(header, 157, link);
    put(header, 257, "ustar");
    put(header, 263, "00");
    int sum = 0;
    for (byte each : header.array()) {
      sum += each & 0xff;
    }
    put(header, 148, String.format(Locale.ROOT, "%06o", sum) + "\0 ");
    tar.writeBytes(header.array());
    tar.writeBytes(content);
    tar.writeBytes(new byte[(512 - content.length % 512) % 512]);
  }

  private static void put(ByteBuffer header, int at, String text) {
    header.put(at, text.getBytes(StandardCharsets.US_ASCII));
  }
}
