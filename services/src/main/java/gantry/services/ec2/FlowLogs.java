package gantry.services.ec2;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import software.amazon.awssdk.services.ec2.model.*;

/** Flow logs to CloudWatch Logs. */
final class FlowLogs {

  static final String DEFAULT_FORMAT =
      "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport}"
          + " ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}";

  /** Fields that records carry; any other is refused rather than left out. */
  private static final Set<String> FIELDS =
      Set.of(
          "version",
          "account-id",
          "interface-id",
          "srcaddr",
          "dstaddr",
          "srcport",
          "dstport",
          "protocol",
          "packets",
          "bytes",
          "start",
          "end",
          "action",
          "log-status",
          "vpc-id",
          "subnet-id",
          "type",
          "pkt-srcaddr",
          "pkt-dstaddr",
          "region",
          "az-id",
          "flow-direction");

  private static final Pattern FIELD = Pattern.compile("\\$\\{([^}]*)}");
  private static final int SHORT_INTERVAL = 60;
  private static final int LONG_INTERVAL = 600;

  private final Desk desk;

  FlowLogs(Desk desk) {
    this.desk = desk;
  }

  CreateFlowLogsResponse create(CreateFlowLogsRequest request) {
    if (request.logDestinationType() != null
        && request.logDestinationType() != LogDestinationType.CLOUD_WATCH_LOGS) {
      throw Errors.unsupported(
          "Flow logs to " + request.logDestinationTypeAsString() + " (cloud-watch-logs works)");
    }
    if (request.destinationOptions() != null || request.deliverCrossAccountRole() != null) {
      throw Errors.unsupported("A destination option of flow logs");
    }
    String group = logGroup(request);
    if (request.trafficType() == null) {
      throw Errors.missing("TrafficType");
    }
    if (request.resourceIds().isEmpty()) {
      throw Errors.missing("ResourceId");
    }
    Errors.required(request.deliverLogsPermissionArn(), "DeliverLogsPermissionArn");
    int interval =
        request.maxAggregationInterval() == null ? LONG_INTERVAL : request.maxAggregationInterval();
    if (interval != SHORT_INTERVAL && interval != LONG_INTERVAL) {
      throw Errors.of(
          "InvalidParameter", "Invalid Flow Log Max Aggregation Interval: must be 60 or 600");
    }
    String format = request.logFormat() == null ? DEFAULT_FORMAT : request.logFormat();
    Matcher fields = FIELD.matcher(format);
    while (fields.find()) {
      if (!FIELDS.contains(fields.group(1))) {
        throw Errors.of("InvalidParameter", "Unknown fields provided: [%s]", fields.group(1));
      }
    }
    List<Tag> tags = Tags.of(request.tagSpecifications(), ResourceType.VPC_FLOW_LOG);
    return desk.write(
        request.dryRun(),
        session -> {
          Made made =
              session.once(
                  request,
                  request.clientToken(),
                  () -> make(session, request, group, interval, format, tags),
                  all -> String.join(",", all.ids()),
                  ids ->
                      new Made(ids.isEmpty() ? List.of() : List.of(ids.split(",", -1)), List.of()));
          return CreateFlowLogsResponse.builder()
              .flowLogIds(made.ids())
              .unsuccessful(made.unsuccessful())
              .clientToken(request.clientToken())
              .build();
        });
  }

  private record Made(List<String> ids, List<UnsuccessfulItem> unsuccessful) {}

  private static Made make(
      Session session,
      CreateFlowLogsRequest request,
      String group,
      int interval,
      String format,
      List<Tag> tags) {
    List<String> made = new ArrayList<>();
    List<UnsuccessfulItem> unsuccessful = new ArrayList<>();
    for (String resource : request.resourceIds()) {
      Kind<?> kind = kind(request);
      boolean twin =
          session
              .all(Kinds.FLOW_LOG)
              .anyMatch(
                  log ->
                      log.resourceId().equals(resource)
                          && log.trafficType() == request.trafficType()
                          && Objects.equals(log.logGroupName(), group));
      if (session.find(kind, resource) == null) {
        unsuccessful.add(Endpoints.notFound(kind, resource));
      } else if (twin) {
        unsuccessful.add(
            UnsuccessfulItem.builder()
                .resourceId(resource)
                .error(
                    UnsuccessfulItemError.builder()
                        .code("FlowLogAlreadyExists")
                        .message(
                            "Error. There is an existing Flow Log with the same configuration"
                                + " and log destination.")
                        .build())
                .build());
      } else {
        String id = session.newId("fl-");
        session.put(
            Kinds.FLOW_LOG,
            id,
            FlowLog.builder()
                .flowLogId(id)
                .flowLogStatus("ACTIVE")
                .resourceId(resource)
                .trafficType(request.trafficType())
                .logDestinationType(LogDestinationType.CLOUD_WATCH_LOGS)
                .logGroupName(group)
                .logFormat(format)
                .maxAggregationInterval(interval)
                .deliverLogsPermissionArn(request.deliverLogsPermissionArn())
                .deliverLogsStatus("SUCCESS")
                .creationTime(session.now())
                .tags(tags)
                .build());
        made.add(id);
      }
    }
    return new Made(made, unsuccessful);
  }

  private static Kind<?> kind(CreateFlowLogsRequest request) {
    return switch (request.resourceType()) {
      case VPC -> Kinds.VPC;
      case SUBNET -> Kinds.SUBNET;
      case NETWORK_INTERFACE -> Kinds.INTERFACE;
      case null -> throw Errors.missing("ResourceType");
      default -> throw Errors.unsupported("Flow logs of a " + request.resourceTypeAsString());
    };
  }

  /** By name, or by the ARN of the log group. */
  private static String logGroup(CreateFlowLogsRequest request) {
    String destination = request.logDestination();
    if (destination != null) {
      int at = destination.indexOf(":log-group:");
      if (at < 0) {
        throw Errors.of("InvalidParameter", "LogDestination %s is invalid", destination);
      }
      String name = destination.substring(at + ":log-group:".length());
      return name.endsWith(":*") ? name.substring(0, name.length() - 2) : name;
    }
    return Errors.required(request.logGroupName(), "LogGroupName");
  }

  DescribeFlowLogsResponse describe(DescribeFlowLogsRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          Paging.Page<FlowLog> page =
              lookup.describe(
                  Kinds.FLOW_LOG,
                  request.flowLogIds(),
                  request.filter(),
                  request.maxResults(),
                  request.nextToken());
          return DescribeFlowLogsResponse.builder()
              .flowLogs(page.rows())
              .nextToken(page.token())
              .build();
        });
  }

  DeleteFlowLogsResponse delete(DeleteFlowLogsRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          List<UnsuccessfulItem> unsuccessful = new ArrayList<>();
          for (String id : request.flowLogIds()) {
            if (session.find(Kinds.FLOW_LOG, id) == null) {
              unsuccessful.add(Endpoints.notFound(Kinds.FLOW_LOG, id));
            } else {
              session.delete(Kinds.FLOW_LOG, id);
            }
          }
          return DeleteFlowLogsResponse.builder().unsuccessful(unsuccessful).build();
        });
  }
}
