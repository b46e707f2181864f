package gantry.services.ecr;

import gantry.services.ecr.Digest.Algorithm;
import gantry.state.Scope;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
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
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

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
  private final Path uploads;
  private final Clock clock;
  private final Buffers buffers = new Buffers(BUFFER_BYTES);
  private final ConcurrentHashMap<String, Upload> open = new ConcurrentHashMap<>();
  private final ReentrantLock[] stripes = new ReentrantLock[STRIPES];

  BlobStore(Path folder, Clock clock) {
    this.blobs = folder.resolve("blobs");
    this.uploads = folder.resolve("uploads");
    this.clock = clock;
    for (int i = 0; i < STRIPES; i++) {
      stripes[i] = new ReentrantLock();
    }
    try {
      Files.createDirectories(blobs);
      Files.createDirectories(uploads);
      removeHalfWritten();
    } catch (IOException e) {
      throw new UncheckedIOException("the folder of the image layers cannot be made", e);
    }
  }

  /** What a crash left of small blobs: nobody goes on with them. */
  private void removeHalfWritten() throws IOException {
    try (DirectoryStream<Path> left = Files.newDirectoryStream(uploads, "*" + SMALL)) {
      for (Path file : left) {
        Files.deleteIfExists(file);
      }
    }
  }

  /** The disk has no room or does not take writes: told to the client as such. */
  static final class StorageFailed extends IOException {
    private static final long serialVersionUID = 1L;

    StorageFailed(String message, IOException cause) {
      super(message, cause);
    }
  }

  /** The body ended early; what had arrived is kept. */
  static final class BodyBroken extends IOException {
    private static final long serialVersionUID = 1L;

    BodyBroken(IOException cause) {
      super("the request body ended early", cause);
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
      Path temporary = uploads.resolve(temporaryName + SMALL);
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
        throw storageFailed(e);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Every blob on disk: for collection and for tests. */
  List<Digest> all() throws IOException {
    List<Digest> found = new ArrayList<>();
    for (Algorithm algorithm : Algorithm.values()) {
      Path folder = blobs.resolve(algorithm.text());
      if (!Files.isDirectory(folder)) {
        continue;
      }
      try (DirectoryStream<Path> fans = Files.newDirectoryStream(folder)) {
        for (Path fan : fans) {
          try (DirectoryStream<Path> files = Files.newDirectoryStream(fan)) {
            for (Path file : files) {
              found.add(Digest.of(algorithm.text() + ":" + file.getFileName()));
            }
          }
        }
      }
    }
    return found;
  }

  /** Reads a blob through and says whether it still has its digest. */
  boolean isIntact(Digest digest) throws IOException {
    MessageDigest hasher = digest.algorithm().hasher();
    try (FileChannel channel = open(digest)) {
      hash(channel, hasher);
    }
    return HexFormat.of().formatHex(hasher.digest()).equals(digest.hex());
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

  // ---- uploads

  /** Begins an upload session for a repository. */
  Upload begin(String id, Scope scope, String repository) throws IOException {
    Path folder = uploads.resolve(id);
    try {
      Files.createDirectory(folder);
      Files.writeString(
          folder.resolve("session"),
          scope.account() + "\n" + scope.region() + "\n" + repository + "\n",
          StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw storageFailed(e);
    }
    Upload upload = new Upload(id, scope, repository, folder);
    open.put(id, upload);
    return upload;
  }

  /** The session of that id, if it is that repository's; also one from before a restart. */
  @Nullable Upload find(String id, Scope scope, String repository) throws IOException {
    if (!isUploadId(id)) {
      return null;
    }
    Upload upload = open.get(id);
    if (upload == null) {
      upload = open.computeIfAbsent(id, this::reopen);
    }
    return upload != null && upload.scope.equals(scope) && upload.repository.equals(repository)
        ? upload
        : null;
  }

  private @Nullable Upload reopen(String id) {
    Path folder = uploads.resolve(id);
    try {
      List<String> lines = Files.readAllLines(folder.resolve("session"), StandardCharsets.UTF_8);
      // Fewer lines: the crash came while the session was being written, and no client knows it.
      return lines.size() < 3
          ? null
          : new Upload(id, new Scope(lines.get(0), lines.get(1)), lines.get(2), folder);
    } catch (NoSuchFileException e) {
      return null;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ids are UUIDs of ours; anything else would be a path. */
  private static boolean isUploadId(String id) {
    return id.length() == 36
        && id.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-');
  }

  /** Cancels the uploads that nobody has written to for {@code idle}; returns how many. */
  int removeAbandoned(Duration idle) throws IOException {
    int removed = 0;
    Instant limit = clock.instant().minus(idle);
    try (DirectoryStream<Path> sessions = Files.newDirectoryStream(uploads)) {
      for (Path session : sessions) {
        String name = session.getFileName().toString();
        if (name.endsWith(SMALL)) {
          continue; // being written, or left by a disk that failed: gone with the next start
        }
        Upload upload = open.get(name);
        if (upload != null && upload.busy()) {
          continue;
        }
        Path data = session.resolve("data");
        Instant touched =
            Files.getLastModifiedTime(Files.exists(data) ? data : session).toInstant();
        if (touched.isBefore(limit)) {
          deleteSession(session);
          open.remove(name);
          removed++;
        }
      }
    }
    return removed;
  }

  /** How many uploads are under way: for tests and status. */
  int uploadsUnderWay() throws IOException {
    int count = 0;
    try (DirectoryStream<Path> sessions = Files.newDirectoryStream(uploads)) {
      for (Path session : sessions) {
        if (Files.isDirectory(session)) {
          count++;
        }
      }
    }
    return count;
  }

  /** One upload. Its methods are called while {@link #tryLock} is held. */
  final class Upload {

    final String id;
    final Scope scope;
    final String repository;
    private final Path folder;
    private final ReentrantLock writing = new ReentrantLock();

    /** Of all bytes on disk so far; null until the first write after (re)opening. */
    private @Nullable MessageDigest sha256;

    private long lastPart = -1;
    private boolean smallPart;

    Upload(String id, Scope scope, String repository, Path folder) {
      this.id = id;
      this.scope = scope;
      this.repository = repository;
      this.folder = folder;
    }

    /** False while another request writes to this upload. */
    boolean tryLock() {
      return writing.tryLock();
    }

    void unlock() {
      writing.unlock();
    }

    private boolean busy() {
      return writing.isLocked();
    }

    /** Notes a part of the API's upload; all but the last must have a least size. */
    void notePart(long bytes) {
      smallPart |= lastPart >= 0 && lastPart < LayerOperations.MIN_PART_BYTES;
      lastPart = bytes;
    }

    boolean hasSmallPart() {
      return smallPart;
    }

    /** How many bytes have arrived; -1 when the upload has ended meanwhile. */
    long offset() throws IOException {
      try {
        return Files.size(data());
      } catch (NoSuchFileException e) {
        return Files.exists(folder) ? 0 : -1;
      }
    }

    /**
     * Appends the body as it comes. When the body breaks off, what came is kept for a resumption;
     * {@code limit} is how many bytes may come at most, and what is beyond is not read.
     *
     * @return how many bytes there are now
     */
    long append(InputStream body, long limit) throws IOException {
      try (FileChannel channel =
          FileChannel.open(data(), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        MessageDigest hasher = hasher(channel);
        long begin = channel.size();
        channel.position(begin);
        byte[] first = buffers.take();
        int read = readSome(body, first, limit);
        if (read == first.length) {
          return appendBehind(channel, hasher, body, first, begin, limit);
        }
        if (read > 0) {
          // A small one, or the last of it: not worth a thread.
          try {
            writeFully(channel, first, read);
          } catch (IOException e) {
            throw notWritten(e);
          }
          hasher.update(first, 0, read);
        }
        buffers.give(first);
        return begin + Math.max(0, read);
      }
    }

    /** The long way: pieces are written while the next come and are hashed. */
    private long appendBehind(
        FileChannel channel,
        MessageDigest hasher,
        InputStream body,
        byte[] first,
        long begin,
        long limit)
        throws IOException {
      LayerWriter writer = new LayerWriter(channel, buffers);
      long end = begin;
      IOException broken = null;
      IOException unwritten = null;
      byte[] buffer = first;
      try {
        int read = first.length;
        while (read > 0) {
          hasher.update(buffer, 0, read);
          writer.write(buffer, read);
          end += read;
          buffer = writer.buffer();
          read = end - begin < limit ? readSome(body, buffer, limit - (end - begin)) : -1;
        }
      } catch (BodyBroken e) {
        broken = e;
      } catch (IOException e) {
        unwritten = e;
      }
      try {
        writer.finish();
      } catch (IOException e) {
        unwritten = e;
      }
      if (unwritten != null) {
        throw notWritten(unwritten);
      }
      buffers.give(buffer);
      if (broken != null) {
        throw broken;
      }
      return end;
    }

    /** What is on disk is good as far as it goes; it is hashed again when the client resumes. */
    private StorageFailed notWritten(IOException e) {
      sha256 = null;
      return storageFailed(e);
    }

    /** Fills the buffer as far as the socket has something: fewer, larger writes. */
    private int readSome(InputStream body, byte[] buffer, long limit) throws IOException {
      int want = (int) Math.min(buffer.length, limit);
      int filled = 0;
      try {
        while (filled < want) {
          int read = body.read(buffer, filled, want - filled);
          if (read < 0) {
            return filled > 0 ? filled : -1;
          }
          filled += read;
        }
        return filled;
      } catch (IOException | UncheckedIOException | IllegalStateException e) {
        if (filled > 0) {
          // What came before the break is good; the next read reports it again.
          return filled;
        }
        throw new BodyBroken(e instanceof IOException io ? io : new IOException(e));
      }
    }

    private MessageDigest hasher(FileChannel channel) throws IOException {
      MessageDigest hasher = sha256;
      if (hasher == null) {
        hasher = Algorithm.SHA256.hasher();
        if (channel.size() > 0) {
          try (FileChannel reader = FileChannel.open(data(), StandardOpenOption.READ)) {
            hash(reader, hasher);
          }
        }
        sha256 = hasher;
      }
      return hasher;
    }

    /**
     * Ends the upload as the blob {@code expected}: durable when this returns. Returns false, and
     * throws the bytes away, when they have another digest.
     */
    boolean finish(Digest expected) throws IOException {
      Path data = data();
      if (!Files.exists(data)) {
        Files.createFile(data);
      }
      try (FileChannel channel =
          FileChannel.open(data, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        MessageDigest hasher;
        if (expected.algorithm() == Algorithm.SHA256) {
          hasher = hasher(channel);
        } else {
          hasher = expected.algorithm().hasher();
          channel.position(0);
          hash(channel, hasher);
        }
        sha256 = null;
        if (!HexFormat.of().formatHex(hasher.digest()).equals(expected.hex())) {
          cancel();
          return false;
        }
        channel.force(true);
      }
      ReentrantLock lock = lock(expected);
      lock.lock();
      try {
        if (!touchIfThere(expected)) {
          moveIn(data, expected);
        }
      } catch (IOException e) {
        throw storageFailed(e);
      } finally {
        lock.unlock();
      }
      cancel();
      return true;
    }

    /** Ends the upload; its bytes are deleted. */
    void cancel() throws IOException {
      open.remove(id);
      deleteSession(folder);
    }

    private Path data() {
      return folder.resolve("data");
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
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(folder);
      Path parent = folder.getParent();
      if (parent != null) {
        force(parent);
      }
    }
    Files.setLastModifiedTime(temporary, FileTime.from(clock.instant()));
    Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    force(folder);
  }

  /** Makes the names in a folder durable. */
  private static void force(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static void deleteSession(Path folder) throws IOException {
    Files.deleteIfExists(folder.resolve("data"));
    Files.deleteIfExists(folder.resolve("session"));
    Files.deleteIfExists(folder);
  }

  private static void hash(FileChannel channel, MessageDigest hasher) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    while (channel.read(buffer.clear()) >= 0) {
      hasher.update(buffer.flip());
    }
  }

  private static void writeFully(FileChannel channel, byte[] bytes, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes, 0, length);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  private static StorageFailed storageFailed(IOException e) {
    return e instanceof StorageFailed failed
        ? failed
        : new StorageFailed("the registry's disk does not take writes: " + e.getMessage(), e);
  }
}
