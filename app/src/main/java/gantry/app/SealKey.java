package gantry.app;

import gantry.state.Ids;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;

/**
 * The key under which secrets are encrypted at rest. It stands in a file of its own that only the
 * owner can read, outside the database, so that a copy of the database tells nothing.
 */
final class SealKey {

  static final String FILE = "seal-key";

  private static final int BYTES = 32;

  private SealKey() {}

  /** The key of the data directory, made if there is none; a passing one without a directory. */
  static byte[] of(@Nullable Path data, Ids ids) {
    if (data == null) {
      return ids.bytes(BYTES);
    }
    Path file = data.resolve(FILE);
    try {
      if (Files.exists(file)) {
        byte[] key = Files.readAllBytes(file);
        if (key.length != BYTES) {
          throw new IllegalStateException(file + " is not a key; restore it from a copy");
        }
        return key;
      }
      Files.createDirectories(data);
      Path written = data.resolve(FILE + ".new");
      Files.deleteIfExists(written);
      Files.createFile(
          written,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      byte[] key = ids.bytes(BYTES);
      Files.write(written, key, StandardOpenOption.SYNC);
      Files.move(written, file, StandardCopyOption.ATOMIC_MOVE);
      return key;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
