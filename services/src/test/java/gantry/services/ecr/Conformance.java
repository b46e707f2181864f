package gantry.services.ecr;

import static gantry.services.ecr.World.text;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A registry for the tests of what the OCI distribution specification asks of one. */
abstract class Conformance {

  static final String REPO = "conformance/test";
  static final String BLOBS = "/v2/" + REPO + "/blobs/";
  static final String UPLOADS = BLOBS + "uploads/";
  static final String MANIFESTS = "/v2/" + REPO + "/manifests/";
  static final String MISSING = "sha256:" + "0".repeat(64);
  static final byte[] EMPTY = new byte[0];

  @TempDir Path folder;
  World world;

  @BeforeEach
  void start() throws IOException {
    world = new World(folder).repository(REPO).repository("conformance/other");
  }

  @AfterEach
  void stop() {
    world.close();
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
