package gantry.wire;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpFullResponse;
import software.amazon.awssdk.http.SdkHttpRequest;

/** The SDK's HTTP client without a network: hands each request to a function. */
final class LoopbackHttp implements SdkHttpClient {
  /** Our side of the exchange. */
  interface Server {
    Reply answer(RequestHead head, byte[] body);
  }

  private @Nullable Server server;

  void serve(Server next) {
    server = next;
  }

  static RequestHead head(SdkHttpRequest http) {
    List<Map.Entry<String, String>> fields = new ArrayList<>();
    http.headers().forEach((name, values) -> values.forEach(v -> fields.add(Map.entry(name, v))));
    return new RequestHead(
        http.method().name(),
        http.encodedPath().isEmpty() ? "/" : http.encodedPath(),
        http.encodedQueryParameters().orElse(null),
        Headers.of(fields));
  }

  static SdkHttpFullResponse response(Reply reply) {
    SdkHttpFullResponse.Builder http = SdkHttpFullResponse.builder().statusCode(reply.status());
    reply.headers().forEach(h -> http.appendHeader(h.getKey(), h.getValue()));
    byte[] bytes =
        switch (reply.content()) {
          case Reply.Content.Whole whole -> whole.bytes();
          case Reply.Content.Stream stream -> {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            try {
              stream.writer().writeTo(out);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
            yield out.toByteArray();
          }
        };
    http.content(AbortableInputStream.create(new ByteArrayInputStream(bytes)));
    return http.build();
  }

  @Override
  public ExecutableHttpRequest prepareRequest(HttpExecuteRequest request) {
    return new ExecutableHttpRequest() {
      @Override
      public HttpExecuteResponse call() throws IOException {
        byte[] body = new byte[0];
        if (request.contentStreamProvider().isPresent()) {
          try (InputStream in = request.contentStreamProvider().get().newStream()) {
            body = in.readAllBytes();
          }
        }
        Server now = server;
        if (now == null) {
          throw new IOException("nobody serves");
        }
        SdkHttpFullResponse response = response(now.answer(head(request.httpRequest()), body));
        return HttpExecuteResponse.builder()
            .response(response)
            .responseBody(response.content().orElse(null))
            .build();
      }

      @Override
      public void abort() {}
    };
  }

  @Override
  public void close() {}
}
