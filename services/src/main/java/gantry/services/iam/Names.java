package gantry.services.iam;

import gantry.state.Ids;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.iam.model.Tag;

/** Names, paths, ids and tags as IAM wants them. */
public final class Names {

  static final int MAX_TAGS = 50;
  private static final String ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  private static final String SECRET_ALPHABET =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

  private Names() {}

  /** A new id: four letters that tell the kind, and 17 that nobody else has. */
  static String id(Ids ids, String prefix) {
    return prefix + letters(ids, ID_ALPHABET, 17);
  }

  /**
   * Its last four letters follow from those before, so that an id of ours is known as one when its
   * key is no more: a program that takes unknown keys must not take that for one.
   */
  public static String accessKeyId(Ids ids, String prefix) {
    String chance = letters(ids, ID_ALPHABET, 12);
    return prefix + chance + check(chance);
  }

  /** Whether {@link #accessKeyId} made it. */
  static boolean isAccessKeyId(String id) {
    return id.length() == 20
        && (id.startsWith("AKIA") || id.startsWith("ASIA"))
        && id.endsWith(check(id.substring(4, 16)));
  }

  private static String check(String letters) {
    var crc = new CRC32();
    crc.update(letters.getBytes(StandardCharsets.UTF_8));
    long rest = crc.getValue();
    var check = new StringBuilder();
    for (int i = 0; i < 4; i++) {
      check.append(ID_ALPHABET.charAt((int) (rest & 31)));
      rest >>>= 5;
    }
    return check.toString();
  }

  public static String secret(Ids ids) {
    return letters(ids, SECRET_ALPHABET, 40);
  }

  private static String letters(Ids ids, String alphabet, int count) {
    var text = new StringBuilder(count);
    for (byte b : ids.bytes(count)) {
      text.append(alphabet.charAt((b & 0xff) % alphabet.length()));
    }
    return text.toString();
  }

  static void check(String field, String name, int longest) {
    if (name.length() > longest) {
      throw Errors.validation(
          "1 validation error detected: Value '"
              + name
              + "' at '"
              + field
              + "' failed to satisfy constraint: Member must have length less than or equal to "
              + longest);
    }
    if (!name.matches("[\\w+=,.@-]+")) {
      throw Errors.validation(
          "The specified value for "
              + field
              + " is invalid. It must contain only alphanumeric characters and/or the following:"
              + " +=,.@_-");
    }
  }

  static String path(@Nullable String path) {
    if (path == null) {
      return "/";
    }
    if (path.length() > 512 || !path.matches("/|/[!-~]+/")) {
      throw Errors.validation(
          "The specified value for path is invalid. It must begin and end with / and contain only"
              + " alphanumeric characters and/or / characters.");
    }
    return path;
  }

  static List<Tag> tags(List<Tag> before, List<Tag> more) {
    Set<String> given = new HashSet<>();
    for (Tag tag : more) {
      if (tag.key().toLowerCase(Locale.ROOT).startsWith("aws:")) {
        throw Errors.invalidInput("Tag keys beginning with aws: are reserved for system use.");
      }
      if (!given.add(tag.key().toLowerCase(Locale.ROOT))) {
        throw Errors.invalidInput(
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
      }
    }
    List<Tag> all = new ArrayList<>();
    for (Tag tag : before) {
      if (!given.contains(tag.key().toLowerCase(Locale.ROOT))) {
        all.add(tag);
      }
    }
    all.addAll(more);
    if (all.size() > MAX_TAGS) {
      throw Errors.limit("The number of tags has reached the maximum limit.");
    }
    return all;
  }

  static List<Tag> without(List<Tag> before, List<String> keys) {
    Set<String> gone = new HashSet<>();
    keys.forEach(key -> gone.add(key.toLowerCase(Locale.ROOT)));
    return before.stream()
        .filter(tag -> !gone.contains(tag.key().toLowerCase(Locale.ROOT)))
        .toList();
  }
}
