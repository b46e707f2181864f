package gantry.app;

import gantry.app.ask.Answer;
import gantry.app.ask.StatusPage;

/** {@code gantry status}: what runs, what does not, and why. */
final class Status {

  private Status() {}

  static int run(String[] arguments) {
    Running running = Env.running("status", arguments);
    if (running == null) {
      return 1;
    }
    System.out.println("Gantry runs at " + running.url() + " (process " + running.pid() + ")");
    return Answer.print(running.url(), StatusPage.PATH);
  }
}
