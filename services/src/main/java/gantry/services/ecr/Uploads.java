package gantry.services.ecr;

import gantry.services.ecr.BlobStore.StorageFailed;
import gantry.state.Scope;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The sessions of layers that are being uploaded: begun, found again (also after a restart), ended,
 * and cancelled when nobody goes on with them.
 */
final class Uploads {

  private final Path folder;
  private final Clock clock;
  final BlobStore blobs;
  final Buffers buffers = new Buffers(BlobStore.BUFFER_BYTES);
  private final ConcurrentHashMap<String, Upload> open = new ConcurrentHashMap<>();

  Uploads(Path folder, Clock clock, BlobStore blobs) {
    this.folder = folder;
    this.clock = clock;
    this.blobs = blobs;
  }

  /** Begins an upload session for a repository. */
  Upload begin(String id, Scope scope, String repository) throws IOException {
    Path session = folder.resolve(id);
    try {
      Files.createDirectory(session);
      Files.writeString(
          session.resolve(Upload.SESSION),
          scope.account() + "\n" + scope.region() + "\n" + repository + "\n",
          StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw StorageFailed.of(e);
    }
    Upload upload = new Upload(this, id, scope, repository, session);
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
    Path session = folder.resolve(id);
    try {
      List<String> lines =
          Files.readAllLines(session.resolve(Upload.SESSION), StandardCharsets.UTF_8);
      // Fewer lines: the crash came while the session was being written, and no client knows it.
      return lines.size() < 3
          ? null
          : new Upload(this, id, new Scope(lines.get(0), lines.get(1)), lines.get(2), session);
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
    // Files beside them are small blobs that are being written, or not ours.
    try (DirectoryStream<Path> sessions = Files.newDirectoryStream(folder, Files::isDirectory)) {
      for (Path session : sessions) {
        if (isAbandoned(session, limit)
            && cancelAbandoned(session.getFileName().toString(), session, limit)) {
          removed++;
        }
      }
    }
    return removed;
  }

  private boolean cancelAbandoned(String id, Path session, Instant limit) throws IOException {
    Upload upload = open.computeIfAbsent(id, this::reopen);
    if (upload == null) {
      remove(id, session); // a crash came while it was begun
      return true;
    }
    if (!upload.tryLock()) {
      return false;
    }
    try {
      // Again: somebody may have gone on with it, or ended it, before the lock was ours.
      if (!isAbandoned(session, limit)) {
        return false;
      }
      upload.cancel();
      return true;
    } finally {
      upload.unlock();
    }
  }

  private static boolean isAbandoned(Path session, Instant limit) throws IOException {
    Path data = session.resolve(Upload.DATA);
    try {
      return Files.getLastModifiedTime(Files.exists(data) ? data : session)
          .toInstant()
          .isBefore(limit);
    } catch (NoSuchFileException e) {
      return false; // it ended meanwhile
    }
  }

  /**
   * Ends a session with what lies in its folder. It is forgotten last: who looks for it meanwhile
   * gets the same one, with its lock, and not a second one over the same files.
   */
  void remove(String id, Path session) throws IOException {
    Files.deleteIfExists(session.resolve(Upload.DATA));
    Files.deleteIfExists(session.resolve(Upload.SESSION));
    Files.deleteIfExists(session);
    open.remove(id);
  }
}
