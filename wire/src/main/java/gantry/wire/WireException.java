package gantry.wire;

import org.jspecify.annotations.Nullable;

/**
 * A request that never reaches a handler: not decodable, not known, not valid. Made often by
 * hostile input, so it carries no stack trace.
 */
public final class WireException extends RuntimeException {
  /** What a codec says; each protocol has its own code for it, see {@link Errors}. */
  public static final String SERIALIZATION = "SerializationException";

  private final String code;
  private final int status;
  private final String text;

  public WireException(String code, int status, String text) {
    super(code + ": " + text, null, false, false);
    this.code = code;
    this.status = status;
    this.text = text;
  }

  public static WireException serialization(@Nullable String text) {
    return new WireException(SERIALIZATION, 400, text == null ? "" : text);
  }

  public String code() {
    return code;
  }

  public int status() {
    return status;
  }

  /** The message as the client sees it. */
  public String text() {
    return text;
  }
}
