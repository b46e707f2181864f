package gantry.services.logs;

import gantry.services.HostedService;
import gantry.services.ServiceContext;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;

/** CloudWatch Logs as the program hosts it. */
public final class CloudWatchLogs {

  private final MetricSink metrics;
  private @Nullable LogFiles files;

  private CloudWatchLogs(MetricSink metrics) {
    this.metrics = metrics;
  }

  /** {@code metrics} takes what metric filters count. */
  public static HostedService<CloudWatchLogsClient> hosted(MetricSink metrics) {
    return new CloudWatchLogs(metrics).service();
  }

  private HostedService<CloudWatchLogsClient> service() {
    return new HostedService<>(
        CloudWatchLogsClient.class,
        context -> new LogsApi(context, files(context), metrics),
        List.of(LogTables.GROUPS, LogTables.STREAMS, LogTables.FILTERS),
        context -> List.of(new Retention(context.store(), context.clock(), files(context))));
  }

  /** The operations and the controller work on the same files. */
  private synchronized LogFiles files(ServiceContext context) {
    LogFiles made = files;
    if (made == null) {
      made = new LogFiles(context.bulk().resolve("logs"));
      files = made;
    }
    return made;
  }
}
