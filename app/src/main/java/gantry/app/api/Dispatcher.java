package gantry.app.api;

import gantry.app.http.BrokenRequest;
import gantry.app.http.QuickHandler;
import gantry.app.http.WholeExchange;
import gantry.services.HttpExchange;
import gantry.wire.Errors;
import gantry.wire.Headers;
import gantry.wire.Operation;
import gantry.wire.Reply;
import gantry.wire.RequestBody;
import gantry.wire.RequestHead;
import gantry.wire.Route;
import gantry.wire.Wire;
import gantry.wire.sigv4.Payload;
import gantry.wire.sigv4.SigV4Failure;
import gantry.wire.sigv4.SignedMessage;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.SdkResponse;

/** Answers the requests that speak one of AWS's protocols. */
public final class Dispatcher implements QuickHandler {

  private static final String TARGET = "x-amz-target";

  /** Says on an answer what {@code --iam enforce} would have said instead. */
  public static final String WOULD_BE_REFUSED = "x-gantry-would-be-refused";

  /** Names what nobody acts on of what was asked. */
  public static final String IGNORED = "x-gantry-ignored";

  private final Wire wire;
  private final Authentication authentication;
  private final Calls calls;
  private final QuickReads quickReads = new QuickReads();

  public Dispatcher(Wire wire, Authentication authentication, Calls calls) {
    this.wire = wire;
    this.authentication = authentication;
    this.calls = calls;
  }

  @Override
  public boolean quick(HttpExchange exchange) {
    return quickReads.quick(exchange.header(TARGET));
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    long began = System.nanoTime();
    String requestId = RequestIds.next();
    RequestHead head =
        new RequestHead(
            exchange.method(),
            exchange.path(),
            exchange.query().isEmpty() ? null : exchange.query(),
            new ExchangeHeaders(exchange));
    byte[] whole = exchange instanceof WholeExchange came ? came.whole() : null;
    RequestBody raw = whole == null ? RequestBody.of(exchange.body()) : RequestBody.of(whole);
    Route route;
    try {
      route = wire.route(head, raw);
    } catch (RuntimeException e) {
      throwIfBroken(e);
      log(exchange, requestId, e);
      write(exchange, wire.encodeError(head, e, requestId));
      return;
    }
    Answer answer = new Answer(exchange, route, requestId);
    try {
      Authentication.Known known =
          authentication.caller(
              new Message(exchange), route, requestId, exchange.remoteAddress(), raw::bytes);
      RequestBody body =
          known.payload() instanceof Payload.Plain
              ? raw
              : RequestBody.of(known.payload().decode(raw.stream()));
      SdkRequest request = route.decode(body);
      answer.payload = route.payload(body);
      SdkResponse response =
          calls.make(new Calls.Call(route.operation(), known.caller(), request), answer);
      if (!answer.written) {
        answer.write(route.encode(response, requestId));
      }
      quickReads.took(exchange.header(TARGET), route.operation(), System.nanoTime() - began);
    } catch (SigV4Failure.Refused e) {
      answer.fail(e.as(Authentication.dialect(route.service().info(), route.protocol())));
    } catch (RuntimeException | StackOverflowError e) {
      answer.fail(e);
    }
  }

  /** The rest of the call's answer, and what its transport has to say meanwhile. */
  private static final class Answer implements Calls.Transport {
    private final HttpExchange exchange;
    private final Route route;
    private final String requestId;
    private @Nullable InputStream payload;
    private boolean written;

    Answer(HttpExchange exchange, Route route, String requestId) {
      this.exchange = exchange;
      this.route = route;
      this.requestId = requestId;
    }

    @Override
    public void validate(SdkRequest request) {
      route.validate(request);
    }

    @Override
    public @Nullable InputStream payload() {
      return payload;
    }

    @Override
    public Operation.@Nullable Streamed streamed() {
      return route.operation().streamsOut()
          ? (response, content) -> write(route.encode(response, requestId, content))
          : null;
    }

    @Override
    public void ignored(List<String> members) {
      exchange.setHeader(IGNORED, String.join(", ", members));
    }

    @Override
    public void wouldBeRefused(String message) {
      exchange.setHeader(WOULD_BE_REFUSED, printable(message));
    }

    void write(Reply reply) throws IOException {
      written = true;
      Dispatcher.write(exchange, reply);
    }

    void fail(Throwable e) throws IOException {
      throwIfBroken(e);
      log(exchange, requestId, e);
      if (written) {
        throw new IOException("the answer broke off", e);
      }
      SigV4Failure.Refused refused = refusedIn(e);
      if (refused != null) {
        write(
            route.encodeError(
                refused.as(Authentication.dialect(route.service().info(), route.protocol())),
                requestId));
      } else {
        write(route.encodeError(e, requestId));
      }
    }
  }

  /** A body that is not what was signed shows while a handler reads it. */
  private static SigV4Failure.@Nullable Refused refusedIn(Throwable e) {
    Throwable at = e;
    for (int depth = 0; at != null && depth < 8; depth++) {
      if (at instanceof SigV4Failure.Refused refused) {
        return refused;
      }
      at = at.getCause();
    }
    return null;
  }

  private static void throwIfBroken(Throwable e) throws BrokenRequest {
    BrokenRequest broken = BrokenRequest.in(e);
    if (broken != null) {
      throw broken;
    }
  }

  private static void log(HttpExchange exchange, String requestId, Throwable e) {
    if (Errors.unexpected(e)) {
      LoggerFactory.getLogger(Dispatcher.class)
          .error("{} {} failed, request {}", exchange.method(), exchange.path(), requestId, e);
    }
  }

  private static void write(HttpExchange exchange, Reply reply) throws IOException {
    for (Map.Entry<String, String> header : reply.headers()) {
      exchange.setHeader(header.getKey(), header.getValue());
    }
    // No pattern switch: its bootstrap is not in the start-up cache and would cost the first
    // answer.
    if (reply.content() instanceof Reply.Content.Whole whole) {
      exchange.respond(reply.status(), whole.bytes());
    } else if (reply.content() instanceof Reply.Content.Stream stream) {
      if (stream.length() >= 0) {
        exchange.setHeader("content-length", Long.toString(stream.length()));
      }
      OutputStream out = exchange.respond(reply.status());
      stream.writer().writeTo(out);
      out.close(); // and only then: what broke off must not look whole
    }
  }

  /** Names that callers chose may hold what no header holds. */
  private static String printable(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.chars().forEach(c -> out.append(c >= ' ' && c < 0x7f ? (char) c : '?'));
    return out.toString();
  }

  private record ExchangeHeaders(HttpExchange exchange) implements Headers {
    @Override
    public @Nullable String first(String name) {
      return exchange.header(name);
    }

    @Override
    public void forEach(BiConsumer<String, String> field) {
      for (String name : exchange.headerNames()) {
        for (String value : exchange.headers(name)) {
          field.accept(name, value);
        }
      }
    }
  }

  private record Message(HttpExchange exchange) implements SignedMessage {
    @Override
    public String method() {
      return exchange.method();
    }

    @Override
    public String path() {
      return exchange.path();
    }

    @Override
    public String query() {
      return exchange.query();
    }

    @Override
    public @Nullable String header(String name) {
      return exchange.header(name);
    }

    @Override
    public List<String> headers(String name) {
      return exchange.headers(name);
    }

    @Override
    public Collection<String> headerNames() {
      return exchange.headerNames();
    }
  }
}
