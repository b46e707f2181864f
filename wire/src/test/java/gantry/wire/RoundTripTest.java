package gantry.wire;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.wire.schema.Member;
import gantry.wire.schema.SdkShapes;
import gantry.wire.schema.Shape;
import java.io.ByteArrayInputStream;
import java.lang.reflect.Method;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.SdkResponse;
import software.amazon.awssdk.core.client.builder.SdkSyncClientBuilder;
import software.amazon.awssdk.regions.Region;

/**
 * Every operation of every service that has a model and whose SDK is on the class path: what the
 * real client sends decodes to the request that it was given, what we answer decodes in the client
 * to the response that we meant, and every modelled error arrives as itself. Nothing is listed by
 * hand.
 *
 * <p>A field of the SDK's costs half a millisecond when its class is first used, and EC2 has fifty
 * thousand: of a large service some operations are tried, other ones each time, and all of them by
 * {@link RoundTripAllTest}.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Execution(ExecutionMode.CONCURRENT)
class RoundTripTest {
  private static final long SEED = Long.getLong("gantry.seed", new Random().nextLong());

  /** Random requests and responses for each operation; another seed each run, so one will do. */
  private static final int ROUNDS = Integer.getInteger("gantry.rounds", 1);

  /** How many operations of one service are tried here. */
  static final int SOME = 40;

  /** The operations to be tried: all, or some of them by the seed. */
  List<Operation> tried(ServiceModel model) {
    List<Operation> all = new ArrayList<>(model.operations());
    if (all.size() <= SOME) {
      return all;
    }
    Collections.shuffle(all, new Random(SEED));
    return all.subList(0, SOME);
  }

  static Stream<Class<? extends SdkClient>> services() {
    List<Class<? extends SdkClient>> found = new ArrayList<>();
    for (ServiceInfo info : ServiceInfo.all()) {
      try {
        found.add(Class.forName(info.client()).asSubclass(SdkClient.class));
      } catch (ClassNotFoundException e) {
        // a service that this module does not test with
      }
    }
    return found.stream();
  }

  private static SdkClient client(Class<? extends SdkClient> type, LoopbackHttp http)
      throws ReflectiveOperationException {
    var builder = (AwsClientBuilder<?, ?>) type.getMethod("builder").invoke(null);
    builder
        .region(Region.EU_CENTRAL_1)
        .endpointOverride(URI.create("http://localhost:4566"))
        .credentialsProvider(
            StaticCredentialsProvider.create(AwsBasicCredentials.create("AKIDEXAMPLE", "secret")))
        .overrideConfiguration(o -> o.retryStrategy(AwsRetryStrategy.doNotRetry()));
    ((SdkSyncClientBuilder<?, ?>) builder).httpClient(http);
    if (builder instanceof software.amazon.awssdk.services.s3.S3ClientBuilder s3) {
      s3.forcePathStyle(true);
    }
    return (SdkClient) builder.build();
  }

  @ParameterizedTest
  @MethodSource("services")
  void everyOperationThereAndBack(Class<? extends SdkClient> type)
      throws ReflectiveOperationException {
    LoopbackHttp http = new LoopbackHttp();
    Wire wire = new Wire(services().toList());
    ServiceModel model = ServiceModel.of(type);
    List<String> failures = new ArrayList<>();
    try (SdkClient client = client(type, http)) {
      for (Operation operation : tried(model)) {
        if (operation.answersEvents()) {
          continue; // EventStreamTest
        }
        for (int i = 0; i < ROUNDS; i++) {
          long seed = SEED + i * 7919L + operation.name().hashCode();
          try {
            thereAndBack(wire, http, client, operation, new Random(seed));
          } catch (Foreign e) {
            break;
          } catch (AssertionError | RuntimeException e) {
            failures.add(operation.name() + " (seed " + seed + "): " + first(e));
            break;
          }
        }
      }
    }
    assertThat(failures)
        .as("seed %d: %s of %s", SEED, failures.size(), model.operations().size())
        .isEmpty();
  }

  /** S3's client signs some operations for other services: Object Lambda, Express. */
  private static boolean foreign(Operation operation, RequestHead head) {
    return !operation.service().info().signingName().equals(Wire.scope(head));
  }

  private static final class Foreign extends RuntimeException {}

  static String first(Throwable e) {
    StringBuilder text = new StringBuilder();
    for (Throwable t = e; t != null; t = t.getCause()) {
      text.append(t).append(" | ");
    }
    return text.length() > 1500 ? text.substring(0, 1500) : text.toString();
  }

  private static void thereAndBack(
      Wire wire, LoopbackHttp http, SdkClient client, Operation operation, Random random) {
    RandomShapes.Habits habits = RandomShapes.Habits.of(operation.service().info());
    RandomShapes shapes = new RandomShapes(random, 4, habits);
    SdkRequest request = (SdkRequest) shapes.structure(SdkShapes.of(operation.requestClass()));
    SdkResponse response = (SdkResponse) shapes.structure(SdkShapes.of(operation.responseClass()));
    byte[] up = shapes.text(false, false).getBytes(StandardCharsets.UTF_8);
    byte[] down = shapes.text(false, false).getBytes(StandardCharsets.UTF_8);
    List<Throwable> inside = new ArrayList<>();
    http.serve(
        (head, bytes) -> {
          RequestBody body = RequestBody.of(bytes);
          try {
            if (foreign(operation, head)) {
              throw new Foreign();
            }
            Route route = wire.route(head, body);
            assertThat(route.operation().name()).isEqualTo(operation.name());
            SdkRequest got = route.decode(body);
            assertSame(got, request, operation.binding().input(), habits);
            if (operation.streamsOut()) {
              return route.encode(response, "req-1", new ByteArrayInputStream(down));
            }
            return route.encode(response, "req-1");
          } catch (AssertionError | RuntimeException e) {
            inside.add(e);
            throw new IllegalStateException(e);
          }
        });
    SdkResponse got;
    try {
      got =
          operation.invoke(
              client,
              request,
              new ByteArrayInputStream(up),
              (answer, content) -> assertThat(content.readAllBytes()).isEqualTo(down));
    } catch (RuntimeException e) {
      if (!inside.isEmpty() && inside.getFirst() instanceof Foreign foreign) {
        throw foreign;
      }
      if (!inside.isEmpty()) {
        throw new AssertionError("on our side", inside.getFirst());
      }
      throw e;
    }
    assertSame(got, response, operation.binding().output(), habits);
  }

  /** As equalsBySdkFields, but says which member differs. */
  static void assertSame(Object got, Object expected, Shape shape, RandomShapes.Habits habits) {
    if (((SdkPojo) got).equalsBySdkFields(expected)) {
      return;
    }
    for (Member member : shape.members) {
      Object a = member.get(got);
      Object b = member.get(expected);
      if (!Objects.equals(a, b) && !(b == null && habits.leavesOut(member))) {
        throw new AssertionError(
            shape.name + "." + member.name + ": got " + a + " instead of " + b);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("services")
  void everyErrorArrivesAsItself(Class<? extends SdkClient> type)
      throws ReflectiveOperationException {
    LoopbackHttp http = new LoopbackHttp();
    Wire wire = new Wire(services().toList());
    ServiceModel model = ServiceModel.of(type);
    List<String> failures = new ArrayList<>();
    Set<Class<?>> done = new LinkedHashSet<>();
    try (SdkClient client = client(type, http)) {
      for (Operation operation : model.operations()) {
        for (Class<?> exception : operation.method().getExceptionTypes()) {
          if (AwsServiceException.class.isAssignableFrom(exception)
              && exception != AwsServiceException.class
              && exception.getSuperclass() != AwsServiceException.class
              && done.add(exception)) {
            try {
              error(wire, http, client, operation, exception);
            } catch (AssertionError | RuntimeException e) {
              failures.add(exception.getSimpleName() + ": " + first(e));
            }
          }
        }
      }
    }
    assertThat(failures).as("%s of %s", failures.size(), done.size()).isEmpty();
  }

  private static void error(
      Wire wire, LoopbackHttp http, SdkClient client, Operation operation, Class<?> type) {
    Random random = new Random(SEED + type.getName().hashCode());
    RandomShapes shapes =
        new RandomShapes(random, 3, RandomShapes.Habits.of(operation.service().info()));
    SdkRequest request = (SdkRequest) shapes.structure(SdkShapes.of(operation.requestClass()));
    Shape shape = SdkShapes.of(type);
    AwsServiceException.Builder builder = (AwsServiceException.Builder) shape.newBuilder();
    shapes.fill(shape, builder, 0);
    AwsServiceException thrown = builder.message("It <failed> & says \"why\".").build();
    http.serve(
        (head, bytes) -> {
          RequestBody body = RequestBody.of(bytes);
          return wire.route(head, body).encodeError(thrown, "req-2");
        });
    try {
      operation.invoke(
          client, request, new ByteArrayInputStream(new byte[1]), (answer, content) -> {});
      throw new AssertionError("no error arrived");
    } catch (AwsServiceException e) {
      assertThat(e.getClass()).isEqualTo(type);
      assertThat(e.requestId()).isEqualTo("req-2");
      AwsErrorDetails details = e.awsErrorDetails();
      if (!operation.binding().uri().method().equals("HEAD")) {
        assertThat(details.errorMessage()).isEqualTo("It <failed> & says \"why\".");
      }
      for (Member member : shape.members) {
        assertThat(member.get(e)).as(member.name).isEqualTo(member.get(thrown));
      }
    }
  }

  /** The model and the SDK know the same operations, but for those newer than our SDK. */
  @ParameterizedTest
  @MethodSource("services")
  void theModelHasEveryMethodOfTheClient(Class<? extends SdkClient> type) {
    ServiceModel model = ServiceModel.of(type);
    List<String> methods =
        ServiceModel.operationMethods(type).stream().map(Method::getName).sorted().toList();
    assertThat(
            model.operations().stream()
                .filter(o -> !o.answersEvents())
                .map(o -> o.method().getName())
                .sorted()
                .toList())
        .as("newer than the SDK: %s", model.newerThanSdk())
        .isEqualTo(methods);
  }
}
