package gantry.app.demo;

import gantry.wire.Operation;
import gantry.wire.ServiceModel;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsSyncClientBuilder;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.core.SdkResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ecr.EcrClient;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.elasticloadbalancingv2.ElasticLoadBalancingV2Client;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.servicediscovery.ServiceDiscoveryClient;
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.sts.StsClient;

/**
 * Commands of the aws CLI, shown as a person would type them, and carried out by the SDK's real
 * clients over HTTP: the CLI itself takes a second to begin, and the demo has fifty commands.
 */
final class Cli implements AutoCloseable {

  private static final Map<String, Class<? extends SdkClient>> SERVICES =
      Map.of(
          "ec2", Ec2Client.class,
          "ecr", EcrClient.class,
          "ecs", EcsClient.class,
          "elbv2", ElasticLoadBalancingV2Client.class,
          "iam", IamClient.class,
          "logs", CloudWatchLogsClient.class,
          "secretsmanager", SecretsManagerClient.class,
          "servicediscovery", ServiceDiscoveryClient.class,
          "ssm", SsmClient.class,
          "sts", StsClient.class);

  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_@%+=:,./-]+");

  private final String url;
  private final String region;
  private final AwsBasicCredentials credentials;
  private final PrintStream out;
  private final SdkHttpClient http = UrlConnectionHttpClient.create();
  private final Map<String, SdkClient> clients = new HashMap<>();

  Cli(String url, String region, String accessKeyId, String secret, PrintStream out) {
    this.url = url;
    this.region = region;
    this.credentials = AwsBasicCredentials.create(accessKeyId, secret);
    this.out = out;
  }

  /** Shows the command and runs it. */
  SdkResponse run(String... words) {
    out.println("$ " + shown("aws", words));
    return quiet(words);
  }

  /** Shows the command and runs it; the answer's part that {@code query} leads to, as the CLI. */
  String get(String query, String... words) {
    out.println("$ " + shown("aws", words) + " --query " + quoted(query) + " --output text");
    return String.join(" ", Query.texts(quiet(words), query));
  }

  /** Asks without showing it: what is asked again and again until it is so. */
  List<String> ask(String query, String... words) {
    return Query.texts(quiet(words), query);
  }

  SdkResponse quiet(String... words) {
    List<String> all = Arrays.asList(words);
    Class<? extends SdkClient> type = SERVICES.get(all.get(0));
    if (type == null) {
      throw new IllegalArgumentException("no service " + all.get(0));
    }
    Operation operation = ServiceModel.of(type).operation(operation(all.get(1)));
    if (operation == null) {
      throw new IllegalArgumentException("no operation " + all.get(1));
    }
    return operation.invoke(
        clients.computeIfAbsent(all.get(0), name -> client(type)),
        Words.request(operation.requestClass(), all.subList(2, all.size())),
        null,
        null);
  }

  /** {@code create-cluster} is {@code CreateCluster}. */
  private static String operation(String command) {
    StringBuilder name = new StringBuilder();
    for (String part : command.split("-")) {
      name.append(part.substring(0, 1).toUpperCase(Locale.ROOT)).append(part.substring(1));
    }
    return name.toString();
  }

  private SdkClient client(Class<? extends SdkClient> type) {
    try {
      Method make = type.getMethod("builder");
      AwsClientBuilder<?, ?> builder = (AwsClientBuilder<?, ?>) make.invoke(null);
      builder.endpointOverride(URI.create(url));
      builder.region(Region.of(region));
      builder.credentialsProvider(StaticCredentialsProvider.create(credentials));
      ((AwsSyncClientBuilder<?, ?>) builder).httpClient(http);
      return (SdkClient) builder.build();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type + " cannot be built", e);
    }
  }

  static String shown(String program, String... words) {
    List<String> quoted = new ArrayList<>(List.of(program));
    for (String word : words) {
      quoted.add(quoted(word));
    }
    return String.join(" ", quoted);
  }

  /** As a shell takes it back unchanged. */
  static String quoted(String word) {
    return PLAIN.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'";
  }

  @Override
  public void close() {
    clients.values().forEach(SdkClient::close);
    http.close();
  }
}
