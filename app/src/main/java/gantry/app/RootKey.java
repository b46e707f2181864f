package gantry.app;

import gantry.services.AccessKeys;
import gantry.state.Ids;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The first key of a program that others can reach: made at its first start, shown once, kept in a
 * file that only its owner can read.
 */
record RootKey(String accessKeyId, String secret, boolean isNew) {

  static final String FILE = "root-key";

  /** An access key id is AKIA and sixteen of these. */
  private static final String ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

  static RootKey of(Path data, Ids ids) {
    Path file = data.resolve(FILE);
    try {
      if (Files.exists(file)) {
        List<String> lines = Files.readAllLines(file);
        if (lines.size() < 2) {
          throw new IllegalStateException(file + " is not a root key; delete it to make a new one");
        }
        return new RootKey(lines.get(0), lines.get(1), false);
      }
      RootKey made = make(ids);
      Folders.writePrivate(file, List.of(made.accessKeyId, made.secret));
      return made;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static RootKey make(Ids ids) {
    StringBuilder id = new StringBuilder("AKIA");
    for (byte b : ids.bytes(16)) {
      id.append(ALPHABET.charAt(b & 31));
    }
    return new RootKey(
        id.toString(), Base64.getEncoder().withoutPadding().encodeToString(ids.bytes(30)), true);
  }

  /** It and the others. */
  AccessKeys before(AccessKeys others, String account) {
    AccessKeys.AccessKey key =
        new AccessKeys.AccessKey(secret, null, null, AccessKeys.Principal.root(account));
    return new AccessKeys() {
      @Override
      public AccessKeys.@Nullable AccessKey find(String id) {
        return id.equals(accessKeyId) ? key : others.find(id);
      }

      @Override
      public boolean issued(String id) {
        return others.issued(id);
      }
    };
  }

  @Override
  public String toString() {
    return "RootKey[" + accessKeyId + "]"; // never the secret
  }
}
