package gantry.services.ecr;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A refusal of the data plane, in the distribution's form: a status, a code, a message. */
final class RegistryError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  enum Code {
    BLOB_UNKNOWN(404),
    BLOB_UPLOAD_INVALID(400),
    BLOB_UPLOAD_UNKNOWN(404),
    DENIED(403),
    DIGEST_INVALID(400),
    MANIFEST_BLOB_UNKNOWN(400),
    MANIFEST_INVALID(400),
    MANIFEST_UNKNOWN(404),
    NAME_INVALID(400),
    NAME_UNKNOWN(404),
    RANGE_INVALID(416),
    SIZE_INVALID(400),
    TAG_INVALID(400),
    TOOMANYREQUESTS(429),
    UNAUTHORIZED(401),
    UNAVAILABLE(503),
    UNSUPPORTED(405);

    private final int status;

    Code(int status) {
      this.status = status;
    }
  }

  private final Code code;
  private final int status;

  RegistryError(Code code, String message) {
    this(code, code.status, message);
  }

  RegistryError(Code code, int status, String message) {
    super(message);
    this.code = code;
    this.status = status;
  }

  Code code() {
    return code;
  }

  int status() {
    return status;
  }

  byte[] body() {
    Map<String, Object> error = new LinkedHashMap<>();
    error.put("code", code.name());
    error.put("message", String.valueOf(getMessage()));
    return Json.write(Map.of("errors", List.of(error)));
  }
}
