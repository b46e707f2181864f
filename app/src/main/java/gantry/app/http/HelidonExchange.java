package gantry.app.http;

import gantry.services.HttpExchange;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Headers;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BiConsumer;

/** A request and its answer on Helidon's server. */
public final class HelidonExchange implements HttpExchange {

  private final ServerRequest request;
  private final ServerResponse response;
  private boolean began;

  HelidonExchange(ServerRequest request, ServerResponse response) {
    this.request = request;
    this.response = response;
  }

  @Override
  public String method() {
    return request.prologue().method().text();
  }

  @Override
  public String path() {
    return request.prologue().uriPath().rawPath();
  }

  @Override
  public String query() {
    return request.prologue().query().rawValue();
  }

  @Override
  public String host() {
    String authority = request.authority();
    return authority == null ? "" : authority;
  }

  @Override
  public String remoteAddress() {
    return request.remotePeer().address() instanceof InetSocketAddress address
        ? address.getAddress().getHostAddress()
        : request.remotePeer().host();
  }

  @Override
  public List<String> headers(String name) {
    Headers headers = request.headers();
    var key = HeaderNames.create(name);
    if (headers.contains(key)) {
      return headers.get(key).allValues();
    }
    return name.equalsIgnoreCase("host") && !host().isEmpty() ? List.of(host()) : List.of();
  }

  @Override
  public List<String> headerNames() {
    List<String> names = new ArrayList<>(request.headers().size());
    for (Header header : request.headers()) {
      names.add(header.headerName().lowerCase());
    }
    return names;
  }

  /** Every header field, names in lower case. */
  public void forEachHeader(BiConsumer<String, String> field) {
    for (Header header : request.headers()) {
      for (String value : header.allValues()) {
        field.accept(header.headerName().lowerCase(), value);
      }
    }
  }

  @Override
  public InputStream body() {
    return new RequestStream(request.content().inputStream());
  }

  @Override
  public HttpExchange setHeader(String name, String value) {
    response
        .headers()
        .set(HeaderValues.create(name.toLowerCase(Locale.ROOT), checked(name, value)));
    return this;
  }

  @Override
  public HttpExchange addHeader(String name, String value) {
    response
        .headers()
        .add(HeaderValues.create(name.toLowerCase(Locale.ROOT), checked(name, value)));
    return this;
  }

  private static String checked(String name, String value) {
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if ((c < ' ' && c != '\t') || c == 0x7f) {
        throw new IllegalArgumentException("a control character in the value of " + name);
      }
    }
    return value;
  }

  @Override
  public OutputStream respond(int status) {
    began = true;
    response.status(Status.create(status));
    if (head()) {
      response.send();
      return OutputStream.nullOutputStream();
    }
    return response.outputStream();
  }

  @Override
  public void respond(int status, byte[] body) {
    began = true;
    response.status(Status.create(status));
    if (head()) {
      response.contentLength(body.length);
      response.send();
    } else {
      response.send(body);
    }
  }

  private boolean head() {
    return request.prologue().method().equals(Method.HEAD);
  }

  /** Too late for another answer. */
  boolean answered() {
    return began || response.isSent();
  }
}
