package gantry.app.http;

import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.util.AsciiString;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A request and its answer, on whichever thread its handler runs. */
final class NettyExchange implements WholeExchange {

  /** Longer answers leave in pieces, so that they wait here and not in the connection. */
  private static final int PIECE = 64 * 1024;

  /** The codec of HTTP/2 puts some of its own among the client's headers. */
  private static final String CODECS_OWN = "x-http2-";

  private static final String CONTENT_LENGTH = "content-length";

  private final Front front;
  private final Outgoing out;
  private final HttpRequest request;

  /**
   * The client's headers, names and values in turn. There are few, and most of those that are asked
   * for are not among them: looking through all costs less than hashing each name that is asked.
   */
  private final CharSequence[] fields;

  private final String path;
  private final String query;
  private final AnswerHeaders answer = new AnswerHeaders();
  private @Nullable BodyStream stream;
  private byte @Nullable [] whole;
  private boolean began;
  private boolean complete;
  private long declared = -1;
  private long sent;

  NettyExchange(Front front, Outgoing out, HttpRequest request) {
    this.front = front;
    this.out = out;
    this.request = request;
    this.fields = inTurn(request.headers());
    String uri = request.uri();
    int start = pathStart(uri);
    int question = uri.indexOf('?', start);
    String before = question < 0 ? uri.substring(start) : uri.substring(start, question);
    this.path = before.isEmpty() ? "/" : before;
    this.query = question < 0 ? "" : uri.substring(question + 1);
  }

  private static CharSequence[] inTurn(HttpHeaders headers) {
    CharSequence[] all = new CharSequence[2 * headers.size()];
    int size = 0;
    for (var each = headers.iteratorCharSequence(); each.hasNext(); ) {
      Map.Entry<CharSequence, CharSequence> header = each.next();
      all[size++] = header.getKey();
      all[size++] = header.getValue();
    }
    return all;
  }

  /** Proxies and some clients send the whole URI. */
  private static int pathStart(String uri) {
    if (uri.startsWith("/")) {
      return 0;
    }
    int scheme = uri.indexOf("://");
    if (scheme < 0) {
      return 0;
    }
    for (int i = scheme + 3; i < uri.length(); i++) {
      if (uri.charAt(i) == '/' || uri.charAt(i) == '?') {
        return i;
      }
    }
    return uri.length();
  }

  void body(BodyStream coming) {
    stream = coming;
  }

  void body(byte[] came) {
    whole = came;
  }

  @Override
  public String method() {
    return request.method().name();
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public String query() {
    return query;
  }

  @Override
  public String host() {
    String host = header("host");
    return host == null ? "" : host;
  }

  @Override
  public String remoteAddress() {
    return front.peer();
  }

  @Override
  public @Nullable String header(String name) {
    for (int i = 0; i < fields.length; i += 2) {
      if (AsciiString.contentEqualsIgnoreCase(fields[i], name)) {
        return fields[i + 1].toString();
      }
    }
    return null;
  }

  @Override
  public List<String> headers(String name) {
    return request.headers().getAll(name);
  }

  @Override
  public List<String> headerNames() {
    List<String> names = new ArrayList<>();
    for (Map.Entry<String, String> header : request.headers()) {
      String name = header.getKey().toLowerCase(Locale.ROOT);
      if (!name.startsWith(CODECS_OWN) && !names.contains(name)) {
        names.add(name);
      }
    }
    return names;
  }

  @Override
  public InputStream body() {
    BodyStream coming = stream;
    if (coming != null) {
      return coming;
    }
    byte[] came = whole;
    return came == null ? InputStream.nullInputStream() : new ByteArrayInputStream(came);
  }

  @Override
  public byte @Nullable [] whole() {
    return whole;
  }

  @Override
  public NettyExchange setHeader(String name, String value) {
    answer.set(name, value);
    return this;
  }

  @Override
  public NettyExchange addHeader(String name, String value) {
    answer.add(name, value);
    return this;
  }

  @Override
  public OutputStream respond(int status) throws IOException {
    declared = length();
    if (head()) {
      complete = true;
      begun();
      out.whole(status, answer, new byte[0], false);
      return OutputStream.nullOutputStream();
    }
    return new AnswerStream(this, status);
  }

  @Override
  public void respond(int status, byte[] body) throws IOException {
    if (body.length > PIECE && !head() && !out.onLoop()) {
      declared = body.length;
      setHeader(CONTENT_LENGTH, Integer.toString(body.length));
      try (AnswerStream out = new AnswerStream(this, status)) {
        out.write(body);
      }
      return;
    }
    begun();
    complete = true;
    if (status >= 200 && status != 204 && status != 304) {
      answer.set(CONTENT_LENGTH, Integer.toString(body.length));
    }
    out.whole(status, answer, body, !head());
  }

  /** The kernel sends it, where the answer's bytes are the connection's own. */
  @Override
  public void respond(int status, FileChannel file, long from, long count) throws IOException {
    if (head() || count == 0 || !out.sendsFiles()) {
      WholeExchange.super.respond(status, file, from, count);
      return;
    }
    if (from + count > file.size()) {
      throw new IOException("the file is shorter than " + (from + count) + " bytes");
    }
    setHeader(CONTENT_LENGTH, Long.toString(count));
    declared = count;
    begin(status);
    out.file(file, from, count);
    sent = count;
    end();
  }

  @Override
  public Tunnel upgrade() throws IOException {
    begun();
    complete = true;
    return new Tunnel(front.upgrade(answer), new RawStream(out));
  }

  private boolean head() {
    return request.method().equals(HttpMethod.HEAD);
  }

  /** How long the answer says it is, -1 when it does not. */
  private long length() throws IOException {
    String said = answer.get(CONTENT_LENGTH);
    try {
      return said == null ? -1 : Long.parseLong(said);
    } catch (NumberFormatException e) {
      throw new IOException("a content-length that is no number", e);
    }
  }

  private void begun() {
    if (began) {
      throw new IllegalStateException("there is an answer already");
    }
    began = true;
  }

  /** The head of an answer whose body follows. */
  void begin(int status) throws IOException {
    begun();
    out.begin(status, answer, declared >= 0);
  }

  void more(byte[] bytes) throws IOException {
    sent += bytes.length;
    if (declared >= 0 && sent > declared) {
      throw new IOException("the answer is longer than its content-length");
    }
    out.more(bytes);
  }

  void end() throws IOException {
    if (declared >= 0 && sent != declared) {
      throw new IOException("the answer is shorter than its content-length");
    }
    complete = true;
    out.end();
  }

  /** A streamed answer that was short. */
  void whole(int status, byte[] body) throws IOException {
    if (declared >= 0 && body.length != declared) {
      begun();
      throw new IOException("the answer is shorter than its content-length");
    }
    respond(status, body);
  }

  /** Too late for another answer. */
  boolean began() {
    return began;
  }

  /** All of the answer was given. */
  boolean complete() {
    return complete;
  }
}
