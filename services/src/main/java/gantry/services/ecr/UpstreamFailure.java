package gantry.services.ecr;

import java.io.IOException;

/** An upstream registry does not give what it was asked for. */
final class UpstreamFailure extends IOException {
  private static final long serialVersionUID = 1L;

  /** What AWS tells apart. */
  enum Kind {
    NOT_FOUND,
    ACCESS_DENIED,
    TOO_MANY_REQUESTS,
    UNAVAILABLE
  }

  private final Kind kind;

  UpstreamFailure(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  /** By the status of the upstream's answer. */
  UpstreamFailure(int status, String message) {
    this(
        switch (status) {
          case 401, 403 -> Kind.ACCESS_DENIED;
          case 404 -> Kind.NOT_FOUND;
          case 429 -> Kind.TOO_MANY_REQUESTS;
          default -> Kind.UNAVAILABLE;
        },
        message);
  }

  Kind kind() {
    return kind;
  }
}
