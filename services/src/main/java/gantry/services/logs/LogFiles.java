package gantry.services.logs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** The log groups' folders; each is opened when it is first asked for. */
final class LogFiles implements AutoCloseable {

  private final Path root;
  private final int sealBytes;
  private final Map<String, GroupLog> open = new HashMap<>();

  LogFiles(Path root) {
    this(root, GroupLog.SEAL_BYTES);
  }

  LogFiles(Path root, int sealBytes) {
    this.root = root;
    this.sealBytes = sealBytes;
  }

  synchronized GroupLog group(String id) {
    GroupLog log = open.get(id);
    if (log == null) {
      try {
        Files.createDirectories(root);
        log = GroupLog.open(root.resolve(id), sealBytes);
      } catch (IOException e) {
        throw new UncheckedIOException("log events of " + id + " cannot be read", e);
      }
      open.put(id, log);
    }
    return log;
  }

  /** Whether a group has ever had events. */
  boolean exists(String id) {
    return Files.isDirectory(root.resolve(id));
  }

  synchronized void delete(String id) {
    GroupLog log = open.remove(id);
    try {
      if (log != null) {
        log.close();
      }
      Durable.deleteFolder(root.resolve(id));
    } catch (IOException e) {
      throw new UncheckedIOException("log events of " + id + " cannot be deleted", e);
    }
  }

  /** The folders that belong to none of {@code groups}: deleted ones, when a crash came between. */
  List<String> strangers(Set<String> groups) {
    if (!Files.isDirectory(root)) {
      return List.of();
    }
    try (Stream<Path> folders = Files.list(root)) {
      return folders
          .map(folder -> folder.getFileName().toString())
          .filter(name -> !groups.contains(name))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public synchronized void close() {
    for (GroupLog log : open.values()) {
      try {
        log.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    open.clear();
  }
}
