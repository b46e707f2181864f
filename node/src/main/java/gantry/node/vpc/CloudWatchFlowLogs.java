package gantry.node.vpc;

import gantry.acs.network.NetworkPlan.FlowLog;
import gantry.acs.network.NetworkPlan.Vpc;
import java.time.Instant;
import java.util.List;
import java.util.function.BiFunction;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.cloudwatchlogs.model.InputLogEvent;
import software.amazon.awssdk.services.cloudwatchlogs.model.ResourceAlreadyExistsException;
import software.amazon.awssdk.services.cloudwatchlogs.model.ResourceNotFoundException;

/**
 * Writes flow log records to CloudWatch Logs; makes the group and the streams when they are not
 * there.
 */
public final class CloudWatchFlowLogs implements FlowLogRecorder.Sink {

  private final BiFunction<FlowLog, Vpc, CloudWatchLogsClient> clients;

  /**
   * A sink.
   *
   * @param clients the Logs that a log's records go to, called as the log's role
   */
  public CloudWatchFlowLogs(BiFunction<FlowLog, Vpc, CloudWatchLogsClient> clients) {
    this.clients = clients;
  }

  @Override
  public void write(Vpc vpc, FlowLog log, String stream, Instant at, List<String> lines) {
    CloudWatchLogsClient logs = clients.apply(log, vpc);
    List<InputLogEvent> events =
        lines.stream()
            .map(line -> InputLogEvent.builder().timestamp(at.toEpochMilli()).message(line).build())
            .toList();
    try {
      put(logs, log.logGroup(), stream, events);
    } catch (ResourceNotFoundException notYet) {
      unlessThere(() -> logs.createLogGroup(r -> r.logGroupName(log.logGroup())));
      unlessThere(
          () -> logs.createLogStream(r -> r.logGroupName(log.logGroup()).logStreamName(stream)));
      put(logs, log.logGroup(), stream, events);
    }
  }

  private static void put(
      CloudWatchLogsClient logs, String group, String stream, List<InputLogEvent> events) {
    logs.putLogEvents(r -> r.logGroupName(group).logStreamName(stream).logEvents(events));
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
