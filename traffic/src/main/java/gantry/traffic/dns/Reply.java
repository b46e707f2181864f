package gantry.traffic.dns;

import java.nio.ByteBuffer;
import java.util.List;

/** What another resolver said: the response code and the records that matter to an asker. */
record Reply(int code, List<Rr> answers, List<Rr> authorities) {

  static final int SERVFAIL = 2;
  private static final int NOTIMP = 4;
  private static final int REFUSED = 5;

  static Reply failure() {
    return new Reply(SERVFAIL, List.of(), List.of());
  }

  /** The resolver could or would not say; another one may. */
  boolean failed() {
    return code == SERVFAIL || code == NOTIMP || code == REFUSED;
  }

  /** The time for which all of it may be kept, in seconds. */
  int ttl(int most) {
    int least = most;
    for (Rr record : answers) {
      least = Math.min(least, record.ttl());
    }
    boolean soa = false;
    for (Rr record : authorities) {
      if (record.type() == RecordType.SOA.code() && record.data().length >= 4) {
        // "There is none" is kept for the SOA's own time or its last number, whichever is less.
        int minimum = ByteBuffer.wrap(record.data()).getInt(record.data().length - 4);
        least = Math.min(least, Math.min(record.ttl(), minimum < 0 ? most : minimum));
        soa = true;
      }
    }
    return answers.isEmpty() && !soa ? 0 : Math.max(0, least);
  }
}
