package gantry.app.bench;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/**
 * Asks at a pace, however long the answers take, as clients that do not know of each other do; or,
 * without a pace, as fast as it is answered. The time of a request begins when it was due, so a
 * server that falls behind cannot hide it. It is a process of its own, so that it stays warm and on
 * its own core: each line on its input is a run, each line of its output what came of it.
 */
final class PacedLoad {

  /** What a run found. */
  record Found(long answered, long failed, double p50Millis, double p99Millis, double seconds) {

    static Found parse(String line) throws IOException {
      String[] words = line.split(" ", -1);
      if (words.length != 5) {
        throw new IOException("the load said: " + line);
      }
      return new Found(
          Long.parseLong(words[0]),
          Long.parseLong(words[1]),
          Double.parseDouble(words[2]),
          Double.parseDouble(words[3]),
          Double.parseDouble(words[4]));
    }
  }

  /**
   * A run.
   *
   * @param fresh a new connection for each request, with TLS; else they are kept, in the clear, and
   *     asked at a pace
   * @param rate requests a second, on the average; 0 when each answer is followed by a request
   */
  record Run(int port, String path, boolean fresh, int rate, int seconds) {

    String line() {
      return port + " " + path + " " + fresh + " " + rate + " " + seconds;
    }

    static Run parse(String line) {
      String[] words = line.split(" ", -1);
      return new Run(
          Integer.parseInt(words[0]),
          words[1],
          Boolean.parseBoolean(words[2]),
          Integer.parseInt(words[3]),
          Integer.parseInt(words[4]));
    }
  }

  /** How long after the last request was due its answer is waited for. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(5);

  static final int CONNECTIONS = 64;
  private static final int STATUS_AT = 9;
  private static final ByteBuf END_OF_HEAD =
      Unpooled.unreleasableBuffer(
          Unpooled.copiedBuffer("\r\n\r\n", StandardCharsets.US_ASCII).asReadOnly());

  private final EventLoop loop;
  private final SslContext tls;
  private final Run run;
  private final byte[] request;
  private final CountDownLatch over = new CountDownLatch(1);
  private final RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
  private final ArrayDeque<Line> idle = new ArrayDeque<>();

  /** When requests were due that no connection was free for. */
  private final ArrayDeque<Long> waiting = new ArrayDeque<>();

  private int connections;

  /** Of every answer's body; -1 before the first. */
  private long bodyLength = -1;

  private final long begun;
  private final long end;
  private long nextDue;
  private long[] micros = new long[1 << 16];
  private int answered;
  private long lastAnswer;
  private int failed;
  private int asked;

  private PacedLoad(EventLoop loop, SslContext tls, Run run) {
    this.loop = loop;
    this.tls = tls;
    this.run = run;
    this.request =
        ("GET "
                + run.path()
                + " HTTP/1.1\r\nHost: 127.0.0.1:"
                + run.port()
                + (run.fresh() ? "\r\nConnection: close" : "")
                + "\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII);
    this.begun = System.nanoTime();
    this.nextDue = begun;
    this.end = begun + TimeUnit.SECONDS.toNanos(run.seconds());
  }

  static void serve() throws IOException, InterruptedException {
    EventLoop loop =
        (EventLoop) new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory()).next();
    SslContext tls =
        SslContextBuilder.forClient()
            .sslProvider(OpenSsl.isAvailable() ? SslProvider.OPENSSL_REFCNT : SslProvider.JDK)
            .trustManager(InsecureTrustManagerFactory.INSTANCE)
            .endpointIdentificationAlgorithm("")
            // As wrk does with Debian's OpenSSL: BoringSSL alone would also make and send a
            // post-quantum share, which none of the three takes.
            .option(OpenSslContextOption.GROUPS, new String[] {"X25519", "P-256"})
            .build();
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      System.gc(); // now, and then not before the run is over
      PacedLoad load = new PacedLoad(loop, tls, Run.parse(line));
      loop.execute(load.run.rate() == 0 ? load::all : load::due);
      load.over.await();
      System.out.println(load.found());
    }
    System.exit(0);
  }

  private String found() {
    long[] sorted = Arrays.copyOf(micros, answered);
    Arrays.sort(sorted);
    return String.format(
        Locale.ROOT,
        "%d %d %.3f %.3f %.3f",
        answered,
        failed,
        answered == 0 ? 0 : sorted[answered / 2] / 1e3,
        answered == 0 ? 0 : sorted[(int) (answered * 0.99)] / 1e3,
        (lastAnswer - begun) / 1e9);
  }

  private static long bodyLength(String head) {
    for (String line : head.split("\r\n", -1)) {
      if (line.regionMatches(true, 0, "content-length: ", 0, 16)) {
        return Long.parseLong(line.substring(16));
      }
    }
    return 0;
  }

  /** Each connection asks, and asks again when it is answered. */
  private void all() {
    while (connections < CONNECTIONS) {
      another();
    }
    var _ = loop.schedule(this::finish, Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
  }

  private void another() {
    asked++;
    connections++;
    connect(System.nanoTime());
  }

  /** Sends what is due, and comes again when the next is. */
  private void due() {
    long now = System.nanoTime();
    while (nextDue <= now && nextDue < end) {
      asked++;
      Line kept = idle.pollLast();
      if (kept != null) {
        kept.ask(nextDue);
      } else if (run.fresh() || connections < CONNECTIONS) {
        connections++;
        connect(nextDue);
      } else {
        waiting.addLast(nextDue);
      }
      nextDue += Math.round(-Math.log(1 - random.nextDouble()) * 1e9 / run.rate());
    }
    if (nextDue < end) {
      var _ = loop.schedule(this::due, Math.max(0, nextDue - now), TimeUnit.NANOSECONDS);
    } else {
      finish();
    }
  }

  private void finish() {
    boolean late = System.nanoTime() > end + PATIENCE_NANOS;
    if (answered + failed >= asked || late) {
      failed = asked - answered;
      idle.forEach(line -> line.context.close());
      over.countDown();
    } else {
      var _ = loop.schedule(this::finish, 10, TimeUnit.MILLISECONDS);
    }
  }

  private void connect(long due) {
    new Bootstrap()
        .group(loop)
        .channel(EpollSocketChannel.class)
        .option(ChannelOption.TCP_NODELAY, true)
        .handler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                if (run.fresh()) {
                  channel.pipeline().addLast(tls.newHandler(channel.alloc()));
                }
                channel.pipeline().addLast(new Line(due));
              }
            })
        .connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), run.port()))
        .addListener(
            connected -> {
              if (!connected.isSuccess()) {
                connections--;
                failed++;
              }
            });
  }

  /** One connection. */
  private final class Line extends ChannelInboundHandlerAdapter {
    @SuppressWarnings("NullAway.Init")
    ChannelHandlerContext context;

    private long due;
    private boolean asking = true;
    private long bodyLeft;

    Line(long due) {
      this.due = due;
    }

    void ask(long at) {
      due = at;
      asking = true;
      send();
    }

    private void send() {
      context.writeAndFlush(Unpooled.wrappedBuffer(request), context.voidPromise());
    }

    @Override
    public void handlerAdded(ChannelHandlerContext added) {
      context = added;
    }

    @Override
    public void channelActive(ChannelHandlerContext active) {
      if (!run.fresh()) {
        send();
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext unused, Object event) {
      if (event instanceof SslHandshakeCompletionEvent shaken) {
        if (shaken.isSuccess()) {
          send();
        } else {
          context.close();
        }
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext unused, Object message) {
      ByteBuf in = (ByteBuf) message;
      if (bodyLeft == 0 && !head(in)) {
        return;
      }
      bodyLeft -= in.readableBytes();
      in.release();
      if (bodyLeft == 0) {
        done();
      }
    }

    /** False until the head is whole; then {@code in} stands at the body. */
    private boolean head(ByteBuf in) {
      int end = ByteBufUtil.indexOf(END_OF_HEAD, in);
      boolean good =
          end > STATUS_AT + 3
              && in.getByte(in.readerIndex() + STATUS_AT) == '2'
              && in.getByte(in.readerIndex() + STATUS_AT + 1) == '0'
              && in.getByte(in.readerIndex() + STATUS_AT + 2) == '0';
      if (!good) {
        // All three write their heads in one piece: what came is no answer of theirs.
        in.release();
        context.close();
        return false;
      }
      if (bodyLength < 0) {
        bodyLength =
            bodyLength(
                in.toString(in.readerIndex(), end - in.readerIndex(), StandardCharsets.ISO_8859_1));
      }
      bodyLeft = bodyLength;
      in.skipBytes(end - in.readerIndex() + END_OF_HEAD.readableBytes());
      return true;
    }

    private void done() {
      asking = false;
      if (answered == micros.length) {
        micros = Arrays.copyOf(micros, 2 * answered);
      }
      lastAnswer = System.nanoTime();
      micros[answered++] = (lastAnswer - due) / 1000;
      Long next = waiting.pollFirst();
      if (run.fresh()) {
        context.close();
        if (run.rate() == 0 && lastAnswer < end) {
          another();
        }
      } else if (next != null) {
        ask(next);
      } else {
        idle.addLast(this);
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext unused) {
      if (asking) {
        asking = false;
        failed++;
      }
      idle.remove(this);
      connections--;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext unused, Throwable cause) {
      context.close();
    }
  }
}
