package gantry.services.ecr;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What content is named by: {@code sha256:…} or {@code sha512:…}, in lower case. There is no other
 * way to make one, so a file name built from it never leaves its folder.
 */
record Digest(Algorithm algorithm, String hex) implements Comparable<Digest> {

  enum Algorithm {
    SHA256("SHA-256", 64),
    SHA512("SHA-512", 128);

    private final String jca;
    private final int hexLength;

    Algorithm(String jca, int hexLength) {
      this.jca = jca;
      this.hexLength = hexLength;
    }

    String text() {
      return name().toLowerCase(Locale.ROOT);
    }

    MessageDigest hasher() {
      try {
        return MessageDigest.getInstance(jca);
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every Java runtime has " + jca, e);
      }
    }
  }

  /** Null when the text is not a digest that this registry can check. */
  static @Nullable Digest parse(String text) {
    for (Algorithm algorithm : Algorithm.values()) {
      String prefix = algorithm.text() + ":";
      if (text.startsWith(prefix)) {
        String hex = text.substring(prefix.length());
        return hex.length() == algorithm.hexLength && isLowerHex(hex)
            ? new Digest(algorithm, hex)
            : null;
      }
    }
    return null;
  }

  /** For text that this program wrote itself. */
  static Digest of(String text) {
    Digest digest = parse(text);
    if (digest == null) {
      throw new IllegalArgumentException("not a digest: " + text);
    }
    return digest;
  }

  static Digest of(Algorithm algorithm, byte[] content) {
    return new Digest(algorithm, HexFormat.of().formatHex(algorithm.hasher().digest(content)));
  }

  static Digest of(byte[] content) {
    return of(Algorithm.SHA256, content);
  }

  private static boolean isLowerHex(String hex) {
    for (int i = 0; i < hex.length(); i++) {
      char c = hex.charAt(i);
      if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
        return false;
      }
    }
    return true;
  }

  @Override
  public int compareTo(Digest other) {
    return toString().compareTo(other.toString());
  }

  @Override
  public String toString() {
    return algorithm.text() + ":" + hex;
  }
}
