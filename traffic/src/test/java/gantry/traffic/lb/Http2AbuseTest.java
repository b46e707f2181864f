package gantry.traffic.lb;

import static gantry.traffic.lb.Frames.CONTINUATION;
import static gantry.traffic.lb.Frames.END_HEADERS;
import static gantry.traffic.lb.Frames.END_STREAM;
import static gantry.traffic.lb.Frames.GO_AWAY;
import static gantry.traffic.lb.Frames.HEADERS;
import static gantry.traffic.lb.Frames.PING;
import static gantry.traffic.lb.Frames.REQUEST;
import static gantry.traffic.lb.Frames.RESET;
import static gantry.traffic.lb.Frames.SETTINGS;
import static gantry.traffic.lb.Frames.frame;
import static org.assertj.core.api.Assertions.assertThat;

import gantry.traffic.lb.RoutingTable.GroupSettings;
import gantry.traffic.lb.RoutingTable.Protocol;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Clients that make HTTP/2 expensive: each is cut off, and others are served meanwhile. */
@Execution(ExecutionMode.CONCURRENT) // each has a balancer of its own, and mostly waits
class Http2AbuseTest {

  private World world;
  private Backend a;

  @BeforeEach
  void begin() throws Exception {
    world = new World(1);
    a = new Backend("a");
    world.protocol = Protocol.HTTPS;
    world.certificates.add(Keys.make("cert/one", "one.example.com", "EC"));
    world.group("tg", GroupSettings.DEFAULTS, a).forwardAll("tg").apply().healthy(1);
  }

  @AfterEach
  void end() {
    world.close();
    a.close();
  }

  private SSLSocket connect() throws Exception {
    return Frames.connect(world.port);
  }

  /** The error that the connection ended with; -1: none was told. */
  private static int goAway(SSLSocket socket) throws IOException {
    InputStream in = socket.getInputStream();
    int error = -1;
    try {
      while (true) {
        byte[] head = in.readNBytes(9);
        if (head.length < 9) {
          return error;
        }
        int length = (head[0] & 255) << 16 | (head[1] & 255) << 8 | head[2] & 255;
        byte[] payload = in.readNBytes(length);
        if (head[3] == GO_AWAY) {
          error = payload[7];
        }
      }
    } catch (java.net.SocketTimeoutException e) {
      throw new AssertionError("the connection stays open", e);
    } catch (IOException reset) {
      return error;
    }
  }

  private void othersAreServed() throws Exception {
    try (SSLSocket other = connect()) {
      other.getOutputStream().write(frame(HEADERS, END_STREAM | END_HEADERS, 1, REQUEST));
      Frames.awaitOk(other);
    }
  }

  /** Writes until the other side has had enough. */
  private static boolean sent(OutputStream out, byte[] bytes) {
    try {
      out.write(bytes);
      return true;
    } catch (IOException cut) {
      return false;
    }
  }

  @Test
  void a_rapid_reset_is_cut_off_and_does_not_reach_the_target_without_end() throws Exception {
    try (SSLSocket socket = connect()) {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      for (int stream = 1; stream < 4000; stream += 2) {
        all.writeBytes(frame(HEADERS, END_STREAM | END_HEADERS, stream, REQUEST));
        all.writeBytes(frame(RESET, 0, stream, (byte) 0, (byte) 0, (byte) 0, (byte) 8));
      }
      boolean whole = sent(socket.getOutputStream(), all.toByteArray());
      assertThat(whole ? goAway(socket) : -1).as("the connection ends").isIn(11, 0, -1);
    }
    assertThat(a.requests.size()).as("of 2,000").isLessThan(400);
    othersAreServed();
  }

  @Test
  void headers_without_end_are_cut_off() throws Exception {
    try (SSLSocket socket = connect()) {
      OutputStream out = socket.getOutputStream();
      out.write(frame(HEADERS, END_STREAM, 1, REQUEST));
      // A literal header of 1 kB, again and again, and never the end.
      ByteArrayOutputStream field = new ByteArrayOutputStream();
      field.write(0);
      field.write(1);
      field.write('x');
      field.write(0x7f);
      field.writeBytes(new byte[] {(byte) 0x81, 7});
      field.writeBytes("y".repeat(127 + 1 + 7 * 128).getBytes(StandardCharsets.US_ASCII));
      byte[] frame = frame(CONTINUATION, 0, 1, field.toByteArray());
      int frames = 0;
      while (frames < 20_000 && sent(out, frame)) {
        frames++;
      }
      assertThat(frames < 20_000 ? -1 : goAway(socket)).isIn(-1, 1, 11);
      assertThat(frames).isLessThan(20_000);
    }
    assertThat(a.requests).isEmpty();
    othersAreServed();
  }

  @Test
  void empty_continuations_are_cut_off() throws Exception {
    try (SSLSocket socket = connect()) {
      OutputStream out = socket.getOutputStream();
      out.write(frame(HEADERS, END_STREAM, 1, REQUEST));
      byte[] frame = frame(CONTINUATION, 0, 1, new byte[0]);
      int frames = 0;
      while (frames < 50_000 && sent(out, frame)) {
        frames++;
      }
      // What it was sent before may all wait in buffers yet: what counts is that it ends.
      assertThat(frames < 50_000 ? -1 : goAway(socket)).isIn(-1, 1, 11);
    }
    othersAreServed();
  }

  @Test
  void settings_and_pings_whose_answers_nobody_reads_hold_up_nobody_else() throws Exception {
    for (byte[] frame :
        List.of(frame(SETTINGS, 0, 0, new byte[0]), frame(PING, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8))) {
      try (SSLSocket socket = connect()) {
        ByteArrayOutputStream many = new ByteArrayOutputStream();
        for (int i = 0; i < 500; i++) {
          many.writeBytes(frame);
        }
        byte[] block = many.toByteArray();
        AtomicInteger written = new AtomicInteger();
        Thread writer =
            Thread.ofVirtual()
                .start(
                    () -> {
                      for (int i = 0; i < 60; i++) {
                        try {
                          if (!sent(socket.getOutputStream(), block)) {
                            return;
                          }
                          written.incrementAndGet();
                        } catch (IOException e) {
                          return;
                        }
                      }
                    });
        othersAreServed();
        untilItStands(writer, written);
        othersAreServed();
      }
    }
  }

  /** Returns when the writer has ended, or gets no further: nobody takes what it writes. */
  private static void untilItStands(Thread writer, AtomicInteger written)
      throws InterruptedException {
    for (int before = -1; before != written.get(); ) {
      before = written.get();
      if (writer.join(Duration.ofMillis(100))) {
        return;
      }
    }
  }
}
