package gantry.traffic.lb;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Reads from our own side of a TLS handshake by which group the keys are agreed, as neither TLS
 * library says it: TLS 1.3 names it in the key share of its ServerHello, TLS 1.2 in the
 * ServerKeyExchange. Stands where the bytes leave, only where a log wants it, and only as long as
 * the handshake lasts.
 */
final class KeyExchange extends ChannelOutboundHandlerAdapter {

  /** What is kept of a handshake: hellos and a chain of certificates are a few kilobytes. */
  private static final int MAX_BYTES = 32 * 1024;

  private static final int RECORD_HEADER = 5;
  private static final int HANDSHAKE_RECORD = 22;
  private static final int MESSAGE_HEADER = 4;
  private static final int SERVER_HELLO = 2;
  private static final int SERVER_KEY_EXCHANGE = 12;
  private static final int VERSION_AND_RANDOM = 34;
  private static final int CIPHER_AND_COMPRESSION = 3;
  private static final int KEY_SHARE = 51;
  private static final int NAMED_CURVE = 3;

  private final Client client;
  private final ByteArrayOutputStream written = new ByteArrayOutputStream(2048);

  KeyExchange(Client client) {
    this.client = client;
  }

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise)
      throws Exception {
    if (message instanceof ByteBuf bytes && written.size() + bytes.readableBytes() <= MAX_BYTES) {
      byte[] copy = new byte[bytes.readableBytes()];
      bytes.getBytes(bytes.readerIndex(), copy);
      written.writeBytes(copy);
    }
    super.write(ctx, message, promise);
  }

  /** The handshake of this connection is over. */
  static void end(ChannelPipeline pipeline) {
    KeyExchange own = pipeline.get(KeyExchange.class);
    if (own != null) {
      own.client.keyExchange = group(ByteBuffer.wrap(own.written.toByteArray()));
      pipeline.remove(own);
    }
  }

  /** The group that these records agree by; null where they say none, as resumed TLS 1.2 does. */
  static @Nullable String group(ByteBuffer records) {
    ByteBuffer messages = messages(records);
    String group = null;
    while (messages.remaining() >= MESSAGE_HEADER) {
      int header = messages.getInt();
      int length = header & 0xffffff;
      if (length > messages.remaining()) {
        break;
      }
      ByteBuffer body = messages.slice(messages.position(), length);
      messages.position(messages.position() + length);
      int type = header >>> 24;
      if (type == SERVER_HELLO) {
        group = shared(body);
      } else if (type == SERVER_KEY_EXCHANGE && body.remaining() >= 3) {
        group = body.get() == NAMED_CURVE ? name(body.getShort() & 0xffff) : null;
      }
    }
    return group;
  }

  /**
   * What the first records carry, those in the clear: what is encrypted comes after one of another
   * type. So does the answer to a second hello, whose group is the one that we asked it for.
   */
  private static ByteBuffer messages(ByteBuffer records) {
    ByteBuffer messages = ByteBuffer.allocate(records.remaining());
    while (records.remaining() >= RECORD_HEADER && records.get() == HANDSHAKE_RECORD) {
      records.getShort();
      int length = records.getShort() & 0xffff;
      if (length > records.remaining()) {
        break;
      }
      messages.put(records.slice(records.position(), length));
      records.position(records.position() + length);
    }
    return messages.flip();
  }

  /** The group of a ServerHello's key share; null in one of TLS 1.2. */
  private static @Nullable String shared(ByteBuffer hello) {
    hello.position(VERSION_AND_RANDOM);
    int session = hello.get() & 0xff;
    hello.position(hello.position() + session + CIPHER_AND_COMPRESSION);
    if (hello.remaining() < 2) {
      return null;
    }
    hello.getShort();
    while (hello.remaining() >= 4) {
      int extension = hello.getShort() & 0xffff;
      int length = hello.getShort() & 0xffff;
      if (extension == KEY_SHARE) {
        return name(hello.getShort() & 0xffff);
      }
      hello.position(hello.position() + length);
    }
    return null;
  }

  private static String name(int group) {
    return switch (group) {
      case 23 -> "secp256r1";
      case 24 -> "secp384r1";
      case 25 -> "secp521r1";
      case 29 -> "x25519";
      case 0x11ec -> "X25519MLKEM768";
      default -> "0x%04x".formatted(group);
    };
  }
}
