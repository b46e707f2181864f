package gantry.services.ecs.planner;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Tells an end that another try cannot avoid from one that it may. */
public final class Endings {

  private static final Pattern VARYING = Pattern.compile("[0-9a-f]{12,}|\\d{5,}");

  private record Sign(String error, List<String> words) {}

  /** Both must stand in the reason. No words: the error alone is enough. */
  private static final List<Sign> FINAL =
      List.of(
          new Sign(
              "cannotpull",
              List.of(
                  "not found",
                  "manifest unknown",
                  "does not exist",
                  "no matching manifest",
                  "no match for platform",
                  "invalid reference format",
                  "repository name must")),
          new Sign(
              "cannotcreatecontainererror",
              List.of("no command specified", "invalid reference format", "invalid mount")),
          new Sign(
              "cannotstartcontainererror",
              List.of(
                  "executable file not found",
                  "no such file or directory",
                  "exec format error",
                  "permission denied")),
          new Sign(
              "resourceinitializationerror",
              List.of(
                  "can't find the specified secret",
                  "resourcenotfoundexception",
                  "parameternotfound",
                  "invalid parameters",
                  "did not contain json key",
                  "accessdenied")));

  /** Exit codes of a process that never became the program. */
  private static final List<Integer> NEVER_RAN = List.of(126, 127);

  private static final List<Integer> KILLED = List.of(137, 143);

  private Endings() {}

  /** The cause without what differs from try to try; null when another try may go better. */
  public static @Nullable String cause(
      @Nullable String stoppedReason, List<String> reasons, List<Integer> exitCodes) {
    for (String reason : reasons) {
      if (isFinal(reason)) {
        return plain(reason);
      }
    }
    if (stoppedReason != null && isFinal(stoppedReason)) {
      return plain(stoppedReason);
    }
    for (int code : exitCodes) {
      if (NEVER_RAN.contains(code)) {
        return "the container's command cannot be run (exit code " + code + ")";
      }
    }
    return null;
  }

  /**
   * Somebody, or the kernel, ended it by a signal: that says nothing about the next one. 137 is
   * SIGKILL, 143 SIGTERM.
   */
  public static boolean killed(List<Integer> exitCodes) {
    return exitCodes.stream().anyMatch(KILLED::contains);
  }

  /** A process that ends this soon after its start, each time, will not do better next time. */
  public static String instantExit(List<Integer> exitCodes) {
    return "the essential container exits at once (exit code "
        + (exitCodes.isEmpty() ? "unknown" : exitCodes.getFirst().toString())
        + ")";
  }

  private static boolean isFinal(String reason) {
    String lower = reason.toLowerCase(Locale.ROOT);
    for (Sign sign : FINAL) {
      if (lower.contains(sign.error)
          && (sign.words.isEmpty() || sign.words.stream().anyMatch(lower::contains))) {
        return true;
      }
    }
    return false;
  }

  private static String plain(String reason) {
    return VARYING.matcher(reason).replaceAll("…");
  }
}
