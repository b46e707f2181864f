package gantry.traffic.lb;

/** What a text of a request's head is compared with. */
interface TextPattern {
  boolean matches(byte[] b, int start, int end);
}
