package gantry.wire.coverage;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
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

  private final Map<String, Set<String>> byClass;

  ReadMembers(Map<String, Set<String>> byClass) {
    this.byClass = byClass;
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
    Map<String, Set<String>> byClass = new HashMap<>();
    for (String line : text.split("\n", -1)) {
      if (!line.isEmpty() && !line.startsWith("#")) {
        String[] fields = line.split(" ", -1);
        Set<String> members = HashSet.newHashSet(fields.length);
        for (int i = 1; i < fields.length; i++) {
          members.add(fields[i]);
        }
        byClass.put(fields[0], members);
      }
    }
    return new ReadMembers(byClass);
  }

  String format() {
    StringBuilder out =
        new StringBuilder("# Members that our code reads, by the scan of its bytecode.\n");
    new TreeMap<>(byClass)
        .forEach(
            (type, members) ->
                out.append(type)
                    .append(' ')
                    .append(String.join(" ", new TreeSet<>(members)))
                    .append('\n'));
    return out.toString();
  }

  /**
   * Whether any of our code reads that member.
   *
   * @param type the model class, without {@code software.amazon.awssdk.services.}
   */
  boolean reads(String type, String member) {
    Set<String> members = byClass.get(type);
    return members != null && members.contains(member);
  }
}
