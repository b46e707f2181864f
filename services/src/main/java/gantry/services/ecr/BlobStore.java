package gantry.services.ecr;

import gantry.services.ecr.Digest.Algorithm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Layers, configurations and manifests on disk, each stored once under its digest, whatever
 * repositories hold it.
 *
 * <pre>
 * blobs/sha256/ab/ab12…      whole, checked, never written again
 * uploads/UUID/session       whose upload it is (account, region, repository)
 * uploads/UUID/data          what has arrived so far
 * </pre>
 *
 * <p>It guarantees: a file under {@code blobs} is whole and has the digest it is named by, also
 * after a crash at any moment (written aside, forced to disk, renamed, the folder forced); an
 * upload goes on where it stopped, also after a restart (its bytes are hashed again then); and
 * memory does not grow with the size of what passes through.
 *
 * <p>Which blobs are still needed is the tables' business: {@link #removeUnless} deletes only what
 * the caller says nobody names and what is older than the grace, because a blob is on disk a moment
 * before the row that names it is durable.
 */
final class BlobStore {

  /** What one read from the socket may take; also all that an upload holds in memory. */
  static final int BUFFER_BYTES = 256 * 1024;

  /**
   * Locks over digests: a blob being finished and the same blob being collected exclude another.
   */
  private static final int STRIPES = 64;

  /** How files of small blobs are named while they are written. */
  private static final String SMALL = ".small";

  private final Path blobs;
  private final Path halfWritten;
  private final Uploads uploads;
  private final Clock clock;

  /** Folders of blobs whose own names are durable, as far as this run of the program knows. */
  private final Set<Path> durable = ConcurrentHashMap.newKeySet();

  private final ReentrantLock[] stripes = new ReentrantLock[STRIPES];

  BlobStore(Path folder, Clock clock) {
    this.blobs = folder.resolve("blobs");
    this.halfWritten = folder.resolve("uploads");
    this.clock = clock;
    for (int i = 0; i < STRIPES; i++) {
      stripes[i] = new ReentrantLock();
    }
    try {
      Files.createDirectories(blobs);
      Files.createDirectories(halfWritten);
      force(folder);
      recallFolders();
      removeHalfWritten();
    } catch (IOException e) {
      throw new UncheckedIOException("the folder of the image layers cannot be made", e);
    }
    this.uploads = new Uploads(halfWritten, clock, this);
  }

  /** What is still on its way here. */
  Uploads uploads() {
    return uploads;
  }

  /** What a crash left of small blobs: nobody goes on with them. */
  private void removeHalfWritten() throws IOException {
    try (DirectoryStream<Path> left = Files.newDirectoryStream(halfWritten, "*" + SMALL)) {
      for (Path file : left) {
        Files.deleteIfExists(file);
      }
    }
  }

  /** The disk has no room or does not take writes: told to the client as such. */
  static final class StorageFailed extends IOException {
    private static final long serialVersionUID = 1L;

    private StorageFailed(IOException cause) {
      super("the registry's disk does not take writes: " + cause.getMessage(), cause);
    }

    static StorageFailed of(IOException e) {
      return e instanceof StorageFailed failed ? failed : new StorageFailed(e);
    }
  }

  // ---- blobs

  /** The size, or -1 when there is no such blob. */
  long size(Digest digest) {
    try {
      return Files.size(path(digest));
    } catch (NoSuchFileException e) {
      return -1;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Open for reading; it can be read to its end even if it is collected meanwhile. */
  FileChannel open(Digest digest) throws IOException {
    return FileChannel.open(path(digest), StandardOpenOption.READ);
  }

  /** A small blob, such as a manifest or an image configuration. */
  byte[] readSmall(Digest digest, int limit) throws IOException {
    try (FileChannel channel = open(digest)) {
      long size = channel.size();
      if (size > limit) {
        throw new IOException(
            digest + " has " + size + " bytes, more than the " + limit + " meant for it");
      }
      ByteBuffer buffer = ByteBuffer.allocate((int) size);
      while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
        // The next piece.
      }
      return buffer.array();
    }
  }

  /** Stores something small that is in memory already, such as a manifest. */
  void putSmall(Digest digest, byte[] content, String temporaryName) throws IOException {
    ReentrantLock lock = lock(digest);
    lock.lock();
    try {
      if (touchIfThere(digest)) {
        return;
      }
      Path temporary = halfWritten.resolve(temporaryName + SMALL);
      try {
        try (FileChannel channel =
            FileChannel.open(
                temporary,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
          writeFully(channel, content, content.length);
          channel.force(true);
        }
        moveIn(temporary, digest);
      } catch (IOException e) {
        Files.deleteIfExists(temporary);
        throw StorageFailed.of(e);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes in a whole, checked and forced file as the blob {@code digest}, unless it is here
   * already. Durable when this returns.
   */
  void adopt(Path whole, Digest digest) throws IOException {
    ReentrantLock lock = lock(digest);
    lock.lock();
    try {
      if (!touchIfThere(digest)) {
        moveIn(whole, digest);
      }
    } catch (IOException e) {
      throw StorageFailed.of(e);
    } finally {
      lock.unlock();
    }
  }

  /** What is done with each blob on disk. */
  @FunctionalInterface
  interface Visitor {
    void visit(Digest digest) throws IOException;
  }

  /** Goes through every blob on disk, one after the other: there may be very many. */
  void visit(Visitor visitor) throws IOException {
    for (Algorithm algorithm : Algorithm.values()) {
      Path folder = blobs.resolve(algorithm.text());
      if (!Files.isDirectory(folder)) {
        continue;
      }
      try (DirectoryStream<Path> fans = Files.newDirectoryStream(folder, Files::isDirectory)) {
        for (Path fan : fans) {
          try (DirectoryStream<Path> files = Files.newDirectoryStream(fan)) {
            for (Path file : files) {
              Digest digest = Digest.parse(algorithm.text() + ":" + file.getFileName());
              if (digest != null) { // else it is not ours
                visitor.visit(digest);
              }
            }
          }
        }
      }
    }
  }

  /** Whether anybody still names a blob. */
  @FunctionalInterface
  interface Needed {
    boolean isNeeded(Digest digest);
  }

  /** Deletes the blob unless it is needed or younger than {@code grace}; says whether it did. */
  boolean removeUnless(Needed needed, Digest digest, Duration grace) throws IOException {
    ReentrantLock lock = lock(digest);
    lock.lock();
    try {
      Path path = path(digest);
      Instant touched;
      try {
        touched = Files.getLastModifiedTime(path).toInstant();
      } catch (NoSuchFileException e) {
        return false;
      }
      if (touched.plus(grace).isAfter(clock.instant()) || needed.isNeeded(digest)) {
        return false;
      }
      return Files.deleteIfExists(path);
    } finally {
      lock.unlock();
    }
  }

  // ---- files

  private Path path(Digest digest) {
    return blobs
        .resolve(digest.algorithm().text())
        .resolve(digest.hex().substring(0, 2))
        .resolve(digest.hex());
  }

  private ReentrantLock lock(Digest digest) {
    return stripes[Math.floorMod(digest.hashCode(), STRIPES)];
  }

  /** A blob that is there already counts as new again: whoever sent it is about to name it. */
  private boolean touchIfThere(Digest digest) throws IOException {
    try {
      Files.setLastModifiedTime(path(digest), FileTime.from(clock.instant()));
      return true;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private void moveIn(Path temporary, Digest digest) throws IOException {
    Path target = path(digest);
    Path folder = target.getParent();
    if (folder == null) {
      throw new IllegalStateException("a blob has a folder");
    }
    makeDurable(folder);
    Files.setLastModifiedTime(temporary, FileTime.from(clock.instant()));
    Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    force(folder);
  }

  /**
   * A blob whose folder is lost is lost too. Whoever finds the folder there does it as well: who
   * made it may not be done yet.
   */
  private void makeDurable(Path folder) throws IOException {
    Path parent = folder.getParent();
    if (parent == null || folder.equals(blobs) || durable.contains(folder)) {
      return;
    }
    makeDurable(parent);
    Files.createDirectories(folder);
    force(parent);
    durable.add(folder);
  }

  /** The folders from before are durable after this, whatever a crash left undone. */
  private void recallFolders() throws IOException {
    force(blobs);
    for (Algorithm algorithm : Algorithm.values()) {
      Path folder = blobs.resolve(algorithm.text());
      if (Files.isDirectory(folder)) {
        force(folder);
        durable.add(folder);
        try (DirectoryStream<Path> fans = Files.newDirectoryStream(folder, Files::isDirectory)) {
          fans.forEach(durable::add);
        }
      }
    }
  }

  /** Makes the names in a folder durable. */
  private static void force(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  static void hash(FileChannel channel, MessageDigest hasher) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    while (channel.read(buffer.clear()) >= 0) {
      hasher.update(buffer.flip());
    }
  }

  static void writeFully(FileChannel channel, byte[] bytes, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes, 0, length);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }
}
