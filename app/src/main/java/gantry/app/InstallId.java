package gantry.app;

import gantry.state.Ids;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Names an installation: everything that it makes on the machine carries it, so two never touch
 * each other's.
 */
final class InstallId {

  static final String FILE = "install";

  private InstallId() {}

  /** The one that works in that directory, or did; null when none has. */
  static @Nullable String in(Path data) {
    try {
      return Files.readString(data.resolve(FILE)).strip();
    } catch (NoSuchFileException none) {
      return null;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String of(@Nullable Path data, Ids ids) {
    if (data == null) {
      return ids.hex(8);
    }
    String known = in(data);
    if (known != null) {
      return known;
    }
    try {
      Files.createDirectories(data);
      String made = ids.hex(8);
      Files.writeString(data.resolve(FILE), made + "\n");
      return made;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
