package gantry.services.ecr;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A test with an open, empty registry of its own. */
abstract class OpenRegistry {

  @TempDir Path folder;
  World world;

  @BeforeEach
  void openWorld() throws IOException {
    world = new World(folder);
  }

  @AfterEach
  void closeWorld() {
    world.close();
  }
}
