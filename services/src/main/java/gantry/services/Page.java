package gantry.services;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * One page of a list that stands in the order of its ids. The token is the id that the page ends
 * with, so it survives whatever is added or deleted in between; it is opaque, and one that was not
 * made here is refused.
 *
 * @param nextToken null on the last page
 */
public record Page<T>(List<T> items, @Nullable String nextToken) {

  /** A token that no answer of ours carried: the caller turns it into its service's error. */
  public static final class BadToken extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BadToken() {
      super("not a token of ours");
    }
  }

  /** Cuts a page from {@code rest}, which begins after the last page. */
  public static <T> Page<T> of(Stream<T> rest, Function<T, String> id, int limit) {
    List<T> items = new ArrayList<>();
    var more = rest.iterator();
    while (more.hasNext() && items.size() < limit) {
      items.add(more.next());
    }
    return new Page<>(
        List.copyOf(items),
        more.hasNext() && !items.isEmpty() ? token(id.apply(items.getLast())) : null);
  }

  private static String token(String lastId) {
    byte[] id = lastId.getBytes(StandardCharsets.UTF_8);
    byte[] all = new byte[id.length + 4];
    System.arraycopy(id, 0, all, 4, id.length);
    int sum = sum(id);
    for (int i = 0; i < 4; i++) {
      all[i] = (byte) (sum >>> (8 * i));
    }
    return Base64.getUrlEncoder().withoutPadding().encodeToString(all);
  }

  /**
   * The id after which the next page begins; the empty string, before every id, for the first one.
   */
  public static String after(@Nullable String token) {
    if (token == null || token.isEmpty()) {
      return "";
    }
    byte[] all;
    try {
      all = Base64.getUrlDecoder().decode(token);
    } catch (IllegalArgumentException notBase64) {
      throw new BadToken();
    }
    if (all.length < 4) {
      throw new BadToken();
    }
    byte[] id = java.util.Arrays.copyOfRange(all, 4, all.length);
    int sum = sum(id);
    for (int i = 0; i < 4; i++) {
      if (all[i] != (byte) (sum >>> (8 * i))) {
        throw new BadToken();
      }
    }
    return new String(id, StandardCharsets.UTF_8);
  }

  private static int sum(byte[] id) {
    var crc = new CRC32();
    crc.update(id);
    return (int) crc.getValue();
  }
}
