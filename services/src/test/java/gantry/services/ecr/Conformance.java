package gantry.services.ecr;

import static gantry.services.ecr.World.text;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Random;
import org.junit.jupiter.api.BeforeEach;

/** A registry for the tests of what the OCI distribution specification asks of one. */
abstract class Conformance extends OpenRegistry {

  static final String REPO = "conformance/test";
  static final String BLOBS = "/v2/" + REPO + "/blobs/";
  static final String UPLOADS = BLOBS + "uploads/";
  static final String MANIFESTS = "/v2/" + REPO + "/manifests/";
  static final String MISSING = "sha256:" + "0".repeat(64);
  static final byte[] EMPTY = new byte[0];

  @BeforeEach
  void start() {
    world.repository(REPO).repository("conformance/other");
  }

  static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  static byte[] random(int length, int seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }
}
