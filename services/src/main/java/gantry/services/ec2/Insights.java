package gantry.services.ec2;

import gantry.acs.network.Cidr;
import gantry.acs.network.Ipv4;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.model.*;

/**
 * Network Insights (Reachability Analyzer): a path is a question about one port, and an analysis
 * answers it from configuration, at once, with the same walk that {@code gantry why 'A -> B'} does.
 */
final class Insights {

  private static final int HIGHEST_PORT = 65_535;

  private final Desk desk;
  private final List<Cidr> lan;

  Insights(Desk desk, List<Cidr> lan) {
    this.desk = desk;
    this.lan = lan;
  }

  CreateNetworkInsightsPathResponse createPath(CreateNetworkInsightsPathRequest request) {
    String token = Errors.required(request.clientToken(), "ClientToken");
    String source = id(Errors.required(request.source(), "Source"));
    if (request.protocol() == null) {
      throw Errors.missing("Protocol");
    }
    if (request.protocol() == Protocol.UNKNOWN_TO_SDK_VERSION) {
      throw Errors.invalid("Protocol", request.protocolAsString(), "Expecting tcp or udp.");
    }
    if (request.filterAtDestination() != null) {
      throw Errors.unsupported("FilterAtDestination of a network insights path");
    }
    String address = destinationAddress(request);
    String destination = request.destination() == null ? null : id(request.destination());
    if (destination == null && address == null) {
      throw Errors.missing("Destination");
    }
    int port = port(request);
    if (!source.startsWith(Kinds.INTERFACE.prefix())) {
      throw Errors.unsupported("A path from " + source + " (network interfaces work)");
    }
    List<Tag> tags = Tags.of(request.tagSpecifications(), ResourceType.NETWORK_INSIGHTS_PATH);
    return desk.write(
        request.dryRun(),
        session -> {
          NetworkInterface from = session.get(Kinds.INTERFACE, source);
          String sourceIp = request.sourceIp();
          if (sourceIp != null && !sourceIp.equals(from.privateIpAddress())) {
            throw Errors.unsupported("A path from another than the primary address of " + source);
          }
          if (destination != null) {
            exists(session, destination);
          }
          NetworkInsightsPath path =
              session.once(
                  Kinds.INSIGHTS_PATH,
                  request,
                  token,
                  () -> {
                    String id = session.newId(Kinds.INSIGHTS_PATH.prefix());
                    NetworkInsightsPath made =
                        NetworkInsightsPath.builder()
                            .networkInsightsPathId(id)
                            .networkInsightsPathArn(
                                InsightsWords.arn(session.scope(), "network-insights-path", id))
                            .createdDate(session.now())
                            .source(source)
                            .sourceArn(InsightsWords.component(session.scope(), source).arn())
                            .sourceIp(sourceIp)
                            .destination(destination)
                            .destinationArn(
                                destination == null
                                    ? null
                                    : InsightsWords.component(session.scope(), destination).arn())
                            .destinationIp(address)
                            .protocol(request.protocol())
                            .destinationPort(port)
                            .tags(tags)
                            .build();
                    session.put(Kinds.INSIGHTS_PATH, id, made);
                    return made;
                  },
                  NetworkInsightsPath::networkInsightsPathId);
          return CreateNetworkInsightsPathResponse.builder().networkInsightsPath(path).build();
        });
  }

  /** By id or by ARN. */
  private static String id(String idOrArn) {
    return idOrArn.substring(idOrArn.lastIndexOf('/') + 1);
  }

  private static void exists(Lookup lookup, String destination) {
    if (destination.startsWith(Kinds.INTERFACE.prefix())) {
      lookup.get(Kinds.INTERFACE, destination);
    } else if (destination.startsWith(Kinds.INTERNET_GATEWAY.prefix())) {
      lookup.get(Kinds.INTERNET_GATEWAY, destination);
    } else {
      throw Errors.unsupported(
          "A path to " + destination + " (network interfaces, internet gateways, addresses work)");
    }
  }

  private static @Nullable String destinationAddress(CreateNetworkInsightsPathRequest request) {
    PathRequestFilter filter = request.filterAtSource();
    String address = request.destinationIp();
    if (filter != null) {
      if (filter.sourceAddress() != null || filter.sourcePortRange() != null) {
        throw Errors.unsupported("A source address or port in FilterAtSource");
      }
      if (filter.destinationAddress() != null) {
        address = filter.destinationAddress();
      }
    }
    if (address != null && !Ipv4.isValid(address)) {
      throw Errors.invalid("DestinationIp", address, "Expecting an IPv4 address.");
    }
    return address;
  }

  /** One port: what every port of a range would say differs. */
  private static int port(CreateNetworkInsightsPathRequest request) {
    PathRequestFilter filter = request.filterAtSource();
    RequestFilterPortRange range = filter == null ? null : filter.destinationPortRange();
    Integer port = request.destinationPort();
    if (range != null) {
      if (range.fromPort() == null || !range.fromPort().equals(range.toPort())) {
        throw Errors.unsupported("A path over a range of ports");
      }
      port = range.fromPort();
    }
    if (port == null) {
      throw Errors.unsupported("A path without DestinationPort, over every port,");
    }
    if (port < 0 || port > HIGHEST_PORT) {
      throw Errors.invalid("DestinationPort", port, "Expecting 0 to 65535.");
    }
    return port;
  }

  DescribeNetworkInsightsPathsResponse describePaths(DescribeNetworkInsightsPathsRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          Paging.Page<NetworkInsightsPath> page =
              lookup.describe(
                  Kinds.INSIGHTS_PATH,
                  Paging.LISTS,
                  request.networkInsightsPathIds(),
                  request.filters(),
                  request.maxResults(),
                  request.nextToken());
          return DescribeNetworkInsightsPathsResponse.builder()
              .networkInsightsPaths(page.rows())
              .nextToken(page.token())
              .build();
        });
  }

  DeleteNetworkInsightsPathResponse deletePath(DeleteNetworkInsightsPathRequest request) {
    String id = Errors.required(request.networkInsightsPathId(), "NetworkInsightsPathId");
    return desk.write(
        request.dryRun(),
        session -> {
          session.get(Kinds.INSIGHTS_PATH, id);
          if (session.all(Ec2Tables.ANALYSES_BY_PATH, id).findAny().isPresent()) {
            throw Errors.of(
                "AnalysisExistsForNetworkInsightsPath",
                "The path '%s' has analyses; delete these first",
                id);
          }
          session.delete(Kinds.INSIGHTS_PATH, id);
          return DeleteNetworkInsightsPathResponse.builder().networkInsightsPathId(id).build();
        });
  }

  StartNetworkInsightsAnalysisResponse start(StartNetworkInsightsAnalysisRequest request) {
    String token = Errors.required(request.clientToken(), "ClientToken");
    String pathId = Errors.required(request.networkInsightsPathId(), "NetworkInsightsPathId");
    if (!request.filterInArns().isEmpty() || !request.filterOutArns().isEmpty()) {
      throw Errors.unsupported("An analysis with filters for what the path passes");
    }
    if (!request.additionalAccounts().isEmpty()) {
      throw Errors.unsupported("An analysis over several accounts");
    }
    List<Tag> tags = Tags.of(request.tagSpecifications(), ResourceType.NETWORK_INSIGHTS_ANALYSIS);
    return desk.write(
        request.dryRun(),
        session -> {
          NetworkInsightsPath path = session.get(Kinds.INSIGHTS_PATH, pathId);
          NetworkInsightsAnalysis analysis =
              session.once(
                  Kinds.INSIGHTS_ANALYSIS,
                  request,
                  token,
                  () -> {
                    String id = session.newId(Kinds.INSIGHTS_ANALYSIS.prefix());
                    NetworkInsightsAnalysis.Builder made =
                        NetworkInsightsAnalysis.builder()
                            .networkInsightsAnalysisId(id)
                            .networkInsightsAnalysisArn(
                                InsightsWords.arn(session.scope(), "network-insights-analysis", id))
                            .networkInsightsPathId(pathId)
                            .startDate(session.now())
                            .status(AnalysisStatus.SUCCEEDED)
                            .tags(tags);
                    InsightsWords.answer(session, lan, path, made);
                    NetworkInsightsAnalysis answered = made.build();
                    session.put(Kinds.INSIGHTS_ANALYSIS, id, answered);
                    return answered;
                  },
                  NetworkInsightsAnalysis::networkInsightsAnalysisId);
          return StartNetworkInsightsAnalysisResponse.builder()
              .networkInsightsAnalysis(analysis)
              .build();
        });
  }

  DescribeNetworkInsightsAnalysesResponse describeAnalyses(
      DescribeNetworkInsightsAnalysesRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          Paging.Page<NetworkInsightsAnalysis> page =
              lookup.describe(
                  Kinds.INSIGHTS_ANALYSIS,
                  Paging.LISTS,
                  request.networkInsightsAnalysisIds(),
                  request.filters(),
                  request.maxResults(),
                  request.nextToken());
          return DescribeNetworkInsightsAnalysesResponse.builder()
              .networkInsightsAnalyses(
                  page.rows().stream().filter(each -> isAskedFor(each, request)).toList())
              .nextToken(page.token())
              .build();
        });
  }

  private static boolean isAskedFor(
      NetworkInsightsAnalysis each, DescribeNetworkInsightsAnalysesRequest request) {
    String path = request.networkInsightsPathId();
    return (path == null || path.equals(each.networkInsightsPathId()))
        && (request.analysisStartTime() == null
            || !each.startDate().isBefore(request.analysisStartTime()))
        && (request.analysisEndTime() == null
            || !each.startDate().isAfter(request.analysisEndTime()));
  }

  DeleteNetworkInsightsAnalysisResponse deleteAnalysis(
      DeleteNetworkInsightsAnalysisRequest request) {
    String id = Errors.required(request.networkInsightsAnalysisId(), "NetworkInsightsAnalysisId");
    return desk.write(
        request.dryRun(),
        session -> {
          session.get(Kinds.INSIGHTS_ANALYSIS, id);
          session.delete(Kinds.INSIGHTS_ANALYSIS, id);
          return DeleteNetworkInsightsAnalysisResponse.builder()
              .networkInsightsAnalysisId(id)
              .build();
        });
  }
}
