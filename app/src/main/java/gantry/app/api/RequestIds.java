package gantry.app.api;

import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

/** Ids of requests and events: unique, and no secret, so they need no strong randomness. */
final class RequestIds {

  private RequestIds() {}

  static String next() {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    long high = (random.nextLong() & ~0xf000L) | 0x4000L;
    long low = (random.nextLong() & 0x3fff_ffff_ffff_ffffL) | 0x8000_0000_0000_0000L;
    return new UUID(high, low).toString();
  }
}
