package gantry.wire;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.wire.schema.SdkShapes;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import software.amazon.awssdk.awscore.AwsResponse;
import software.amazon.awssdk.core.ClientEndpointProvider;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.client.config.SdkClientConfiguration;
import software.amazon.awssdk.core.client.config.SdkClientOption;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.http.SdkHttpFullRequest;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.protocols.core.OperationInfo;
import software.amazon.awssdk.protocols.json.AwsJsonProtocol;
import software.amazon.awssdk.protocols.json.AwsJsonProtocolFactory;
import software.amazon.awssdk.protocols.json.JsonOperationMetadata;
import software.amazon.awssdk.protocols.query.AwsQueryProtocolFactory;

/**
 * A service that speaks several protocols, in those that its SDK client does not use: the SDK's own
 * codecs of these protocols stand in for an older or a foreign client.
 */
class OtherProtocolsTest {
  private static final long SEED = Long.getLong("gantry.seed", new Random().nextLong());

  static Stream<Class<? extends SdkClient>> services() {
    return RoundTripTest.services()
        .filter(
            c ->
                ServiceInfo.of(c).protocols().stream()
                        .filter(p -> p.equals("json") || p.equals("query"))
                        .count()
                    > 1);
  }

  private static final SdkClientConfiguration CONFIGURATION =
      SdkClientConfiguration.builder()
          .option(
              SdkClientOption.CLIENT_ENDPOINT_PROVIDER,
              ClientEndpointProvider.create(URI.create("http://localhost:4566"), false))
          .build();

  /** One of the SDK's codecs. */
  private interface Client {
    SdkHttpFullRequest request(Operation operation, SdkPojo request);

    Object response(Operation operation, Reply reply) throws Exception;
  }

  private static SdkPojo builder(Operation operation) {
    return (SdkPojo) SdkShapes.of(operation.responseClass()).newBuilder();
  }

  private static final class Json implements Client {
    private final AwsJsonProtocolFactory factory =
        AwsJsonProtocolFactory.builder()
            .clientConfiguration(CONFIGURATION)
            .protocol(AwsJsonProtocol.AWS_JSON)
            .protocolVersion("1.0")
            .build();

    @Override
    public SdkHttpFullRequest request(Operation operation, SdkPojo request) {
      return factory
          .createProtocolMarshaller(
              OperationInfo.builder()
                  .requestUri("/")
                  .httpMethod(SdkHttpMethod.POST)
                  .operationIdentifier(
                      operation.service().info().targetPrefix() + "." + operation.name())
                  .hasPayloadMembers(true)
                  .build())
          .marshall(request);
    }

    @Override
    public Object response(Operation operation, Reply reply) throws Exception {
      return factory
          .<AwsResponse>createResponseHandler(
              JsonOperationMetadata.builder()
                  .hasStreamingSuccessResponse(false)
                  .isPayloadJson(true)
                  .build(),
              () -> builder(operation))
          .handle(LoopbackHttp.response(reply), new ExecutionAttributes());
    }
  }

  private static final class Query implements Client {
    private final AwsQueryProtocolFactory factory =
        AwsQueryProtocolFactory.builder().clientConfiguration(CONFIGURATION).build();

    @Override
    public SdkHttpFullRequest request(Operation operation, SdkPojo request) {
      SdkHttpFullRequest http =
          factory
              .createProtocolMarshaller(
                  OperationInfo.builder()
                      .requestUri("/")
                      .httpMethod(SdkHttpMethod.POST)
                      .operationIdentifier(operation.name())
                      .apiVersion(operation.service().info().apiVersion())
                      .hasPayloadMembers(true)
                      .build())
              .marshall(request);
      return http;
    }

    @Override
    public Object response(Operation operation, Reply reply) throws Exception {
      return factory
          .<AwsResponse>createResponseHandler(() -> builder(operation))
          .handle(LoopbackHttp.response(reply), new ExecutionAttributes());
    }
  }

  @ParameterizedTest
  @MethodSource("services")
  void everyOperationThereAndBack(Class<? extends SdkClient> type) throws Exception {
    Wire wire = new Wire(RoundTripTest.services().toList());
    List<String> failures = new ArrayList<>();
    Map<Protocol, Client> clients =
        Map.of(Protocol.AWS_JSON_1_0, new Json(), Protocol.AWS_QUERY, new Query());
    for (Map.Entry<Protocol, Client> entry : clients.entrySet()) {
      for (Operation operation : ServiceModel.of(type).operations()) {
        for (int i = 0; i < 3; i++) {
          long seed = SEED + i * 7919L + operation.name().hashCode();
          try {
            thereAndBack(wire, entry.getKey(), entry.getValue(), operation, new Random(seed));
          } catch (AssertionError | RuntimeException e) {
            failures.add(
                entry.getKey()
                    + " "
                    + operation.name()
                    + " "
                    + seed
                    + ": "
                    + RoundTripTest.first(e));
            break;
          }
        }
      }
    }
    assertThat(failures).as("seed %d", SEED).isEmpty();
  }

  private static void thereAndBack(
      Wire wire, Protocol protocol, Client client, Operation operation, Random random)
      throws Exception {
    RandomShapes shapes = new RandomShapes(random, 4, RandomShapes.Habits.PLAIN);
    SdkPojo request = (SdkPojo) shapes.structure(operation.binding().input());
    SdkHttpFullRequest http = client.request(operation, request);
    RequestBody body = RequestBody.of(bytes(http));
    Route route = wire.route(LoopbackHttp.head(http), body);
    assertThat(route.operation().name()).isEqualTo(operation.name());
    assertThat(route.protocol()).isEqualTo(protocol);
    RoundTripTest.assertSame(
        route.decode(body), request, operation.binding().input(), RandomShapes.Habits.PLAIN);
    var response =
        (software.amazon.awssdk.core.SdkResponse) shapes.structure(operation.binding().output());
    RoundTripTest.assertSame(
        client.response(operation, route.encode(response, "req-3")),
        response,
        operation.binding().output(),
        RandomShapes.Habits.PLAIN);
  }

  private static byte[] bytes(SdkHttpFullRequest http) throws IOException {
    if (http.contentStreamProvider().isEmpty()) {
      return new byte[0];
    }
    try (var in = http.contentStreamProvider().get().newStream()) {
      return in.readAllBytes();
    }
  }
}
