package gantry.app;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code gantry env}: the exports for a shell. */
final class Env {

  private Env() {}

  static int run(String[] arguments) {
    Running running = running("env", arguments);
    if (running == null) {
      return 1;
    }
    System.out.print(exports(running.url(), running.region(), running));
    return 0;
  }

  /** The running program of the data directory that the arguments name; says so when none is. */
  static @Nullable Running running(String command, String[] arguments) {
    Arguments read;
    try {
      read = Arguments.read(arguments, Set.of("data"), Set.of("purge"));
    } catch (Arguments.Wrong e) {
      System.err.println("gantry " + command + ": " + e.getMessage());
      return null;
    }
    return running(command, read);
  }

  static @Nullable Running running(String command, Arguments read) {
    Running running = Running.of(Up.data(read));
    if (running == null) {
      System.err.println("gantry " + command + ": nothing is running in " + Up.data(read));
    }
    return running;
  }

  /** Without {@code key} a placeholder is named, which loopback takes. */
  static String exports(String url, String region, @Nullable Running key) {
    return "export AWS_ENDPOINT_URL="
        + url
        + "\nexport AWS_REGION="
        + region
        + "\nexport AWS_DEFAULT_REGION="
        + region
        + "\nexport AWS_ACCESS_KEY_ID="
        + (key == null ? "test" : key.accessKeyId())
        + "\nexport AWS_SECRET_ACCESS_KEY="
        + (key == null ? "test" : key.secret())
        + "\n";
  }
}
