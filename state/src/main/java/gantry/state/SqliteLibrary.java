package gantry.state;

import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteJDBCLoader;
import org.sqlite.util.OSInfo;

/**
 * Puts SQLite's native library where it can be loaded from again. Left alone, the driver unpacks it
 * into the temporary directory at each start, which costs more than all the rest of opening.
 */
final class SqliteLibrary {

  private SqliteLibrary() {}

  /** Names the program's own folder for it, which every data directory of a machine shares. */
  static final String SHARED = "gantry.native";

  /** To be called before the driver is first used. */
  static synchronized void prepare(Path own) {
    if (System.getProperty("org.sqlite.lib.path") != null) {
      return;
    }
    String shared = System.getProperty(SHARED);
    // By what the system calls itself: the driver's own name for it costs it a `uname` process.
    String system = System.getProperty("os.name") + "-" + System.getProperty("os.arch");
    // The shared folder is made together with the jars. A data directory sees one version after the
    // other; which one this is, the driver has to look for in the jars.
    if (shared == null || !prepared(Path.of(shared).resolve("sqlite-" + system))) {
      prepared(own.resolve("sqlite-" + SQLiteJDBCLoader.getVersion() + "-" + system));
    }
  }

  private static boolean prepared(Path home) {
    String library = System.mapLibraryName("sqlitejdbc");
    Path file = home.resolve(library);
    try {
      if (!Files.exists(file)) {
        extract(library, home, file);
      }
      System.setProperty("org.sqlite.lib.path", home.toAbsolutePath().toString());
      System.setProperty("org.sqlite.lib.name", library);
      // It tidies up what other programs unpacked, so it would read all of /tmp.
      System.setProperty("org.sqlite.tmpdir", home.toAbsolutePath().toString());
      load(file);
      return true;
    } catch (IOException e) {
      Log.LOG.info("SQLite's library cannot be kept in {}: {}", home, e.toString());
      return false;
    }
  }

  /**
   * Loads it here and tells the driver so. Before it loads the very same file, the driver looks
   * through the jars for its own version, to tidy up what other versions left in the temporary
   * directory: 10 ms of CPU, for which everything that starts waits. A driver that cannot be told
   * does as it always did.
   */
  private static void load(Path file) {
    try {
      VarHandle loaded =
          MethodHandles.privateLookupIn(SQLiteJDBCLoader.class, MethodHandles.lookup())
              .findStaticVarHandle(SQLiteJDBCLoader.class, "extracted", boolean.class);
      System.load(file.toAbsolutePath().toString());
      loaded.set(true);
    } catch (ReflectiveOperationException | UnsatisfiedLinkError e) {
      Log.LOG.debug("SQLite's driver loads its library itself: {}", e.toString());
    }
  }

  private static void extract(String library, Path directory, Path file) throws IOException {
    String resource = "/org/sqlite/native/" + folder() + "/" + library;
    Files.createDirectories(directory);
    // Moved into place as a whole: a half-written library would be loaded by the next start.
    Path part = Files.createTempFile(directory, "library", ".part");
    try (InputStream in = SqliteLog.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IOException("the driver has no library for this system: " + resource);
      }
      Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  /**
   * On Linux without asking `uname` in a process of its own, which is how the driver tells Android.
   */
  private static String folder() {
    return "Linux".equals(System.getProperty("os.name"))
        ? (OSInfo.isMusl() ? "Linux-Musl/" : "Linux/") + OSInfo.getArchName()
        : OSInfo.getNativeLibFolderPathForCurrentOS();
  }

  /** Logging begins with the first line that there is to log. */
  private static final class Log {
    static final Logger LOG = LoggerFactory.getLogger(SqliteLibrary.class);
  }
}
