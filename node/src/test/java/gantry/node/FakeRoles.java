package gantry.node;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.cloudwatchlogs.model.CreateLogGroupRequest;
import software.amazon.awssdk.services.cloudwatchlogs.model.CreateLogGroupResponse;
import software.amazon.awssdk.services.cloudwatchlogs.model.CreateLogStreamRequest;
import software.amazon.awssdk.services.cloudwatchlogs.model.CreateLogStreamResponse;
import software.amazon.awssdk.services.cloudwatchlogs.model.InputLogEvent;
import software.amazon.awssdk.services.cloudwatchlogs.model.PutLogEventsRequest;
import software.amazon.awssdk.services.cloudwatchlogs.model.PutLogEventsResponse;
import software.amazon.awssdk.services.cloudwatchlogs.model.ResourceAlreadyExistsException;
import software.amazon.awssdk.services.cloudwatchlogs.model.ResourceNotFoundException;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.GetTaskProtectionRequest;
import software.amazon.awssdk.services.ecs.model.GetTaskProtectionResponse;
import software.amazon.awssdk.services.ecs.model.ProtectedTask;
import software.amazon.awssdk.services.ecs.model.UpdateTaskProtectionRequest;
import software.amazon.awssdk.services.ecs.model.UpdateTaskProtectionResponse;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.secretsmanager.model.GetSecretValueRequest;
import software.amazon.awssdk.services.secretsmanager.model.GetSecretValueResponse;
import software.amazon.awssdk.services.secretsmanager.model.SecretsManagerException;
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.ssm.model.GetParametersRequest;
import software.amazon.awssdk.services.ssm.model.GetParametersResponse;
import software.amazon.awssdk.services.ssm.model.Parameter;

/** The services that a node calls as a role, each just big enough, and who called. */
public final class FakeRoles implements RoleClients {

  public final List<String> callers = new CopyOnWriteArrayList<>();
  public final Map<String, String> secrets = new HashMap<>();
  final Map<String, String> parameters = new HashMap<>();
  final Map<String, List<InputLogEvent>> streams = new HashMap<>();
  final List<String> groups = new CopyOnWriteArrayList<>();
  volatile boolean protectionOn;

  @Override
  public <C extends SdkClient> C as(
      @Nullable String roleArn, String session, String account, String region, Class<C> client) {
    callers.add(roleArn + " " + region + " " + client.getSimpleName());
    if (client == SsmClient.class) {
      return client.cast(new Ssm());
    }
    if (client == SecretsManagerClient.class) {
      return client.cast(new Secrets());
    }
    if (client == CloudWatchLogsClient.class) {
      return client.cast(new CloudWatchLogs());
    }
    if (client == EcsClient.class) {
      return client.cast(new Protection());
    }
    throw new UnsupportedOperationException(client.getSimpleName());
  }

  public List<String> messages(String stream) {
    synchronized (streams) {
      return new ArrayList<>(streams.getOrDefault(stream, List.of()))
          .stream().map(InputLogEvent::message).toList();
    }
  }

  private final class Ssm implements SsmClient {
    @Override
    public GetParametersResponse getParameters(GetParametersRequest request) {
      String value = parameters.get(request.names().getFirst());
      return value == null
          ? GetParametersResponse.builder().invalidParameters(request.names()).build()
          : GetParametersResponse.builder()
              .parameters(Parameter.builder().name(request.names().getFirst()).value(value).build())
              .build();
    }

    @Override
    public String serviceName() {
      return "ssm";
    }

    @Override
    public void close() {}
  }

  private final class Secrets implements SecretsManagerClient {
    @Override
    public GetSecretValueResponse getSecretValue(GetSecretValueRequest request) {
      String value = secrets.get(request.secretId());
      if (value == null) {
        throw (SecretsManagerException)
            SecretsManagerException.builder()
                .awsErrorDetails(
                    AwsErrorDetails.builder()
                        .errorCode("ResourceNotFoundException")
                        .errorMessage("Secrets Manager can't find the specified secret.")
                        .build())
                .statusCode(400)
                .build();
      }
      return GetSecretValueResponse.builder().secretString(value).build();
    }

    @Override
    public String serviceName() {
      return "secretsmanager";
    }

    @Override
    public void close() {}
  }

  private final class CloudWatchLogs implements CloudWatchLogsClient {
    @Override
    public CreateLogGroupResponse createLogGroup(CreateLogGroupRequest request) {
      if (groups.contains(request.logGroupName())) {
        throw ResourceAlreadyExistsException.builder().message("exists").build();
      }
      groups.add(request.logGroupName());
      return CreateLogGroupResponse.builder().build();
    }

    @Override
    public CreateLogStreamResponse createLogStream(CreateLogStreamRequest request) {
      if (!groups.contains(request.logGroupName())) {
        throw ResourceNotFoundException.builder()
            .awsErrorDetails(
                AwsErrorDetails.builder()
                    .errorCode("ResourceNotFoundException")
                    .errorMessage("The specified log group does not exist.")
                    .build())
            .statusCode(400)
            .build();
      }
      synchronized (streams) {
        streams.putIfAbsent(request.logStreamName(), new ArrayList<>());
      }
      return CreateLogStreamResponse.builder().build();
    }

    @Override
    public PutLogEventsResponse putLogEvents(PutLogEventsRequest request) {
      synchronized (streams) {
        streams
            .computeIfAbsent(request.logStreamName(), name -> new ArrayList<>())
            .addAll(request.logEvents());
      }
      return PutLogEventsResponse.builder().build();
    }

    @Override
    public String serviceName() {
      return "logs";
    }

    @Override
    public void close() {}
  }

  private final class Protection implements EcsClient {
    @Override
    public GetTaskProtectionResponse getTaskProtection(GetTaskProtectionRequest request) {
      return GetTaskProtectionResponse.builder().protectedTasks(task(request.tasks())).build();
    }

    @Override
    public UpdateTaskProtectionResponse updateTaskProtection(UpdateTaskProtectionRequest request) {
      protectionOn = request.protectionEnabled();
      return UpdateTaskProtectionResponse.builder().protectedTasks(task(request.tasks())).build();
    }

    private ProtectedTask task(List<String> tasks) {
      return ProtectedTask.builder()
          .taskArn(tasks.getFirst())
          .protectionEnabled(protectionOn)
          .build();
    }

    @Override
    public String serviceName() {
      return "ecs";
    }

    @Override
    public void close() {}
  }
}
