package gantry.node;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The secret keys that containers name themselves with at the task endpoint. They are computed from
 * a secret of the node, so that a container that outlives the program still has the right one.
 */
final class EndpointKeys {

  private final byte[] secret;

  EndpointKeys(byte[] secret) {
    this.secret = secret.clone();
  }

  /** With the secret that is kept in this directory; makes one at first. */
  static EndpointKeys in(Path state) {
    Path file = state.resolve("endpoint.key");
    try {
      return new EndpointKeys(Files.readAllBytes(file));
    } catch (NoSuchFileException e) {
      byte[] fresh = new byte[32];
      new SecureRandom().nextBytes(fresh);
      try {
        Files.createDirectories(state);
        Path made = Files.createTempFile(state, "endpoint", ".key");
        Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rw-------"));
        Files.write(made, fresh);
        Files.move(made, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException failed) {
        throw new UncheckedIOException(failed);
      }
      return new EndpointKeys(fresh);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String ofContainer(String taskArn, String container) {
    return key("container " + taskArn + " " + container);
  }

  /** In the shape of a UUID, as AWS's are. */
  String ofCredentials(String taskArn) {
    String hex = key("credentials " + taskArn);
    return hex.substring(0, 8)
        + "-"
        + hex.substring(8, 12)
        + "-"
        + hex.substring(12, 16)
        + "-"
        + hex.substring(16, 20)
        + "-"
        + hex.substring(20, 32);
  }

  private String key(String of) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret, "HmacSHA256"));
      return HexFormat.of().formatHex(mac.doFinal(of.getBytes(StandardCharsets.UTF_8)), 0, 16);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has HmacSHA256", e);
    }
  }
}
