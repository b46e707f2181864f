package gantry.app.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import org.jspecify.annotations.Nullable;

/** Why something is no request that anybody should see. The connection closes after it is said. */
record Refusal(int status, String message) {

  /** Null when it is a request. */
  static @Nullable Refusal of(HttpRequest request, boolean http2) {
    if (request.decoderResult().isFailure()) {
      Throwable why = request.decoderResult().cause();
      if (why instanceof TooLongHttpLineException) {
        return new Refusal(414, "The request line is too long.");
      }
      return why instanceof TooLongHttpHeaderException
          ? new Refusal(431, "The request's headers are too long.")
          : new Refusal(400, "This is not a request of HTTP/1.1.");
    }
    HttpVersion version = request.protocolVersion();
    if (!version.equals(HttpVersion.HTTP_1_1) && !version.equals(HttpVersion.HTTP_1_0)) {
      return new Refusal(505, "Only HTTP/1.1, HTTP/1.0 and HTTP/2 are spoken here.");
    }
    int hosts = request.headers().getAll(HttpHeaderNames.HOST).size();
    if (hosts > 1 || (hosts == 0 && !http2 && version.equals(HttpVersion.HTTP_1_1))) {
      return new Refusal(400, "A request has one Host.");
    }
    String uri = request.uri();
    for (int i = 0; i < uri.length(); i++) {
      char c = uri.charAt(i);
      if (c <= ' ' || c == 0x7f) {
        return new Refusal(400, "The path holds what no path may hold.");
      }
    }
    return null;
  }
}
