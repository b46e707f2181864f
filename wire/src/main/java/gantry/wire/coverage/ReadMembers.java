package gantry.wire.coverage;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The members that our code reads, by the model class that has them: accessor names in lower case,
 * as the SDK's and the model's capitals differ ({@code ebsOptimized}, {@code EbsOptimized}).
 */
public final class ReadMembers {
  /** Where the build leaves what {@link CoverageMain} found. */
  public static final String RESOURCE = "/gantry/wire/read-members";

  /** Lines of words between blanks, not taken apart: a program asks for few of them. */
  private final Map<String, String> byClass;

  private ReadMembers(Map<String, String> byClass) {
    this.byClass = byClass;
  }

  static ReadMembers of(Map<String, ? extends Collection<String>> members) {
    Map<String, String> byClass = new HashMap<>();
    members.forEach(
        (type, read) -> byClass.put(type, " " + String.join(" ", new TreeSet<>(read)) + " "));
    return new ReadMembers(byClass);
  }

  /** Null if this program was built without the scan, as a module's tests are. */
  public static @Nullable ReadMembers fromResource() {
    try (InputStream in = ReadMembers.class.getResourceAsStream(RESOURCE)) {
      return in == null ? null : parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static ReadMembers parse(String text) {
    Map<String, String> byClass = new HashMap<>();
    int start = 0;
    while (start < text.length()) {
      int end = text.indexOf('\n', start);
      int blank = text.indexOf(' ', start);
      if (text.charAt(start) != '#') {
        byClass.put(text.substring(start, blank), text.substring(blank, end) + " ");
      }
      start = end + 1;
    }
    return new ReadMembers(byClass);
  }

  String format() {
    StringBuilder out =
        new StringBuilder("# Members that our code reads, by the scan of its bytecode.\n");
    new TreeMap<>(byClass)
        .forEach(
            (type, members) -> out.append(type).append(' ').append(members.strip()).append('\n'));
    return out.toString();
  }

  /**
   * Whether any of our code reads that member.
   *
   * @param type the model class, without {@code software.amazon.awssdk.services.}
   */
  boolean reads(String type, String member) {
    String members = byClass.get(type);
    return members != null && members.contains(" " + member + " ");
  }
}
