package gantry.app.registry;

import gantry.services.ecr.Upstream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Other registries over HTTP and HTTPS. */
public final class HttpUpstream implements Upstream, AutoCloseable {

  private static final Duration CONNECT = Duration.ofSeconds(10);

  /** Until the answer begins; its body may take as long as it takes, while something comes. */
  private static final Duration BEGIN = Duration.ofSeconds(60);

  private static final int MAX_REDIRECTS = 5;

  /** Between two pieces of a body. */
  private static final Duration STALL = Duration.ofSeconds(60);

  private final Duration stall;
  private @Nullable HttpClient client;

  public HttpUpstream() {
    this(STALL);
  }

  /** For tests, which do not wait so long. */
  HttpUpstream(Duration stall) {
    this.stall = stall;
  }

  @Override
  public Answer get(String url, Map<String, String> headers) throws IOException {
    URI at = address(url);
    Map<String, String> sent = new LinkedHashMap<>(headers);
    for (int hop = 0; hop <= MAX_REDIRECTS; hop++) {
      HttpResponse<InputStream> answer = send(at, sent);
      String location = answer.headers().firstValue("location").orElse(null);
      if (answer.statusCode() < 300 || answer.statusCode() >= 400 || location == null) {
        Map<String, String> found = new LinkedHashMap<>();
        answer
            .headers()
            .map()
            .forEach((name, values) -> found.put(name.toLowerCase(Locale.ROOT), values.getFirst()));
        return new Answer(answer.statusCode(), found, new TimedBody(answer.body(), stall));
      }
      answer.body().close();
      URI next = redirected(at, location);
      boolean sameScheme = at.getScheme().equals(next.getScheme());
      if (!sameScheme && !"https".equals(next.getScheme())) {
        throw new IOException("the upstream redirects from TLS to " + next.getScheme());
      }
      if (!sameScheme || !next.getAuthority().equals(at.getAuthority())) {
        // Layers lie on other hosts, whose addresses are signed: they are not told who asks.
        sent.keySet().removeIf(name -> name.equalsIgnoreCase("authorization"));
      }
      at = next;
    }
    throw new IOException("the upstream redirects more than " + MAX_REDIRECTS + " times");
  }

  /** Addresses come from upstreams too, in challenges and redirects. */
  private static URI address(String url) throws IOException {
    try {
      return checked(URI.create(url));
    } catch (IllegalArgumentException e) {
      throw new IOException("no address of an upstream: " + url, e);
    }
  }

  private static URI redirected(URI from, String location) throws IOException {
    try {
      return checked(from.resolve(location));
    } catch (IllegalArgumentException e) {
      throw new IOException("the upstream redirects to " + location, e);
    }
  }

  private static URI checked(URI uri) throws IOException {
    if (uri.getHost() == null
        || !("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) {
      throw new IOException("no address of an upstream: " + uri);
    }
    return uri;
  }

  private HttpResponse<InputStream> send(URI at, Map<String, String> headers) throws IOException {
    HttpRequest.Builder request;
    try {
      request = HttpRequest.newBuilder(at).timeout(BEGIN);
      headers.forEach(request::header);
    } catch (IllegalArgumentException e) {
      throw new IOException("no address of an upstream: " + at, e);
    }
    try {
      return client().send(request.build(), BodyHandlers.ofInputStream());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } catch (IOException e) {
      // The JDK's exceptions of this kind often have no message at all.
      throw new IOException(at.getAuthority() + " does not answer: " + e, e);
    }
  }

  /** Made when it is first wanted: most programs have no upstream. */
  private synchronized HttpClient client() {
    HttpClient made = client;
    if (made == null) {
      made =
          HttpClient.newBuilder()
              .version(HttpClient.Version.HTTP_1_1)
              .connectTimeout(CONNECT)
              .build();
      client = made;
    }
    return made;
  }

  @Override
  public synchronized void close() {
    HttpClient made = client;
    if (made != null) {
      made.shutdownNow();
    }
  }
}
