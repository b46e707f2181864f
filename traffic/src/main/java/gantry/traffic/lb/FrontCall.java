package gantry.traffic.lb;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The client's half of an exchange whose client speaks with another server of this program: a
 * thread that may block reads the request and writes the answer, the event loop does the rest. Both
 * directions hold only so many bytes at a time.
 */
final class FrontCall extends Conn implements Front {

  private static final int PART = 16 * 1024;
  private static final int MAX_AHEAD = 256 * 1024;

  /** What the event loop tells the thread. */
  private sealed interface Said {
    record Head(int status, List<Map.Entry<String, String>> headers) implements Said {}

    record Upgrade(List<Map.Entry<String, String>> headers) implements Said {}

    record Part(ByteBuf data) implements Said {}

    record End() implements Said {}

    record Broken() implements Said {}
  }

  private final Call call;
  private final Compiled compiled;
  private final Client client;
  private final BlockingQueue<Said> said = new LinkedBlockingQueue<>();
  private final AtomicInteger ahead = new AtomicInteger();

  /** Held while the target takes no more of the request's body. */
  private final Semaphore mayRead = new Semaphore(1);

  private boolean paused;
  private boolean requestWhole;
  private boolean tunnel;
  private volatile boolean answered;
  private volatile @Nullable Thread bodyReader;
  private @Nullable Exchange exchange;
  private @Nullable Head head;

  FrontCall(Worker worker, Compiled compiled, Call call) throws UnknownHostException {
    super(worker);
    this.call = call;
    this.compiled = compiled;
    this.client =
        new Client(
            new InetSocketAddress(InetAddress.getByName(call.remoteAddress()), 0), false, null);
  }

  /** Serves the call; returns when its answer is written. */
  void serve() throws IOException {
    byte[] text = text().getBytes(StandardCharsets.ISO_8859_1);
    worker.loop.execute(() -> begin(text));
    OutputStream out = null;
    boolean whole = false;
    try {
      while (true) {
        switch (said.take()) {
          case Said.Head begun -> out = call.begin(begun.status(), begun.headers());
          case Said.Upgrade to -> {
            Call.Tunnel through = call.upgrade(to.headers());
            out = through.out();
            // Nobody waits for this one: it ends with the connection, which ends after us.
            Thread.ofVirtual().name("lb-call-tunnel").start(() -> readTunnel(through.in()));
          }
          case Said.Part part -> {
            try {
              if (out != null) {
                part.data().readBytes(out, part.data().readableBytes());
                if (said.isEmpty()) {
                  out.flush();
                }
              }
            } finally {
              int size = part.data().writerIndex();
              part.data().release();
              taken(size);
            }
          }
          case Said.End _ -> {
            whole = true;
            if (out != null) {
              out.close();
            }
            return;
          }
          case Said.Broken _ ->
              throw new IOException("the target's answer broke off: " + call.target());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } finally {
      if (!whole) {
        worker.loop.execute(this::gone);
      }
      stopReading();
    }
  }

  /** The body is the other server's again when this returns. */
  private void stopReading() throws IOException {
    answered = true;
    mayRead.release();
    Thread reader = bodyReader;
    if (reader != null) {
      try {
        reader.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      }
    }
  }

  private String text() {
    StringBuilder out = new StringBuilder(512);
    out.append(call.method()).append(' ').append(call.target()).append(" HTTP/1.1\r\n");
    for (Map.Entry<String, String> header : call.headers()) {
      // The other server is done with these: it says where the body ends by its stream.
      switch (header.getKey()) {
        case "expect", "transfer-encoding", "keep-alive", "http2-settings" -> {}
        case "connection" -> {
          if (header.getValue().toLowerCase(Locale.ROOT).contains("upgrade")) {
            out.append("connection: upgrade\r\n");
          }
        }
        default ->
            out.append(header.getKey()).append(": ").append(header.getValue()).append("\r\n");
      }
    }
    if (chunked()) {
      out.append("transfer-encoding: chunked\r\n");
    }
    return out.append("\r\n").toString();
  }

  private boolean has(String name) {
    return call.headers().stream().anyMatch(header -> header.getKey().equals(name));
  }

  /** A body whose length nobody said; HTTP/2 needs not say that there is one. */
  private boolean chunked() {
    return has("transfer-encoding")
        || (!has("content-length")
            && switch (call.method()) {
              case "POST", "PUT", "PATCH" -> true;
              default -> false;
            });
  }

  // --- on the event loop ---------------------------------------------------------------------

  private void begin(byte[] text) {
    worker.add(this);
    Head h = worker.takeHead();
    head = h;
    h.room(text.length);
    System.arraycopy(text, 0, h.bytes, 0, text.length);
    h.length = text.length;
    int end = HeadParser.request(h, text.length);
    Exchange x = new Exchange(worker, this, h, compiled, compiled.listener.port());
    exchange = x;
    if (end <= 0) {
      x.refuse(h.refuse == 0 ? 400 : h.refuse);
      return;
    }
    requestWhole = !h.chunked && h.contentLength <= 0;
    if (!requestWhole) {
      bodyReader = Thread.ofVirtual().name("lb-call-body").start(this::readBody);
    }
    x.start(requestWhole);
  }

  private void requestPart(byte[] part) {
    lastActive = System.nanoTime();
    Exchange x = exchange;
    if (x != null) {
      x.requestPart(Unpooled.wrappedBuffer(part));
      x.flushRequest();
    }
    if (!paused) {
      mayRead.release();
    }
  }

  private void requestEnds(boolean good) {
    requestWhole = true;
    Exchange x = exchange;
    if (x != null) {
      if (good) {
        x.requestEnd();
      } else {
        x.requestBroken();
      }
    }
  }

  @Override
  public void pauseReading() {
    paused = true;
  }

  @Override
  public void resumeReading() {
    if (paused) {
      paused = false;
      mayRead.release();
    }
  }

  /** The client closed the tunnel. */
  private void clientLeft() {
    Exchange x = exchange;
    if (x != null) {
      over();
      x.clientGone();
      said.add(new Said.End());
    }
  }

  private void gone() {
    Exchange x = exchange;
    over();
    if (x != null) {
      x.clientGone();
    }
    for (Said one = said.poll(); one != null; one = said.poll()) {
      if (one instanceof Said.Part part) {
        part.data().release();
      }
    }
  }

  private void over() {
    exchange = null;
    worker.remove(this);
    Head h = head;
    if (h != null) {
      head = null;
      worker.giveHead(h);
    }
  }

  @Override
  void tick(long now) {
    Exchange x = exchange;
    if (x != null) {
      x.tick(now, compiled.balancer.settings().idleTimeout().toNanos(), lastActive, !requestWhole);
    }
  }

  @Override
  void targetRemoved(TargetState target) {
    Exchange x = exchange;
    if (x != null) {
      x.targetRemoved(target);
    }
  }

  @Override
  void shut() {
    if (exchange != null) {
      abort();
    }
  }

  // --- on a thread of its own ----------------------------------------------------------------

  private void readBody() {
    try {
      InputStream in = call.body();
      while (true) {
        mayRead.acquire();
        if (answered) {
          return;
        }
        byte[] part = in.readNBytes(PART);
        if (part.length == 0) {
          worker.loop.execute(() -> requestEnds(true));
          return;
        }
        worker.loop.execute(() -> requestPart(part));
      }
    } catch (IOException | IllegalStateException e) {
      worker.owner.connectionProblem(e);
      worker.loop.execute(() -> requestEnds(false));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void readTunnel(InputStream in) {
    byte[] buffer = new byte[PART];
    try {
      while (true) {
        mayRead.acquire();
        int size = in.read(buffer);
        if (size < 0) {
          break;
        }
        byte[] part = Arrays.copyOf(buffer, size);
        worker.loop.execute(() -> requestPart(part));
      }
    } catch (IOException e) {
      worker.owner.connectionProblem(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    worker.loop.execute(this::clientLeft);
  }

  private void taken(int size) {
    int before = ahead.getAndAdd(-size);
    if (before >= MAX_AHEAD && before - size < MAX_AHEAD) {
      worker.loop.execute(
          () -> {
            Exchange x = exchange;
            if (x != null) {
              x.clientWritable(true);
            }
          });
    }
  }

  // --- the answer ----------------------------------------------------------------------------

  @Override
  public Client client() {
    return client;
  }

  @Override
  public void head(Exchange x, Head r, boolean bodyFollows) {
    lastActive = System.nanoTime();
    List<Map.Entry<String, String>> headers = new ArrayList<>();
    boolean listed = x.connectionLists(r);
    for (int i = 0; i < r.count; i++) {
      if (AnswerHead.passes(x, r, i, listed)) {
        headers.add(Map.entry(r.name(i), r.value(i)));
      }
    }
    Bytes extras = worker.out;
    extras.reset(4096);
    x.putExtras(extras);
    for (String line : extras.text(0, extras.size).split("\r\n", -1)) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        headers.add(Map.entry(line.substring(0, colon), line.substring(colon + 2)));
      }
    }
    x.account.sent += size(headers);
    if (r.status == 101) {
      headers.add(Map.entry("connection", "upgrade"));
      said.add(new Said.Upgrade(headers));
    } else {
      said.add(new Said.Head(r.status, headers));
    }
  }

  private static int size(List<Map.Entry<String, String>> headers) {
    int size = 0;
    for (Map.Entry<String, String> one : headers) {
      size += one.getKey().length() + one.getValue().length() + 4;
    }
    return size;
  }

  @Override
  public void bodyPart(ByteBuf data) {
    lastActive = System.nanoTime();
    ByteBuf part = data.readSlice(data.readableBytes());
    ahead.addAndGet(part.writerIndex());
    said.add(new Said.Part(part));
  }

  @Override
  public boolean writable() {
    return ahead.get() < MAX_AHEAD;
  }

  @Override
  public void end(@Nullable Head trailers) {
    over();
    said.add(new Said.End());
  }

  @Override
  public void reply(
      Exchange x, int status, String contentType, byte[] body, @Nullable String location) {
    List<Map.Entry<String, String>> headers = new ArrayList<>();
    headers.add(Map.entry("server", "awselb/2.0"));
    if (body.length > 0) {
      headers.add(Map.entry("content-type", contentType));
    }
    if (status != 204) {
      headers.add(Map.entry("content-length", Integer.toString(body.length)));
    }
    if (location != null) {
      headers.add(Map.entry("location", location));
    }
    said.add(new Said.Head(status, headers));
    x.replied(size(headers) + body.length);
    if (body.length > 0 && !x.head().methodIs("HEAD") && status != 204) {
      bodyPart(Unpooled.wrappedBuffer(body));
    }
    end(null);
  }

  @Override
  public void abort() {
    over();
    // A tunnel has no end but this.
    said.add(tunnel ? new Said.End() : new Said.Broken());
  }

  @Override
  public void flush() {}

  @Override
  public void becomeTunnel() {
    tunnel = true;
  }
}
