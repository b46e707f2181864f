package gantry.app;

/** {@code gantry status}: what runs. */
final class Status {

  private Status() {}

  static int run(String[] arguments) {
    Running running = Env.running("status", arguments);
    if (running == null) {
      return 1;
    }
    System.out.println("Gantry runs at " + running.url() + " (process " + running.pid() + ")");
    return 0;
  }
}
