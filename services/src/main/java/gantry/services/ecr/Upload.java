package gantry.services.ecr;

import gantry.services.ecr.BlobStore.StorageFailed;
import gantry.services.ecr.Digest.Algorithm;
import gantry.state.Scope;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One upload. Its methods are called while {@link #tryLock} is held, and whoever has got the lock
 * asks {@link #hasEnded} first: another may have ended it just before.
 */
final class Upload {

  /** Of files in a session's folder: whose it is, and what has arrived. */
  static final String SESSION = "session";

  static final String DATA = "data";

  /** AWS's limit of a layer: 52,000 MiB. */
  static final long MAX_BYTES = 52_000L * 1024 * 1024;

  private final Uploads uploads;
  final String id;
  final Scope scope;
  final String repository;
  private final Path folder;
  private final ReentrantLock writing = new ReentrantLock();

  /** Of all bytes on disk so far; null until the first write after (re)opening. */
  private @Nullable MessageDigest sha256;

  private long lastPart = -1;
  private boolean smallPart;

  Upload(Uploads uploads, String id, Scope scope, String repository, Path folder) {
    this.uploads = uploads;
    this.id = id;
    this.scope = scope;
    this.repository = repository;
    this.folder = folder;
  }

  /** The body ended early; what had arrived is kept. */
  static final class BodyBroken extends IOException {
    private static final long serialVersionUID = 1L;

    BodyBroken(IOException cause) {
      super("the request body ended early", cause);
    }
  }

  /** False while another request writes to this upload. */
  boolean tryLock() {
    return writing.tryLock();
  }

  void unlock() {
    writing.unlock();
  }

  /** Notes a part of the API's upload; all but the last must have a least size. */
  void notePart(long bytes) {
    smallPart |= lastPart >= 0 && lastPart < LayerOperations.MIN_PART_BYTES;
    lastPart = bytes;
  }

  boolean hasSmallPart() {
    return smallPart;
  }

  boolean hasEnded() throws IOException {
    return offset() < 0;
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
      byte[] first = uploads.buffers.take();
      int read = readSome(body, first, limit);
      if (read == first.length) {
        return appendBehind(channel, hasher, body, first, begin, limit);
      }
      if (read > 0) {
        // A small one, or the last of it: not worth a thread.
        try {
          BlobStore.writeFully(channel, first, read);
        } catch (IOException e) {
          throw notWritten(e);
        }
        hasher.update(first, 0, read);
      }
      uploads.buffers.give(first);
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
    LayerWriter writer = new LayerWriter(channel, uploads.buffers);
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
    uploads.buffers.give(buffer);
    if (broken != null) {
      throw broken;
    }
    return end;
  }

  /** What is on disk is good as far as it goes; it is hashed again when the client resumes. */
  private StorageFailed notWritten(IOException e) {
    sha256 = null;
    return StorageFailed.of(e);
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
    } catch (IOException | UncheckedIOException e) {
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
          BlobStore.hash(reader, hasher);
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
        BlobStore.hash(channel, hasher);
      }
      sha256 = null;
      if (!HexFormat.of().formatHex(hasher.digest()).equals(expected.hex())) {
        cancel();
        return false;
      }
      channel.force(true);
    }
    uploads.blobs.adopt(data, expected);
    cancel();
    return true;
  }

  /** Ends the upload; its bytes are deleted. */
  void cancel() throws IOException {
    uploads.remove(id, folder);
  }

  private Path data() {
    return folder.resolve(DATA);
  }
}
