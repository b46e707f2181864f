package gantry.app;

import gantry.state.Ids;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Names an installation: everything that it makes on the machine carries it, so two never touch each other's. */
final class InstallId {

  static final String FILE = "install";

  private InstallId() {}

  static String of(@Nullable Path data, Ids ids) {
    if (data == null) {
      return ids.hex(8);
    }
    Path file = data.resolve(FILE);
    try {
      if (Files.exists(file)) {
        return Files.readString(file).strip();
      }
      Files.createDirectories(data);
      String made = ids.hex(8);
      Files.writeString(file, made + "\n");
      return made;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
