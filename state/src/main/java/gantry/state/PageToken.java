package gantry.state;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Base64;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The token that a page ends with: the last id that was shown, in a form that nobody is tempted to
 * make himself. The next page begins after that id, so what is added or deleted in between neither
 * repeats nor hides anything else. A checksum over the token and what was listed tells garbage, and
 * the token of another listing, from one of ours.
 */
public final class PageToken {

  /** A longer one is none of ours. */
  public static final int MAX_LENGTH = 4096;

  private static final byte VERSION = 1;
  private static final int HEADER = 1 + Integer.BYTES;

  private PageToken() {}

  /**
   * @param listing what is listed: the operation and whatever selects the rows, such as {@code
   *     "ListTasks/" + clusterArn}
   */
  public static String of(String listing, String lastId) {
    byte[] id = lastId.getBytes(UTF_8);
    ByteBuffer bytes = ByteBuffer.allocate(HEADER + id.length);
    bytes.put(VERSION).putInt(checksum(listing, id)).put(id);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
  }

  /**
   * The id after which the page begins, for {@link View#scanAfter}: empty without a token.
   *
   * @throws Invalid when the token is not one that {@link #of} made for the same listing
   */
  public static String lastId(String listing, @Nullable String token) {
    if (token == null || token.isEmpty()) {
      return "";
    }
    try {
      if (token.length() > MAX_LENGTH) {
        throw new Invalid();
      }
      ByteBuffer bytes = ByteBuffer.wrap(Base64.getUrlDecoder().decode(token));
      if (bytes.remaining() < HEADER || bytes.get() != VERSION) {
        throw new Invalid();
      }
      int checksum = bytes.getInt();
      byte[] id = new byte[bytes.remaining()];
      bytes.get(id);
      if (checksum != checksum(listing, id)) {
        throw new Invalid();
      }
      return UTF_8.newDecoder().decode(ByteBuffer.wrap(id)).toString();
    } catch (IllegalArgumentException | CharacterCodingException e) {
      throw new Invalid();
    }
  }

  private static int checksum(String listing, byte[] id) {
    CRC32C checksum = new CRC32C();
    checksum.update(listing.getBytes(UTF_8));
    checksum.update(0);
    checksum.update(id);
    return (int) checksum.getValue();
  }

  /** The caller says it in the words of its service. */
  public static final class Invalid extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Invalid() {
      super("the token is not one of this listing");
    }
  }
}
