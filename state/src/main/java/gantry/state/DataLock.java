package gantry.state;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a second program out of a data directory. The system gives the lock back when the process
 * ends, however it ends.
 *
 * <p>Who holds it stands in a second file: on POSIX systems a process loses its locks on a file as
 * soon as it closes <em>any</em> descriptor of that file, so nobody may open the lock file to look.
 */
public final class DataLock implements AutoCloseable {

  /** Directories that this process has locked, for the same reason. */
  private static final Set<Path> HELD = new HashSet<>();

  private final Path directory;
  private final FileChannel channel;

  private DataLock(Path directory, FileChannel channel) {
    this.directory = directory;
    this.channel = channel;
  }

  /**
   * Creates the directory if need be and locks it.
   *
   * @throws InUse when another process, or this one, has it
   */
  public static DataLock take(Path directory) {
    try {
      Files.createDirectories(directory);
      Path real = directory.toRealPath();
      synchronized (HELD) {
        if (!HELD.add(real)) {
          throw new InUse(directory, ProcessHandle.current().pid());
        }
      }
      FileChannel channel = null;
      FileLock lock = null;
      try {
        channel =
            FileChannel.open(
                real.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        lock = channel.tryLock();
        if (lock == null) {
          throw new InUse(directory, holder(real));
        }
        Files.writeString(real.resolve("pid"), Long.toString(ProcessHandle.current().pid()));
        return new DataLock(real, channel);
      } catch (IOException | RuntimeException e) {
        if (channel != null) {
          channel.close();
        }
        synchronized (HELD) {
          HELD.remove(real);
        }
        throw e;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          "the data directory " + directory + " cannot be used: " + e.getMessage(), e);
    }
  }

  private static @Nullable Long holder(Path directory) {
    try {
      return Long.valueOf(Files.readString(directory.resolve("pid")).strip());
    } catch (IOException | NumberFormatException e) {
      return null; // it has not written it yet; the message does without
    }
  }

  @Override
  public void close() {
    try {
      Files.deleteIfExists(directory.resolve("pid"));
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      synchronized (HELD) {
        HELD.remove(directory);
      }
    }
  }

  /** Somebody else works in the directory. */
  public static final class InUse extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final @Nullable Long pid;

    InUse(Path directory, @Nullable Long pid) {
      super(
          "the data directory "
              + directory
              + " is in use by "
              + (pid == null ? "another process" : "process " + pid)
              + "; stop that one or choose another directory");
      this.pid = pid;
    }

    public @Nullable Long pid() {
      return pid;
    }
  }
}
