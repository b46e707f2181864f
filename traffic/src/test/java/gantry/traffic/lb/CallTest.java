package gantry.traffic.lb;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.traffic.lb.RoutingTable.GroupSettings;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests that another server took in, for a balancer that their Host names. */
@Timeout(120)
class CallTest {

  private static final String NAME = "w.us-east-1.elb.localhost";

  /** What another server would be: it keeps what it is told. */
  private static final class Made implements Call {
    private final String method;
    private final List<Map.Entry<String, String>> headers = new ArrayList<>();
    private final byte[] body;
    private final ByteArrayOutputStream answer = new ByteArrayOutputStream();
    private final CompletableFuture<List<Map.Entry<String, String>>> upgraded =
        new CompletableFuture<>();
    private final Pipe typed = new Pipe();
    private final Pipe seen = new Pipe();
    private List<Map.Entry<String, String>> said = List.of();
    private int status;

    Made(String method, String body) {
      this.method = method;
      this.body = body.getBytes(StandardCharsets.ISO_8859_1);
      headers.add(Map.entry("host", NAME));
    }

    Made header(String name, String value) {
      headers.add(Map.entry(name, value));
      return this;
    }

    String said(String name) {
      return said.stream()
          .filter(header -> header.getKey().equalsIgnoreCase(name))
          .map(Map.Entry::getValue)
          .findFirst()
          .orElse("(none)");
    }

    @Override
    public String method() {
      return method;
    }

    @Override
    public String target() {
      return "/path?q=1";
    }

    @Override
    public List<Map.Entry<String, String>> headers() {
      return headers;
    }

    @Override
    public String remoteAddress() {
      return "192.0.2.7";
    }

    @Override
    public InputStream body() {
      return new ByteArrayInputStream(body);
    }

    @Override
    public OutputStream begin(int begun, List<Map.Entry<String, String>> with) {
      status = begun;
      said = with;
      return answer;
    }

    @Override
    public Tunnel upgrade(List<Map.Entry<String, String>> with) {
      upgraded.complete(with);
      return new Tunnel(typed.in, seen.out);
    }
  }

  /** Bytes from any thread to any other. */
  private static final class Pipe {
    private static final byte[] END = {};
    private final BlockingQueue<byte[]> parts = new LinkedBlockingQueue<>();

    final OutputStream out =
        new OutputStream() {
          @Override
          public void write(int b) {
            parts.add(new byte[] {(byte) b});
          }

          @Override
          public void write(byte[] bytes, int offset, int length) {
            parts.add(Arrays.copyOfRange(bytes, offset, offset + length));
          }

          @Override
          public void close() {
            parts.add(END);
          }
        };

    final InputStream in =
        new InputStream() {
          private byte[] part = {};
          private int at;

          private boolean more() throws IOException {
            try {
              while (at == part.length) {
                byte[] next = parts.take();
                if (next == END) {
                  parts.add(END);
                  return false;
                }
                part = next;
                at = 0;
              }
              return true;
            } catch (InterruptedException e) {
              throw new IOException(e);
            }
          }

          @Override
          public int read() throws IOException {
            return more() ? part[at++] & 0xff : -1;
          }

          @Override
          public int read(byte[] into, int offset, int length) throws IOException {
            if (length == 0) {
              return 0;
            }
            if (!more()) {
              return -1;
            }
            int size = Math.min(length, part.length - at);
            System.arraycopy(part, at, into, offset, size);
            at += size;
            return size;
          }
        };
  }

  @Test
  void a_request_goes_there_and_back() throws IOException {
    try (Backend backend = new Backend("b");
        World world =
            new World().group("tg", GroupSettings.DEFAULTS, backend).forwardAll("tg").apply()) {
      world.healthy(1);
      Made call = new Made("POST", "x".repeat(100_000)).header("content-length", "100000");
      world.lb.serve(NAME, call);
      assertThat(call.status).isEqualTo(200);
      assertThat(call.answer.toString(StandardCharsets.ISO_8859_1)).isEqualTo("b");
      Backend.Request got = backend.requests.getFirst();
      assertThat(got.line()).isEqualTo("POST /path?q=1 HTTP/1.1");
      assertThat(got.body()).hasSize(100_000);
      assertThat(got.header("X-Forwarded-For")).isEqualTo("192.0.2.7");
    }
  }

  @Test
  void a_websocket_is_a_tunnel_here_too() throws Exception {
    try (Backend backend = new Backend("b");
        World world =
            new World().group("tg", GroupSettings.DEFAULTS, backend).forwardAll("tg").apply()) {
      world.healthy(1);
      backend.answer =
          (request, in, out) -> {
            assertThat(request.header("Connection")).isEqualToIgnoringCase("upgrade");
            Backend.write(
                out,
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Accept: yes\r\n\r\nhi");
            byte[] some = new byte[8192];
            for (int n = in.read(some); n >= 0 && some[n - 1] != '.'; n = in.read(some)) {
              out.write(some, 0, n);
            }
            return false;
          };
      Made call =
          new Made("GET", "")
              .header("connection", "keep-alive, Upgrade")
              .header("upgrade", "websocket");
      Thread serving = serve(world, call);
      List<Map.Entry<String, String>> with =
          call.upgraded.get(World.PATIENCE.toSeconds(), TimeUnit.SECONDS);
      assertThat(with)
          .contains(Map.entry("Upgrade", "websocket"), Map.entry("Sec-WebSocket-Accept", "yes"));
      assertThat(call.seen.in.readNBytes(2)).isEqualTo("hi".getBytes(StandardCharsets.US_ASCII));
      byte[] much = new byte[600_000];
      Arrays.fill(much, (byte) 'x');
      call.typed.out.write(much);
      assertThat(Arrays.equals(call.seen.in.readNBytes(much.length), much)).isTrue();
      // The target closes: that is how a tunnel ends, not a failure.
      call.typed.out.write('.');
      assertThat(serving.join(World.PATIENCE)).isTrue();
    }
  }

  @Test
  void a_client_that_leaves_its_tunnel_frees_the_target() throws Exception {
    CompletableFuture<Integer> end = new CompletableFuture<>();
    try (Backend backend = new Backend("b");
        World world =
            new World().group("tg", GroupSettings.DEFAULTS, backend).forwardAll("tg").apply()) {
      world.healthy(1);
      backend.answer =
          (request, in, out) -> {
            Backend.write(
                out,
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
            end.complete(in.read());
            return false;
          };
      Made call =
          new Made("GET", "").header("connection", "Upgrade").header("upgrade", "websocket");
      Thread serving = serve(world, call);
      call.upgraded.get(World.PATIENCE.toSeconds(), TimeUnit.SECONDS);
      call.typed.out.close();
      assertThat(end.get(World.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo(-1);
      assertThat(serving.join(World.PATIENCE)).isTrue();
    }
  }

  @Test
  void a_target_that_refuses_the_upgrade_is_heard() throws IOException {
    try (Backend backend = new Backend("b");
        World world =
            new World().group("tg", GroupSettings.DEFAULTS, backend).forwardAll("tg").apply()) {
      world.healthy(1);
      backend.answer =
          (request, in, out) ->
              Backend.write(out, "HTTP/1.1 426 No\r\nX-Why: old\r\nContent-Length: 2\r\n\r\nno");
      Made call =
          new Made("GET", "").header("connection", "Upgrade").header("upgrade", "websocket");
      world.lb.serve(NAME, call);
      assertThat(call.status).isEqualTo(426);
      assertThat(call.said("x-why")).isEqualTo("old");
      assertThat(call.answer.toString(StandardCharsets.ISO_8859_1)).isEqualTo("no");
    }
  }

  private static Thread serve(World world, Call call) {
    return Thread.ofVirtual()
        .start(
            () -> {
              try {
                world.lb.serve(NAME, call);
              } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            });
  }
}
