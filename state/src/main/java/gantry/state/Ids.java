package gantry.state;

/** Where names and chance come from: random in production, from a seed in tests. */
public interface Ids {

  /** Uniform random bytes, good enough for secrets in production. */
  byte[] bytes(int count);

  /**
   * {@code digits} lower-case hexadecimal digits, as AWS ends its ids: {@code eni-} + 17, a task id
   * 32.
   */
  String hex(int digits);

  /** A UUID in its usual spelling. */
  String uuid();

  /** Uniform in {@code [0, bound)}: for jitter and for choosing among equals. */
  int below(int bound);
}
