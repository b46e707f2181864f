package gantry.traffic.lb;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** X-Amzn-Trace-Id: a Root for who has none, a Self in front of the Root of who has. */
final class Trace {

  static final byte[] NAME = {
    'X', '-', 'A', 'm', 'z', 'n', '-', 'T', 'r', 'a', 'c', 'e', '-', 'I', 'd', ':', ' '
  };
  private static final int MAX = 7 * 1024;

  private Trace() {}

  static void put(Bytes out, Head h, Worker worker) {
    out.put(NAME);
    int i = h.find(Head.TRACE_ID);
    if (i < 0 || h.length > MAX) {
      out.put("Root=");
      id(out, worker);
    } else {
      String rest = withoutSelf(h.value(i));
      if (rest.toLowerCase(Locale.ROOT).contains("root=")) {
        out.put("Self=");
        id(out, worker);
        out.put(';').put(rest);
      } else {
        out.put("Root=");
        id(out, worker);
        if (!rest.isEmpty()) {
          out.put(';').put(rest);
        }
      }
    }
    out.crlf();
  }

  /** The header's value for a request that no target gets. */
  static String text(Head h, Worker worker) {
    Bytes out = worker.out;
    out.reset(h.length + 256);
    put(out, h, worker);
    return out.text(NAME.length, out.size - 2);
  }

  private static void id(Bytes out, Worker worker) {
    out.put('1').put('-').hex(worker.clock.epochSecond(), 8).put('-');
    out.hex(worker.chance.next(), 16).hex(worker.chance.next(), 8);
  }

  private static String withoutSelf(@Nullable String value) {
    if (value == null) {
      return "";
    }
    StringBuilder kept = new StringBuilder();
    for (String field : value.split(";", -1)) {
      String one = field.strip();
      if (one.isEmpty() || one.regionMatches(true, 0, "Self=", 0, 5)) {
        continue;
      }
      if (!kept.isEmpty()) {
        kept.append(';');
      }
      kept.append(one);
    }
    return kept.toString();
  }
}
