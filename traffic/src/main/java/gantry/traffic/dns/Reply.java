package gantry.traffic.dns;

import java.util.List;

/** What another resolver said: the response code and the records that matter to an asker. */
record Reply(int code, List<Rr> answers, List<Rr> authorities) {

  static final int SERVFAIL = 2;

  static Reply failed() {
    return new Reply(SERVFAIL, List.of(), List.of());
  }

  /** The time for which all of it may be kept, in seconds. */
  int ttl(int most) {
    int least = most;
    for (Rr record : answers) {
      least = Math.min(least, record.ttl());
    }
    if (answers.isEmpty()) {
      for (Rr record : authorities) {
        least = Math.min(least, record.ttl());
      }
      if (authorities.isEmpty()) {
        least = 0;
      }
    }
    return Math.max(0, least);
  }
}
