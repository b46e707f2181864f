package gantry.app;

import gantry.app.ask.Answer;
import gantry.app.ask.EventsPage;
import gantry.app.ask.ImagePage;
import gantry.app.ask.WhyPage;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/** {@code gantry why NAME} and its like: a question to the running program. */
final class Ask {

  private Ask() {}

  static int why(String[] arguments) {
    Arguments read;
    try {
      read = Arguments.read(arguments, Set.of("data"), Set.of());
    } catch (Arguments.Wrong e) {
      System.err.println("gantry why: " + e.getMessage());
      return 2;
    }
    if (read.others().size() != 1) {
      System.err.println(
          "usage: gantry why NAME   (an ARN, id or name; 'denied' lists refused calls;"
              + " 'A -> B:PORT' asks whether A reaches B)");
      return 2;
    }
    Running running = Env.running("why", read);
    return running == null
        ? 1
        : Answer.print(running.url(), WhyPage.PATH + "?" + encoded(read.others().getFirst()));
  }

  static int image(String[] arguments) {
    Arguments read;
    try {
      read = Arguments.read(arguments, Set.of("data"), Set.of());
    } catch (Arguments.Wrong e) {
      System.err.println("gantry image: " + e.getMessage());
      return 2;
    }
    if (read.others().size() != 2 || !read.others().getFirst().equals("inspect")) {
      System.err.println(
          "usage: gantry image inspect REF   (NAME, NAME:TAG, NAME@DIGEST, or with a host)");
      return 2;
    }
    Running running = Env.running("image", read);
    return running == null
        ? 1
        : Answer.print(running.url(), ImagePage.PATH + "?" + encoded(read.others().get(1)));
  }

  static int events(String[] arguments) {
    Arguments read;
    try {
      read = Arguments.read(arguments, Set.of("data"), Set.of("follow"));
    } catch (Arguments.Wrong e) {
      System.err.println("gantry events: " + e.getMessage());
      return 2;
    }
    if (!read.others().isEmpty()) {
      System.err.println("usage: gantry events [--follow]   (a line of JSON for each event)");
      return 2;
    }
    Running running = Env.running("events", read);
    return running == null
        ? 1
        : Answer.lines(running.url(), EventsPage.PATH + (read.has("follow") ? "?follow" : ""));
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
