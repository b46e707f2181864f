package gantry.node.logs;

import gantry.acs.TaskPayload;
import gantry.node.RoleClients;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.cloudwatchlogs.model.CreateLogGroupRequest;
import software.amazon.awssdk.services.cloudwatchlogs.model.CreateLogStreamRequest;
import software.amazon.awssdk.services.cloudwatchlogs.model.InputLogEvent;
import software.amazon.awssdk.services.cloudwatchlogs.model.PutLogEventsRequest;
import software.amazon.awssdk.services.cloudwatchlogs.model.ResourceAlreadyExistsException;

/** A log stream as a task's execution role writes it. */
final class LogDestination {

  private final RoleClients clients;
  private final TaskPayload task;
  private final LogOptions options;

  LogDestination(RoleClients clients, TaskPayload task, LogOptions options) {
    this.clients = clients;
    this.task = task;
    this.options = options;
  }

  private CloudWatchLogsClient client() {
    return clients.as(
        task.definition().executionRoleArn(),
        task.taskId(),
        task.account(),
        options.region(),
        CloudWatchLogsClient.class);
  }

  /**
   * Makes what is to be made.
   *
   * @param stream null where its name is not known yet
   */
  void ensure(@Nullable String stream) {
    CloudWatchLogsClient logs = client();
    if (options.createGroup()) {
      try {
        logs.createLogGroup(CreateLogGroupRequest.builder().logGroupName(options.group()).build());
      } catch (ResourceAlreadyExistsException e) {
        // That it is there is all that was wanted.
      }
    }
    if (stream != null) {
      try {
        logs.createLogStream(
            CreateLogStreamRequest.builder()
                .logGroupName(options.group())
                .logStreamName(stream)
                .build());
      } catch (ResourceAlreadyExistsException e) {
        // A container that is started again goes on in its stream.
      }
    }
  }

  void put(String stream, List<LogEvent> batch) {
    List<InputLogEvent> events =
        batch.stream()
            .sorted(Comparator.comparing(LogEvent::at))
            .map(
                each ->
                    InputLogEvent.builder()
                        .timestamp(each.at().toEpochMilli())
                        .message(each.message())
                        .build())
            .toList();
    client()
        .putLogEvents(
            PutLogEventsRequest.builder()
                .logGroupName(options.group())
                .logStreamName(stream)
                .logEvents(events)
                .build());
  }

  /** What went wrong, with the error's name. */
  static String words(RuntimeException e) {
    if (e instanceof AwsServiceException aws && aws.awsErrorDetails() != null) {
      return aws.awsErrorDetails().errorCode() + ": " + aws.awsErrorDetails().errorMessage();
    }
    return String.valueOf(e.getMessage());
  }
}
