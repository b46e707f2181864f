package gantry.traffic.lb;

import java.nio.charset.StandardCharsets;

/** The answers that a balancer makes itself, as ALB words them. */
final class Replies {

  static final byte[] NOTHING = new byte[0];
  private static final byte[][] BODIES = new byte[600][];

  private Replies() {}

  static String reason(int status) {
    return switch (status) {
      case 100 -> "Continue";
      case 101 -> "Switching Protocols";
      case 200 -> "OK";
      case 201 -> "Created";
      case 202 -> "Accepted";
      case 204 -> "No Content";
      case 206 -> "Partial Content";
      case 301 -> "Moved Permanently";
      case 302 -> "Found";
      case 303 -> "See Other";
      case 304 -> "Not Modified";
      case 307 -> "Temporary Redirect";
      case 308 -> "Permanent Redirect";
      case 400 -> "Bad Request";
      case 401 -> "Unauthorized";
      case 403 -> "Forbidden";
      case 404 -> "Not Found";
      case 405 -> "Not Allowed";
      case 408 -> "Request Time-out";
      case 409 -> "Conflict";
      case 410 -> "Gone";
      case 413 -> "Request Entity Too Large";
      case 414 -> "Request-URI Too Large";
      case 415 -> "Unsupported Media Type";
      case 416 -> "Requested Range Not Satisfiable";
      case 429 -> "Too Many Requests";
      case 500 -> "Internal Server Error";
      case 501 -> "Not Implemented";
      case 502 -> "Bad Gateway";
      case 503 -> "Service Temporarily Unavailable";
      case 504 -> "Gateway Time-out";
      case 505 -> "HTTP Version Not Supported";
      default -> "";
    };
  }

  static byte[] body(int status) {
    byte[] body = BODIES[status];
    if (body == null) {
      String title = (status + " " + reason(status)).strip();
      body =
          ("<html>\r\n<head><title>"
                  + title
                  + "</title></head>\r\n<body>\r\n<center><h1>"
                  + title
                  + "</h1></center>\r\n</body>\r\n</html>\r\n")
              .getBytes(StandardCharsets.US_ASCII);
      BODIES[status] = body;
    }
    return body;
  }
}
