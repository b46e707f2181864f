package gantry.services.ecr;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/** What lies in a registry's folder. */
final class Disk {

  private Disk() {}

  static List<Digest> blobs(BlobStore store) throws IOException {
    List<Digest> all = new ArrayList<>();
    store.visit(all::add);
    return all;
  }

  /** Reads a blob through and says whether it has its digest. */
  static boolean isIntact(BlobStore store, Digest digest) throws IOException {
    MessageDigest hasher = digest.algorithm().hasher();
    ByteBuffer buffer = ByteBuffer.allocate(BlobStore.BUFFER_BYTES);
    try (FileChannel channel = store.open(digest)) {
      while (channel.read(buffer.clear()) >= 0) {
        hasher.update(buffer.flip());
      }
    }
    return HexFormat.of().formatHex(hasher.digest()).equals(digest.hex());
  }

  /** How many uploads are under way in the folder of a store. */
  static long uploads(Path folder) throws IOException {
    try (Stream<Path> sessions = Files.list(folder.resolve("uploads"))) {
      return sessions.filter(Files::isDirectory).count();
    }
  }
}
