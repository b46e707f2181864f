package gantry.wire;

import gantry.wire.schema.SdkShapes;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Proxy;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.eventstream.EventStreamResponseHandler;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.SdkResponse;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.core.sync.ResponseTransformer;

/** One operation: the method of the client interface that it is, and its place on the wire. */
public final class Operation {
  /** Receives the answer of an operation whose body streams, while the handler still runs. */
  @FunctionalInterface
  public interface Streamed {
    void answer(SdkResponse response, InputStream content) throws IOException;
  }

  private final ServiceModel service;
  private final String name;
  private final Method method;
  private final MethodHandle handle;
  private final String[] model;
  private final UriTemplate uri;
  private final boolean streamsIn;
  private final boolean streamsOut;
  private volatile @Nullable Binding binding;
  private final @Nullable Class<?> eventHandler;
  private final @Nullable Integer constraints;
  private final ClassValue<Boolean> implementedBy =
      new ClassValue<>() {
        @Override
        protected Boolean computeValue(Class<?> type) {
          return overrides(type);
        }
      };

  Operation(ServiceModel service, String name, Method method, String[] model) {
    this.service = service;
    this.name = name;
    this.method = method;
    boolean in = false;
    boolean out = false;
    for (Class<?> parameter : method.getParameterTypes()) {
      in |= parameter == RequestBody.class;
      out |= parameter == ResponseTransformer.class;
    }
    Class<?>[] parameters = method.getParameterTypes();
    Class<?> last = parameters[parameters.length - 1];
    this.eventHandler = EventStreamResponseHandler.class.isAssignableFrom(last) ? last : null;
    out |= eventHandler != null;
    this.model = model;
    this.uri =
        UriTemplate.parse(
            model[1], model[2], model[6].isEmpty() ? List.of() : List.of(model[6].split(",", -1)));
    this.streamsIn = in;
    this.streamsOut = out;
    this.constraints = ModelFile.shapeIndex(model[7]);
    try {
      MethodHandle found = MethodHandles.publicLookup().unreflect(method);
      this.handle = found.asType(found.type().generic());
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(method + " is not public", e);
    }
  }

  /** {@code <T> T getObject(GetObjectRequest, ResponseTransformer<GetObjectResponse, T>)}. */
  private static Class<?> responseClass(Method method, boolean streamsOut) {
    if (!streamsOut) {
      return method.getReturnType();
    }
    Type[] types = method.getGenericParameterTypes();
    if (types[types.length - 1] instanceof Class<?> handler) {
      types = handler.getGenericInterfaces(); // of events: their handler's own supertype has it
    }
    var transformer = (ParameterizedType) types[types.length - 1];
    return (Class<?>) transformer.getActualTypeArguments()[0];
  }

  public ServiceModel service() {
    return service;
  }

  /** As the API has it: {@code DescribeClusters}. */
  public String name() {
    return name;
  }

  /** What a path is matched with before it is known which operation is meant. */
  UriTemplate uri() {
    return uri;
  }

  /**
   * Made when it is first asked for: the SDK's classes take their time when they are first used.
   */
  public Binding binding() {
    Binding known = binding;
    if (known == null) {
      known =
          new Binding(
              service.info(),
              name,
              uri,
              Integer.parseInt(model[3]),
              model[4],
              model[5],
              SdkShapes.of(requestClass()),
              SdkShapes.of(responseClass()),
              streamsIn,
              streamsOut);
      binding = known;
    }
    return known;
  }

  public boolean streamsIn() {
    return streamsIn;
  }

  public boolean streamsOut() {
    return streamsOut;
  }

  /** Whether the answer is a stream of events. */
  public boolean answersEvents() {
    return eventHandler != null;
  }

  public Class<?> requestClass() {
    return method.getParameterTypes()[0];
  }

  public Class<?> responseClass() {
    return responseClass(method, streamsOut());
  }

  /** The client interface's method. */
  public Method method() {
    return method;
  }

  @Nullable Integer constraints() {
    return constraints;
  }

  /** Whether that implementation of the client interface has this operation. */
  public boolean implementedBy(Object client) {
    return implementedBy.get(client.getClass());
  }

  private boolean overrides(Class<?> type) {
    if (eventHandler != null) {
      return eventMethod(type) != null;
    }
    if (Proxy.isProxyClass(type)) {
      return true;
    }
    try {
      return !type.getMethod(method.getName(), method.getParameterTypes())
          .getDeclaringClass()
          .isInterface();
    } catch (NoSuchMethodException e) {
      return false;
    }
  }

  /**
   * Runs the operation.
   *
   * @param payload the request's body, for an operation that streams in
   * @param streamed where an operation that streams out leaves its answer; called before this
   *     returns
   * @return the response; for an operation that streams out the one that {@code streamed} got
   */
  public SdkResponse invoke(
      SdkClient client,
      SdkRequest request,
      @Nullable InputStream payload,
      @Nullable Streamed streamed) {
    if (!implementedBy(client)) {
      throw Errors.notImplemented(this);
    }
    try {
      if (eventHandler != null) {
        return answerEvents(client, request, Objects.requireNonNull(streamed));
      }
      if (!streamsIn && !streamsOut) {
        return (SdkResponse) (Object) handle.invokeExact((Object) client, (Object) request);
      }
      Object body =
          streamsIn
              ? RequestBody.fromContentProvider(
                  () -> Objects.requireNonNull(payload), "application/octet-stream")
              : null;
      if (!streamsOut) {
        return (SdkResponse) (Object) handle.invokeExact((Object) client, (Object) request, body);
      }
      Streamed to = Objects.requireNonNull(streamed);
      ResponseTransformer<SdkResponse, SdkResponse> transformer =
          (response, content) -> {
            to.answer(response, content);
            return response;
          };
      return body == null
          ? (SdkResponse)
              (Object) handle.invokeExact((Object) client, (Object) request, (Object) transformer)
          : (SdkResponse)
              (Object)
                  handle.invokeExact((Object) client, (Object) request, body, (Object) transformer);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (Throwable e) {
      throw new IllegalStateException(name + " threw a checked exception", e);
    }
  }

  /**
   * The method of that name in an interface of the implementation's own: no synchronous client has
   * it.
   */
  private @Nullable Method eventMethod(Class<?> type) {
    for (Class<?> each : type.getInterfaces()) {
      try {
        return each.getMethod(method.getName(), method.getParameterTypes());
      } catch (NoSuchMethodException e) {
        // another one's
      }
    }
    return null;
  }

  private SdkResponse answerEvents(SdkClient client, SdkRequest request, Streamed to)
      throws Throwable {
    try (EventStream events = new EventStream(Objects.requireNonNull(eventHandler))) {
      Objects.requireNonNull(eventMethod(client.getClass()))
          .invoke(client, request, events.handler());
      SdkResponse response = events.response();
      try {
        to.answer(response, events);
      } catch (IOException e) {
        // The one who listened has gone, which is how such an answer usually ends.
      }
      return response;
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  @Override
  public String toString() {
    return service.info().id() + ":" + name;
  }
}
