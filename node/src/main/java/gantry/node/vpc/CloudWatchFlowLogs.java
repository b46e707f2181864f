package gantry.node.vpc;

import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.cloudwatchlogs.model.InputLogEvent;
import software.amazon.awssdk.services.cloudwatchlogs.model.ResourceAlreadyExistsException;

/**
 * Writes flow log records to CloudWatch Logs; makes the group and the streams when they are not
 * there.
 */
public final class CloudWatchFlowLogs implements FlowLogRecorder.Sink {

  private final BiFunction<String, String, CloudWatchLogsClient> clients;
  private final Set<List<String>> made = new HashSet<>();

  /**
   * A sink.
   *
   * @param clients account and region to the Logs that the records go to
   */
  public CloudWatchFlowLogs(BiFunction<String, String, CloudWatchLogsClient> clients) {
    this.clients = clients;
  }

  @Override
  public void write(
      String account,
      String region,
      String logGroup,
      String stream,
      Instant at,
      List<String> lines) {
    CloudWatchLogsClient logs = clients.apply(account, region);
    if (made.add(List.of(account, region, logGroup))) {
      unlessThere(() -> logs.createLogGroup(r -> r.logGroupName(logGroup)));
    }
    if (made.add(List.of(account, region, logGroup, stream))) {
      unlessThere(() -> logs.createLogStream(r -> r.logGroupName(logGroup).logStreamName(stream)));
    }
    List<InputLogEvent> events =
        lines.stream()
            .map(line -> InputLogEvent.builder().timestamp(at.toEpochMilli()).message(line).build())
            .toList();
    logs.putLogEvents(r -> r.logGroupName(logGroup).logStreamName(stream).logEvents(events));
  }

  private static void unlessThere(Runnable create) {
    try {
      create.run();
    } catch (ResourceAlreadyExistsException there) {
      // Somebody made it before: that is all we want.
      return;
    }
  }
}
