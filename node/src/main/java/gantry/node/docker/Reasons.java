package gantry.node.docker;

import com.github.dockerjava.api.exception.DockerException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Words why something did not work, beginning with AWS's name for it and ending with the fix. */
public final class Reasons {

  private Reasons() {}

  /** Docker's own words, out of the JSON that it wraps them in. */
  public static String words(Throwable failure) {
    String text = failure.getMessage();
    if (text == null) {
      return failure.getClass().getSimpleName();
    }
    if (failure instanceof DockerException) {
      int start = text.indexOf("{\"message\":\"");
      int end = text.lastIndexOf("\"}");
      if (start >= 0 && end > start) {
        text =
            text.substring(start + "{\"message\":\"".length(), end)
                .replace("\\n", " ")
                .replace("\\\"", "\"")
                .replace("\\u003c", "<")
                .replace("\\u003e", ">")
                .replace("\\u0026", "&")
                .replace("\\\\", "\\");
      }
      return "Error response from daemon: " + text.strip();
    }
    return text.strip();
  }

  public static String pull(String reference, String words) {
    return "CannotPullContainerError: " + words + fixOfPull(reference, words);
  }

  private static String fixOfPull(String reference, String words) {
    String lower = words.toLowerCase(Locale.ROOT);
    if (lower.contains("no space left")) {
      return ". The disk that Docker keeps images on is full: make room with `docker image prune`";
    }
    if (lower.contains("toomanyrequests")) {
      return ". Log in to the registry (repositoryCredentials), or copy the image to a repository of"
          + " your own";
    }
    if (lower.contains("no such host")
        || lower.contains("connection refused")
        || lower.contains("i/o timeout")
        || lower.contains("network is unreachable")
        || lower.contains("request canceled")
        || lower.contains("server misbehaving")) {
      return ". The registry of "
          + reference
          + " cannot be reached from this machine: push the image to a repository here, or load it"
          + " into this machine's Docker under exactly this name";
    }
    if (lower.contains("unauthorized")
        || lower.contains("authentication required")
        || lower.contains("no basic auth")
        || lower.contains("access denied")
        || lower.contains("denied:")) {
      return ". Check that "
          + reference
          + " is spelt right and exists, and that the execution role or repositoryCredentials may"
          + " pull it";
    }
    if (lower.contains("manifest unknown") || lower.contains("not found")) {
      return ". There is no " + reference + ": check its name and tag, or push it";
    }
    return "";
  }

  public static String create(Throwable failure) {
    String words = words(failure);
    String lower = words.toLowerCase(Locale.ROOT);
    String fix = "";
    if (lower.contains("no command specified")) {
      fix = ". The image has no command of its own: give the container a command or entryPoint";
    } else if (lower.contains("no space left")) {
      fix = ". Docker's disk is full: make room, for example with `docker image prune`";
    }
    return "CannotCreateContainerError: " + words + fix;
  }

  public static String start(Throwable failure) {
    String words = words(failure);
    String lower = words.toLowerCase(Locale.ROOT);
    String fix = "";
    if (lower.contains("port is already allocated") || lower.contains("address already in use")) {
      fix =
          ". Another container or program has that host port: use hostPort 0 for a dynamic one, or"
              + " stop the other";
    } else if (lower.contains("executable file not found") || lower.contains("no such file")) {
      fix = ". The image does not hold that program: check command and entryPoint";
    } else if (lower.contains("exec format error")) {
      fix = ". The program in the image is built for another processor";
    } else if (lower.contains("permission denied")) {
      fix = ". The program is not executable, or the user may not run it";
    } else if (lower.contains("no space left")) {
      fix = ". Docker's disk is full: make room, for example with `docker image prune`";
    }
    return "CannotStartContainerError: " + words + fix;
  }

  public static String outOfMemory(@Nullable Integer containerMib, @Nullable Integer taskMib) {
    String limit =
        containerMib != null
            ? "; its limit is " + containerMib + " MiB (memory)"
            : taskMib != null ? "; the task's limit is " + taskMib + " MiB" : "";
    return "OutOfMemoryError: Container killed due to memory usage" + limit;
  }

  public static String resources(String words) {
    return "ResourceInitializationError: " + words;
  }
}
