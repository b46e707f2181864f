package gantry.services.ec2;

import gantry.acs.network.Cidr;
import gantry.services.ServiceContext;
import java.util.List;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.*;

/**
 * Amazon EC2: its networking in full, and what clients look up before they use it. Instances cannot
 * be launched; everything that is not here is refused by name.
 *
 * <p>It is long, so it stands in several files, each of which adds its operations to those of the
 * one before: {@link VpcApi}, {@link RoutingApi}, {@link FilteringApi}, and here the rest.
 */
public final class Ec2 extends FilteringApi implements Ec2Client {

  private final FlowLogs flowLogs;
  private final KeyPairs keyPairs;
  private final Catalogue catalogue;
  private final Insights insights;
  private final Tagging tagging;

  /** A client of the rows in {@code context}; public addresses come from {@code publicPool}. */
  public Ec2(ServiceContext context, Cidr publicPool, List<Cidr> lan) {
    this(new Desk(context), new PublicPool(publicPool), lan);
  }

  private Ec2(Desk desk, PublicPool pool, List<Cidr> lan) {
    super(desk, pool);
    this.flowLogs = new FlowLogs(desk);
    this.keyPairs = new KeyPairs(desk);
    this.catalogue = new Catalogue(desk);
    this.insights = new Insights(desk, lan);
    this.tagging = new Tagging(desk);
  }

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {}

  @Override
  public CreateNetworkInsightsPathResponse createNetworkInsightsPath(
      CreateNetworkInsightsPathRequest request) {
    return insights.createPath(request);
  }

  @Override
  public DescribeNetworkInsightsPathsResponse describeNetworkInsightsPaths(
      DescribeNetworkInsightsPathsRequest request) {
    return insights.describePaths(request);
  }

  @Override
  public DeleteNetworkInsightsPathResponse deleteNetworkInsightsPath(
      DeleteNetworkInsightsPathRequest request) {
    return insights.deletePath(request);
  }

  @Override
  public StartNetworkInsightsAnalysisResponse startNetworkInsightsAnalysis(
      StartNetworkInsightsAnalysisRequest request) {
    return insights.start(request);
  }

  @Override
  public DescribeNetworkInsightsAnalysesResponse describeNetworkInsightsAnalyses(
      DescribeNetworkInsightsAnalysesRequest request) {
    return insights.describeAnalyses(request);
  }

  @Override
  public DeleteNetworkInsightsAnalysisResponse deleteNetworkInsightsAnalysis(
      DeleteNetworkInsightsAnalysisRequest request) {
    return insights.deleteAnalysis(request);
  }

  @Override
  public CreateFlowLogsResponse createFlowLogs(CreateFlowLogsRequest request) {
    return flowLogs.create(request);
  }

  @Override
  public DescribeFlowLogsResponse describeFlowLogs(DescribeFlowLogsRequest request) {
    return flowLogs.describe(request);
  }

  @Override
  public DeleteFlowLogsResponse deleteFlowLogs(DeleteFlowLogsRequest request) {
    return flowLogs.delete(request);
  }

  @Override
  public CreateKeyPairResponse createKeyPair(CreateKeyPairRequest request) {
    return keyPairs.create(request);
  }

  @Override
  public ImportKeyPairResponse importKeyPair(ImportKeyPairRequest request) {
    return keyPairs.importKey(request);
  }

  @Override
  public DescribeKeyPairsResponse describeKeyPairs(DescribeKeyPairsRequest request) {
    return keyPairs.describe(request);
  }

  @Override
  public DeleteKeyPairResponse deleteKeyPair(DeleteKeyPairRequest request) {
    return keyPairs.delete(request);
  }

  @Override
  public DescribeRegionsResponse describeRegions(DescribeRegionsRequest request) {
    return catalogue.regions(request);
  }

  @Override
  public DescribeAvailabilityZonesResponse describeAvailabilityZones(
      DescribeAvailabilityZonesRequest request) {
    return catalogue.zones(request);
  }

  @Override
  public DescribeInstanceTypesResponse describeInstanceTypes(DescribeInstanceTypesRequest request) {
    return catalogue.types(request);
  }

  @Override
  public DescribeInstanceTypeOfferingsResponse describeInstanceTypeOfferings(
      DescribeInstanceTypeOfferingsRequest request) {
    return catalogue.offerings(request);
  }

  @Override
  public DescribeImagesResponse describeImages(DescribeImagesRequest request) {
    return catalogue.images(request);
  }

  @Override
  public DescribeAccountAttributesResponse describeAccountAttributes(
      DescribeAccountAttributesRequest request) {
    return catalogue.attributes(request);
  }

  @Override
  public CreateTagsResponse createTags(CreateTagsRequest request) {
    return tagging.create(request);
  }

  @Override
  public DeleteTagsResponse deleteTags(DeleteTagsRequest request) {
    return tagging.delete(request);
  }

  @Override
  public DescribeTagsResponse describeTags(DescribeTagsRequest request) {
    return tagging.describe(request);
  }

  @Override
  public RunInstancesResponse runInstances(RunInstancesRequest request) {
    throw Errors.unsupported("RunInstances");
  }

  @Override
  public StartInstancesResponse startInstances(StartInstancesRequest request) {
    throw Errors.unsupported("StartInstances");
  }

  @Override
  public StopInstancesResponse stopInstances(StopInstancesRequest request) {
    throw Errors.unsupported("StopInstances");
  }

  @Override
  public TerminateInstancesResponse terminateInstances(TerminateInstancesRequest request) {
    throw Errors.unsupported("TerminateInstances");
  }

  @Override
  public RebootInstancesResponse rebootInstances(RebootInstancesRequest request) {
    throw Errors.unsupported("RebootInstances");
  }

  @Override
  public RequestSpotInstancesResponse requestSpotInstances(RequestSpotInstancesRequest request) {
    throw Errors.unsupported("RequestSpotInstances");
  }

  @Override
  public CreateFleetResponse createFleet(CreateFleetRequest request) {
    throw Errors.unsupported("CreateFleet");
  }

  @Override
  public CreateVolumeResponse createVolume(CreateVolumeRequest request) {
    throw Errors.unsupported("CreateVolume");
  }

  @Override
  public DescribeInstancesResponse describeInstances(DescribeInstancesRequest request) {
    return catalogue.instances(request);
  }

  @Override
  public DescribeInstanceStatusResponse describeInstanceStatus(
      DescribeInstanceStatusRequest request) {
    return catalogue.statuses(request);
  }

  @Override
  public DescribeVpnGatewaysResponse describeVpnGateways(DescribeVpnGatewaysRequest request) {
    return catalogue.vpnGateways(request);
  }
}
