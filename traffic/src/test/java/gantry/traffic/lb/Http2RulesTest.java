package gantry.traffic.lb;

import static gantry.traffic.lb.Frames.DATA;
import static gantry.traffic.lb.Frames.END_HEADERS;
import static gantry.traffic.lb.Frames.END_STREAM;
import static gantry.traffic.lb.Frames.GO_AWAY;
import static gantry.traffic.lb.Frames.HEADERS;
import static gantry.traffic.lb.Frames.PING;
import static gantry.traffic.lb.Frames.PRIORITY;
import static gantry.traffic.lb.Frames.REQUEST;
import static gantry.traffic.lb.Frames.RESET;
import static gantry.traffic.lb.Frames.SETTINGS;
import static gantry.traffic.lb.Frames.WINDOW_UPDATE;
import static gantry.traffic.lb.Frames.frame;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import gantry.traffic.lb.RoutingTable.GroupSettings;
import gantry.traffic.lb.RoutingTable.Protocol;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Frames that RFC 9113 forbids, each answered with the error that it names; nothing of them reaches
 * a target as a whole request.
 */
@Timeout(120)
class Http2RulesTest {

  private static final int PROTOCOL_ERROR = 1;
  private static final int FLOW_CONTROL_ERROR = 3;
  private static final int STREAM_CLOSED = 5;
  private static final int FRAME_SIZE_ERROR = 6;

  /** POST https / of "h". */
  private static final byte[] POST = {(byte) 0x83, (byte) 0x87, (byte) 0x84, 0x41, 0x01, 'h'};

  private static World world;
  private static Backend target;

  @BeforeAll
  static void begin() throws Exception {
    world = new World(1);
    target = new Backend("t");
    world.protocol = Protocol.HTTPS;
    world.certificates.add(Keys.make("cert/one", "one.example.com", "EC"));
    world.group("tg", GroupSettings.DEFAULTS, target).forwardAll("tg").apply().healthy(1);
  }

  @AfterAll
  static void end() {
    world.close();
    target.close();
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  private static byte[] literal(String name, String value) {
    return join(
        new byte[] {0, (byte) name.length()},
        name.getBytes(StandardCharsets.US_ASCII),
        new byte[] {(byte) value.length()},
        value.getBytes(StandardCharsets.US_ASCII));
  }

  private static byte[] head(int flags, byte[]... fields) {
    return frame(HEADERS, flags | END_HEADERS, 1, join(fields));
  }

  static Stream<Arguments> broken() {
    byte[] get = {(byte) 0x82};
    byte[] https = {(byte) 0x87};
    byte[] root = {(byte) 0x84};
    byte[] host = {0x41, 0x01, 'h'};
    byte[] most = {0x7f, (byte) 0xff, (byte) 0xff, (byte) 0xff};
    return Stream.of(
        arguments("no method", PROTOCOL_ERROR, head(END_STREAM, https, root, host)),
        arguments("no scheme", PROTOCOL_ERROR, head(END_STREAM, get, root, host)),
        arguments("no path", PROTOCOL_ERROR, head(END_STREAM, get, https, host)),
        arguments("two paths", PROTOCOL_ERROR, head(END_STREAM, get, https, root, root, host)),
        arguments(
            "a pseudo-header after others",
            PROTOCOL_ERROR,
            head(END_STREAM, get, https, literal("x", "y"), root, host)),
        arguments(
            "an unknown pseudo-header",
            PROTOCOL_ERROR,
            head(END_STREAM, REQUEST, literal(":evil", "1"))),
        arguments(
            "an upper-case name", PROTOCOL_ERROR, head(END_STREAM, REQUEST, literal("X-Y", "1"))),
        arguments(
            "a header of a connection",
            PROTOCOL_ERROR,
            head(END_STREAM, REQUEST, literal("connection", "close"))),
        arguments(
            "te that is not trailers",
            PROTOCOL_ERROR,
            head(END_STREAM, REQUEST, literal("te", "gzip"))),
        arguments(
            "a second head that does not end the stream",
            PROTOCOL_ERROR,
            join(head(0, POST), head(0, literal("x", "y")))),
        arguments(
            "a pseudo-header in the trailers",
            PROTOCOL_ERROR,
            join(head(0, POST), head(END_STREAM, get))),
        arguments(
            "less than it says",
            PROTOCOL_ERROR,
            join(
                head(0, POST, literal("content-length", "5")),
                frame(DATA, END_STREAM, 1, new byte[4]))),
        arguments(
            "more than it says",
            PROTOCOL_ERROR,
            join(
                head(0, POST, literal("content-length", "5")),
                frame(DATA, 0, 1, new byte[4]),
                frame(DATA, END_STREAM, 1, new byte[4]))),
        arguments(
            "data after the end",
            STREAM_CLOSED,
            join(
                head(END_STREAM, POST, literal("content-length", "0")),
                frame(DATA, END_STREAM, 1, new byte[4]))),
        arguments(
            "a head after the end", PROTOCOL_ERROR, join(held(), frame(HEADERS, 5, 1, REQUEST))),
        arguments(
            "a stream that depends on itself",
            PROTOCOL_ERROR,
            join(head(0, POST), frame(PRIORITY, 0, 1, 0, 0, 0, 1, 16))),
        arguments(
            "a priority too short",
            FRAME_SIZE_ERROR,
            join(head(0, POST), frame(PRIORITY, 0, 1, 0, 0, 0, 0))),
        arguments(
            "a window that grows by nothing",
            PROTOCOL_ERROR,
            join(head(0, POST), frame(WINDOW_UPDATE, 0, 1, new byte[4]))),
        arguments(
            "a stream's window too large",
            FLOW_CONTROL_ERROR,
            join(
                head(0, POST), frame(WINDOW_UPDATE, 0, 1, most), frame(WINDOW_UPDATE, 0, 1, most))),
        arguments(
            "the connection's window too large",
            FLOW_CONTROL_ERROR,
            join(frame(WINDOW_UPDATE, 0, 0, most), frame(WINDOW_UPDATE, 0, 0, most))),
        arguments("a stream of even number", PROTOCOL_ERROR, frame(HEADERS, 5, 2, REQUEST)),
        arguments("data on no stream", PROTOCOL_ERROR, frame(DATA, 0, 0, new byte[4])),
        arguments("data on an idle stream", PROTOCOL_ERROR, frame(DATA, 0, 3, new byte[4])),
        arguments("a reset of an idle stream", PROTOCOL_ERROR, frame(RESET, 0, 3, new byte[4])),
        arguments("settings on a stream", PROTOCOL_ERROR, frame(SETTINGS, 0, 1, new byte[0])),
        arguments("settings cut short", FRAME_SIZE_ERROR, frame(SETTINGS, 0, 0, new byte[3])),
        arguments("a ping cut short", FRAME_SIZE_ERROR, frame(PING, 0, 0, new byte[6])),
        arguments("a frame too large", FRAME_SIZE_ERROR, join(head(0, POST), large())),
        arguments(
            "something within a head",
            PROTOCOL_ERROR,
            join(frame(HEADERS, 0, 1, POST), frame(DATA, 0, 1, new byte[4]))));
  }

  /** A whole request that its target has not answered yet. */
  private static byte[] held() {
    byte[] path = join(new byte[] {0x04, 5}, "/held".getBytes(StandardCharsets.US_ASCII));
    return head(
        END_STREAM, new byte[] {(byte) 0x82, (byte) 0x87}, path, new byte[] {0x41, 0x01, 'h'});
  }

  private static byte[] large() {
    return frame(DATA, 0, 1, new byte[16_385]);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("broken")
  void is_answered_with_its_error(String what, int error, byte[] sent) throws Exception {
    target.answer =
        (request, in, out) -> {
          if (request.line().contains("/held")) {
            return in.read() >= 0;
          }
          return Backend.ok(out, "t");
        };
    try (SSLSocket socket = Frames.connect(world.port)) {
      socket.getOutputStream().write(sent);
      assertThat(errorOf(socket)).as(what).isEqualTo(error);
    }
    assertThat(target.requests)
        .as(what)
        .noneMatch(r -> r.line().startsWith("POST") && !r.body().isEmpty());
  }

  /** Of the first reset, or of the goodbye. */
  private static int errorOf(SSLSocket socket) throws IOException {
    InputStream in = socket.getInputStream();
    while (true) {
      byte[] head = in.readNBytes(9);
      assertThat(head).as("closed without a word").hasSize(9);
      int length = (head[0] & 255) << 16 | (head[1] & 255) << 8 | head[2] & 255;
      byte[] payload = in.readNBytes(length);
      if (head[3] == RESET) {
        return payload[3];
      }
      if (head[3] == GO_AWAY) {
        return payload[7];
      }
    }
  }
}
