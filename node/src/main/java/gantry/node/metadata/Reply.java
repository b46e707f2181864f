package gantry.node.metadata;

/** An answer to a container. */
public record Reply(int status, String contentType, String body) {

  public static Reply json(int status, String text) {
    return new Reply(status, "application/json", text);
  }

  public static Reply text(int status, String text) {
    return new Reply(status, "text/plain; charset=utf-8", text);
  }

  String reason() {
    return switch (status) {
      case 200 -> "OK";
      case 400 -> "Bad Request";
      case 401 -> "Unauthorized";
      case 403 -> "Forbidden";
      case 404 -> "Not Found";
      case 405 -> "Method Not Allowed";
      case 413 -> "Content Too Large";
      case 429 -> "Too Many Requests";
      case 503 -> "Service Unavailable";
      case 504 -> "Gateway Timeout";
      default -> status < 500 ? "Error" : "Internal Server Error";
    };
  }
}
