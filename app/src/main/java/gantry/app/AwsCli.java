package gantry.app;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** {@code gantry aws}: the installed aws CLI, pointed here. */
final class AwsCli {

  private AwsCli() {}

  static int run(String[] arguments) {
    Running running = Running.of(Options.usualData());
    if (running == null) {
      System.err.println("gantry aws: nothing is running in " + Options.usualData());
      return 1;
    }
    List<String> command = new ArrayList<>(List.of("aws", "--endpoint-url", running.url()));
    command.addAll(Arrays.asList(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
    Map<String, String> environment = builder.environment();
    environment.remove("AWS_PROFILE");
    environment.remove("AWS_SESSION_TOKEN");
    environment.put("AWS_ACCESS_KEY_ID", running.accessKeyId());
    environment.put("AWS_SECRET_ACCESS_KEY", running.secret());
    environment.put("AWS_REGION", running.region());
    environment.put("AWS_DEFAULT_REGION", running.region());
    environment.putIfAbsent("AWS_PAGER", "");
    try {
      return builder.start().waitFor();
    } catch (IOException e) {
      System.err.println("gantry aws: the aws CLI is not installed (" + e.getMessage() + ")");
      return 127;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 130;
    }
  }
}
