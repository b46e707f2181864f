package gantry.junit;

import gantry.app.Gantry;
import java.lang.reflect.InvocationTargetException;
import java.net.URI;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsSyncClientBuilder;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;

/** The Gantry of a test class: where it is, and clients that are pointed there. */
public final class RunningGantry implements AutoCloseable {

  private static final String KEY = "test";

  private final Gantry gantry;
  private final SdkHttpClient http = UrlConnectionHttpClient.create();
  private final Map<Class<?>, SdkClient> clients = new ConcurrentHashMap<>();

  RunningGantry(Gantry gantry) {
    this.gantry = gantry;
  }

  /** What {@code AWS_ENDPOINT_URL} is to be. */
  public URI endpoint() {
    return URI.create(gantry.url());
  }

  public String region() {
    return gantry.options().region();
  }

  public String account() {
    return gantry.options().account();
  }

  /** What a program that is tested needs in its environment. */
  public Map<String, String> environment() {
    return Map.of(
        "AWS_ENDPOINT_URL", gantry.url(),
        "AWS_REGION", region(),
        "AWS_DEFAULT_REGION", region(),
        "AWS_ACCESS_KEY_ID", KEY,
        "AWS_SECRET_ACCESS_KEY", KEY);
  }

  /** The SDK's own client, pointed here; one for each interface, closed with this. */
  public <C extends SdkClient> C client(Class<C> type) {
    return type.cast(clients.computeIfAbsent(type, this::build));
  }

  /** Drops all that tests made. */
  public void reset() {
    gantry.reset();
  }

  private SdkClient build(Class<?> type) {
    try {
      AwsClientBuilder<?, ?> builder =
          (AwsClientBuilder<?, ?>) type.getMethod("builder").invoke(null);
      if (!(builder instanceof AwsSyncClientBuilder<?, ?> sync)) {
        throw new IllegalArgumentException(type.getName() + " is not a synchronous client");
      }
      sync.httpClient(http);
      builder.endpointOverride(endpoint());
      builder.region(Region.of(region()));
      builder.credentialsProvider(
          StaticCredentialsProvider.create(AwsBasicCredentials.create(KEY, KEY)));
      return (SdkClient) builder.build();
    } catch (NoSuchMethodException | IllegalAccessException | InvocationTargetException e) {
      throw new IllegalArgumentException(type.getName() + " is no client of the AWS SDK", e);
    }
  }

  @Override
  public void close() {
    clients.values().forEach(SdkClient::close);
    http.close();
    gantry.close();
  }
}
