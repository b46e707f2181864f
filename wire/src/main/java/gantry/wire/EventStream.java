package gantry.wire;

import gantry.wire.protocol.EventFrames;
import gantry.wire.schema.SdkShapes;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Proxy;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import software.amazon.awssdk.awscore.eventstream.EventStreamResponseHandler;
import software.amazon.awssdk.core.SdkResponse;

/**
 * The answer of an operation that goes on: what its handler publishes, as frames, one after the
 * other. An event is asked for when the one before it has been written, so that a slow reader holds
 * up nobody but itself.
 */
final class EventStream extends InputStream {

  private static final byte[] END = new byte[0];

  private final Class<?> base;
  private final Object handler;
  private final BlockingQueue<byte[]> frames = new LinkedBlockingQueue<>();
  private @Nullable SdkResponse response;
  private volatile @Nullable Subscription subscription;
  private byte[] frame = END;
  private int at;
  private boolean ended;

  /**
   * Made for one answer.
   *
   * @param handlerType the SDK's handler of that operation's answers
   */
  EventStream(Class<?> handlerType) {
    this.base = eventType(handlerType);
    this.handler =
        Proxy.newProxyInstance(
            handlerType.getClassLoader(),
            new Class<?>[] {handlerType},
            (proxy, method, arguments) -> {
              switch (method.getName()) {
                case "responseReceived" -> response = (SdkResponse) arguments[0];
                case "onEventStream" -> ((Publisher<?>) arguments[0]).subscribe(new Events());
                case "exceptionOccurred" -> fail((Throwable) arguments[0]);
                case "complete" -> frames.add(END);
                case "hashCode" -> {
                  return System.identityHashCode(proxy);
                }
                case "equals" -> {
                  return proxy == arguments[0];
                }
                case "toString" -> {
                  return "the handler of " + handlerType.getSimpleName();
                }
                default -> throw new UnsupportedOperationException(method.toString());
              }
              return null;
            });
  }

  /** What the events of that handler are. */
  private static Class<?> eventType(Class<?> handlerType) {
    for (var each : handlerType.getGenericInterfaces()) {
      if (each instanceof ParameterizedType type
          && type.getRawType() == EventStreamResponseHandler.class) {
        return (Class<?>) type.getActualTypeArguments()[1];
      }
    }
    throw new IllegalArgumentException(handlerType + " handles no events");
  }

  /** What the implementation is given to answer to. */
  Object handler() {
    return handler;
  }

  /** The answer's head, which the implementation gave before it returned. */
  SdkResponse response() {
    SdkResponse given = response;
    if (given == null) {
      throw new IllegalStateException("no answer was given for " + base.getSimpleName());
    }
    return given;
  }

  private final class Events implements Subscriber<Object> {
    @Override
    public void onSubscribe(Subscription given) {
      subscription = given;
      SdkResponse head = response();
      frames.add(EventFrames.initial(SdkShapes.of(head.getClass()), head));
    }

    @Override
    public void onNext(Object event) {
      Class<?> type = event.getClass();
      while (type.getPackage() != base.getPackage()) {
        type = type.getSuperclass(); // the builder's own kind, of a package below
      }
      frames.add(EventFrames.event(name(event), SdkShapes.of(type), event));
    }

    @Override
    public void onError(Throwable failure) {
      fail(failure);
    }

    @Override
    public void onComplete() {
      frames.add(END);
    }
  }

  /** What the model calls that event. */
  private String name(Object event) {
    try {
      Method type = base.getMethod("sdkEventType");
      return type.invoke(event).toString();
    } catch (NoSuchMethodException | IllegalAccessException | InvocationTargetException e) {
      throw new IllegalStateException(event + " has no type", e);
    }
  }

  private void fail(Throwable failure) {
    String name = failure.getClass().getSimpleName();
    frames.add(EventFrames.exception(name, failure.getMessage()));
    frames.add(END);
  }

  /** The next frame into {@link #frame}; false at the end. */
  private boolean next() throws IOException {
    if (ended) {
      return false;
    }
    Subscription source = subscription;
    if (frames.isEmpty() && source != null) {
      source.request(1);
    }
    try {
      frame = frames.take();
      at = 0;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    ended = frame == END;
    return !ended;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] to, int offset, int length) throws IOException {
    if (at == frame.length && !next()) {
      return -1;
    }
    int n = Math.min(length, frame.length - at);
    System.arraycopy(frame, at, to, offset, n);
    at += n;
    return n;
  }

  /** Each frame leaves as soon as it is there. */
  @Override
  public long transferTo(OutputStream out) throws IOException {
    long written = 0;
    while (at < frame.length || next()) {
      out.write(frame, at, frame.length - at);
      written += frame.length - at;
      at = frame.length;
      out.flush();
    }
    return written;
  }

  @Override
  public void close() {
    Subscription source = subscription;
    if (source != null) {
      source.cancel();
    }
  }
}
