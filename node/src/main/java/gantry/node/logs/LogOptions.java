package gantry.node.logs;

import gantry.acs.TaskPayload;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;

/**
 * The options of the awslogs driver, checked.
 *
 * @param multiline matches the first line of an event; null where every line is one
 * @param blocking whether reading waits for a slow log service; otherwise lines are dropped once
 *     {@code bufferBytes} wait
 */
public record LogOptions(
    String group,
    String region,
    boolean createGroup,
    @Nullable String streamPrefix,
    @Nullable Pattern multiline,
    boolean blocking,
    long bufferBytes) {

  /** The options say something that cannot be done; the message is for the task's reason. */
  public static final class Invalid extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Invalid(String message) {
      super(message);
    }

    Invalid(String message, Throwable cause) {
      super(message, cause);
    }
  }

  static final long DEFAULT_BUFFER_BYTES = 10L * 1024 * 1024;

  /** Those that concern us, and those that only steer Docker's own implementation. */
  private static final Set<String> KNOWN =
      Set.of(
          "awslogs-group",
          "awslogs-region",
          "awslogs-create-group",
          "awslogs-stream-prefix",
          "awslogs-datetime-format",
          "awslogs-multiline-pattern",
          "mode",
          "max-buffer-size");

  /**
   * Reads them.
   *
   * @throws Invalid in Docker's words where it has some
   */
  public static LogOptions of(TaskPayload task, ContainerDefinition container) {
    Map<String, String> options = container.logConfiguration().options();
    for (String each : options.keySet()) {
      if (!KNOWN.contains(each)) {
        throw new Invalid("unknown log opt '" + each + "' for awslogs log driver");
      }
    }
    String group = options.get("awslogs-group");
    if (group == null || group.isEmpty()) {
      throw new Invalid(
          "must specify a value for log opt 'awslogs-group' of container " + container.name());
    }
    String format = options.get("awslogs-datetime-format");
    String pattern = options.get("awslogs-multiline-pattern");
    if (format != null && pattern != null) {
      throw new Invalid(
          "you cannot configure log opt 'awslogs-datetime-format' and 'awslogs-multiline-pattern'"
              + " at the same time");
    }
    Pattern multiline = null;
    try {
      if (format != null) {
        multiline = Pattern.compile(ofDatetime(format));
      } else if (pattern != null) {
        multiline = Pattern.compile(pattern);
      }
    } catch (PatternSyntaxException e) {
      throw new Invalid(
          "awslogs could not parse multiline pattern key '" + pattern + "': " + e.getMessage(), e);
    }
    String mode = options.getOrDefault("mode", "non-blocking");
    if (!mode.equals("blocking") && !mode.equals("non-blocking")) {
      throw new Invalid("logger: logging mode not supported: " + mode);
    }
    String region = options.get("awslogs-region");
    return new LogOptions(
        group,
        region == null || region.isEmpty() ? task.region() : region,
        flag(options.get("awslogs-create-group")),
        options.get("awslogs-stream-prefix"),
        multiline,
        mode.equals("blocking"),
        bytes(options.get("max-buffer-size")));
  }

  /** {@code prefix/container/task}; without a prefix Docker's id of the container. */
  public String stream(TaskPayload task, String container, String containerId) {
    return streamPrefix == null || streamPrefix.isEmpty()
        ? containerId
        : streamPrefix + "/" + container + "/" + task.taskId();
  }

  private static boolean flag(@Nullable String text) {
    if (text == null || text.isEmpty()) {
      return false;
    }
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "true", "t", "1" -> true;
      case "false", "f", "0" -> false;
      default ->
          throw new Invalid("must specify valid value for log opt 'awslogs-create-group': " + text);
    };
  }

  static long bytes(@Nullable String text) {
    if (text == null || text.isEmpty()) {
      return DEFAULT_BUFFER_BYTES;
    }
    String lower = text.strip().toLowerCase(Locale.ROOT);
    String digits = lower.replaceAll("[^0-9].*$", "");
    String unit = lower.substring(digits.length()).strip().replaceAll("i?b$", "");
    long factor =
        switch (unit) {
          case "" -> 1L;
          case "k" -> 1L << 10;
          case "m" -> 1L << 20;
          case "g" -> 1L << 30;
          default -> 0L;
        };
    // So many digits are a long, whatever they are.
    if (!digits.matches("[0-9]{1,18}")
        || factor == 0
        || Long.parseLong(digits) > Long.MAX_VALUE / factor) {
      throw new Invalid("error getting max-buffer-size: invalid size: '" + text + "'");
    }
    return Long.parseLong(digits) * factor;
  }

  /** The pattern that a date in this {@code strftime} format matches. */
  static String ofDatetime(String format) {
    StringBuilder pattern = new StringBuilder();
    int i = 0;
    while (i < format.length()) {
      char c = format.charAt(i++);
      if (c != '%' || i == format.length()) {
        pattern.append(Pattern.quote(String.valueOf(c)));
        continue;
      }
      char field = format.charAt(i++);
      pattern.append(
          switch (field) {
            case 'a', 'b' -> "[A-Za-z]{3}";
            case 'A', 'B' -> "[A-Za-z]{3,9}";
            case 'w' -> "[0-6]";
            case 'd', 'm', 'y', 'H', 'I', 'M', 'S' -> "\\d{2}";
            case 'Y' -> "\\d{4}";
            case 'p' -> "(?:AM|PM|am|pm)";
            case 'L' -> "\\.\\d{3}";
            case 'f' -> "\\d{6}";
            case 'z' -> "[+-]\\d{4}";
            case 'Z' -> "[A-Z]{1,4}T?";
            case 'j' -> "\\d{3}";
            case '%' -> "%";
            default -> throw new Invalid("awslogs could not parse datetime-format: %" + field);
          });
    }
    return pattern.toString();
  }
}
