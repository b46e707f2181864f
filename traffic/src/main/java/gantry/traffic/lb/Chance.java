package gantry.traffic.lb;

/** Fast chance for one event loop: for spreading and for trace ids, not for secrets. */
final class Chance {

  private long state;

  Chance(long seed) {
    state = seed;
  }

  /** SplitMix64. */
  long next() {
    long z = state += 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  int below(int bound) {
    return (int) (((next() >>> 33) * bound) >>> 31);
  }
}
