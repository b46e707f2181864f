package gantry.app.machine;

import gantry.node.vpc.CloudWatchFlowLogs;
import gantry.node.vpc.CommandFailed;
import gantry.node.vpc.FlowLogRecorder;
import gantry.node.vpc.VpcNetwork;
import gantry.services.Clients;
import gantry.state.Scope;
import java.time.Clock;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;

/** Collects what the kernel counted for flow logs, and delivers it as each log's own role. */
final class FlowLogLink implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(FlowLogLink.class);
  private static final String PRINCIPAL = "vpc-flow-logs.amazonaws.com";
  private static final String SESSION = "flow-logs";

  /** Who tries it out need not wait for a minute, which is the shortest that the API takes. */
  private static final int LONGEST_SECONDS =
      Integer.getInteger("gantry.flow.logs.seconds", Integer.MAX_VALUE);

  /** How often it is looked whether a log's aggregation interval is over. */
  static final int LOOK_SECONDS = Math.min(10, LONGEST_SECONDS);

  private final FlowLogRecorder recorder;
  private final Clock clock;
  private final ScheduledExecutorService collector =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("flow logs").factory());

  FlowLogLink(VpcNetwork network, Clients clients, Clock clock) {
    this.clock = clock;
    this.recorder =
        new FlowLogRecorder(
            network,
            new CloudWatchFlowLogs(
                (log, vpc) ->
                    clients.asRole(
                        PRINCIPAL,
                        log.role(),
                        SESSION,
                        new Scope(vpc.account(), vpc.region()),
                        CloudWatchLogsClient.class)));
    collector.scheduleWithFixedDelay(this::collect, LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
  }

  private void collect() {
    try {
      recorder.collect(clock.instant(), LONGEST_SECONDS);
    } catch (CommandFailed e) {
      // The next look may do better: what was counted stays in the kernel.
      LOG.warn("flow logs could not be collected: {}", e.getMessage());
    } catch (RuntimeException e) {
      // Thrown on, it would end all later looks.
      LOG.error("flow logs could not be collected", e);
    }
  }

  @Nullable String failure(String flowLog) {
    return recorder.failure(flowLog);
  }

  @Override
  public void close() {
    collector.shutdownNow();
  }
}
