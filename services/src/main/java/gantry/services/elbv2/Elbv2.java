package gantry.services.elbv2;

import gantry.services.Caller;
import gantry.services.HostedService;
import gantry.services.ServiceContext;
import gantry.services.elbv2.Rows.TargetRow;
import gantry.state.Deadlines;
import java.util.List;
import software.amazon.awssdk.services.elasticloadbalancingv2.ElasticLoadBalancingV2Client;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.*;

/**
 * Elastic Load Balancing, version 2. What it decides stands in its tables; {@link RoutingTables}
 * makes the data plane's plan of them, and {@link TargetHealthReport} brings the health back.
 */
public final class Elbv2 implements ElasticLoadBalancingV2Client {

  private final ServiceContext context;
  private final Balancers balancers;
  private final Listeners listeners;
  private final Rules rules;
  private final Groups groups;
  private final Targets targets;
  private final Tags tags;
  private final AttributeCalls attributes;

  /** A deregistered target is out when its delay is over. */
  private static Deadlines<TargetRow> drainEnd(ServiceContext context) {
    return Deadlines.deleting(
        "elbv2 drain", context.store(), context.clock(), Rows.TARGETS, TargetRow::drainUntil);
  }

  public Elbv2(ServiceContext context, LiveTraffic live) {
    this.context = context;
    Network network = new Network(context.clients());
    this.balancers = new Balancers(context, network);
    this.listeners = new Listeners(context, new Certificates(context.clients()));
    this.rules = new Rules(context);
    this.groups = new Groups(context, network);
    this.targets = new Targets(context, network, live);
    this.tags = new Tags(context);
    this.attributes = new AttributeCalls(context);
  }

  /**
   * The service as the program hosts it.
   *
   * @param live what the data plane sees, for {@code gantry why} and of anomalies
   */
  public static HostedService<ElasticLoadBalancingV2Client> hosted(LiveTraffic live) {
    return new HostedService<>(
        ElasticLoadBalancingV2Client.class,
        context -> new Elbv2(context, live),
        List.of(Rows.BALANCERS, Rows.LISTENERS, Rows.RULES, Rows.GROUPS, Rows.TARGETS),
        context -> List.of(drainEnd(context), new DnsFailover(context)),
        context -> new Why(context, live));
  }

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {}

  // --- load balancers ------------------------------------------------------------------------

  @Override
  public CreateLoadBalancerResponse createLoadBalancer(CreateLoadBalancerRequest r) {
    return CreateLoadBalancerResponse.builder().loadBalancers(balancers.create(r)).build();
  }

  @Override
  public DescribeLoadBalancersResponse describeLoadBalancers(DescribeLoadBalancersRequest r) {
    return balancers.describe(r);
  }

  @Override
  public DeleteLoadBalancerResponse deleteLoadBalancer(DeleteLoadBalancerRequest r) {
    balancers.delete(r.loadBalancerArn());
    return DeleteLoadBalancerResponse.builder().build();
  }

  @Override
  public SetSecurityGroupsResponse setSecurityGroups(SetSecurityGroupsRequest r) {
    if (r.enforceSecurityGroupInboundRulesOnPrivateLinkTraffic() != null) {
      throw Errors.notBuilt(
          "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic", "there is no PrivateLink");
    }
    return SetSecurityGroupsResponse.builder()
        .securityGroupIds(balancers.setSecurityGroups(r))
        .build();
  }

  @Override
  public SetSubnetsResponse setSubnets(SetSubnetsRequest r) {
    return SetSubnetsResponse.builder()
        .availabilityZones(balancers.setSubnets(r))
        .ipAddressType(IpAddressType.IPV4)
        .build();
  }

  @Override
  public SetIpAddressTypeResponse setIpAddressType(SetIpAddressTypeRequest r) {
    Balancers.require(context.store().snapshot(), Caller.current().scope(), r.loadBalancerArn());
    Balancers.onlyV4(r.ipAddressTypeAsString(), null);
    return SetIpAddressTypeResponse.builder().ipAddressType(IpAddressType.IPV4).build();
  }

  @Override
  public DescribeLoadBalancerAttributesResponse describeLoadBalancerAttributes(
      DescribeLoadBalancerAttributesRequest r) {
    return attributes.describe(r);
  }

  @Override
  public ModifyLoadBalancerAttributesResponse modifyLoadBalancerAttributes(
      ModifyLoadBalancerAttributesRequest r) {
    return attributes.modify(r);
  }

  // --- listeners and rules -------------------------------------------------------------------

  @Override
  public CreateListenerResponse createListener(CreateListenerRequest r) {
    return CreateListenerResponse.builder().listeners(listeners.create(r)).build();
  }

  @Override
  public ModifyListenerResponse modifyListener(ModifyListenerRequest r) {
    return ModifyListenerResponse.builder().listeners(listeners.modify(r)).build();
  }

  @Override
  public DescribeListenersResponse describeListeners(DescribeListenersRequest r) {
    return listeners.describe(r);
  }

  @Override
  public DeleteListenerResponse deleteListener(DeleteListenerRequest r) {
    listeners.delete(r.listenerArn());
    return DeleteListenerResponse.builder().build();
  }

  @Override
  public DescribeListenerAttributesResponse describeListenerAttributes(
      DescribeListenerAttributesRequest r) {
    return attributes.describe(r);
  }

  @Override
  public ModifyListenerAttributesResponse modifyListenerAttributes(
      ModifyListenerAttributesRequest r) {
    return attributes.modify(r);
  }

  @Override
  public AddListenerCertificatesResponse addListenerCertificates(AddListenerCertificatesRequest r) {
    return AddListenerCertificatesResponse.builder()
        .certificates(listeners.addCertificates(r.listenerArn(), r.certificates()))
        .build();
  }

  @Override
  public RemoveListenerCertificatesResponse removeListenerCertificates(
      RemoveListenerCertificatesRequest r) {
    listeners.removeCertificates(r.listenerArn(), r.certificates());
    return RemoveListenerCertificatesResponse.builder().build();
  }

  @Override
  public DescribeListenerCertificatesResponse describeListenerCertificates(
      DescribeListenerCertificatesRequest r) {
    Page<Certificate> page =
        Page.of(listeners.describeCertificates(r.listenerArn()), r.marker(), r.pageSize());
    return DescribeListenerCertificatesResponse.builder()
        .certificates(page.rows())
        .nextMarker(page.next())
        .build();
  }

  @Override
  public CreateRuleResponse createRule(CreateRuleRequest r) {
    return CreateRuleResponse.builder().rules(rules.create(r)).build();
  }

  @Override
  public ModifyRuleResponse modifyRule(ModifyRuleRequest r) {
    return ModifyRuleResponse.builder().rules(rules.modify(r)).build();
  }

  @Override
  public DescribeRulesResponse describeRules(DescribeRulesRequest r) {
    return rules.describe(r);
  }

  @Override
  public DeleteRuleResponse deleteRule(DeleteRuleRequest r) {
    rules.delete(r.ruleArn());
    return DeleteRuleResponse.builder().build();
  }

  @Override
  public SetRulePrioritiesResponse setRulePriorities(SetRulePrioritiesRequest r) {
    return SetRulePrioritiesResponse.builder()
        .rules(rules.setPriorities(r.rulePriorities()))
        .build();
  }

  // --- target groups and targets -------------------------------------------------------------

  @Override
  public CreateTargetGroupResponse createTargetGroup(CreateTargetGroupRequest r) {
    return CreateTargetGroupResponse.builder().targetGroups(groups.create(r)).build();
  }

  @Override
  public ModifyTargetGroupResponse modifyTargetGroup(ModifyTargetGroupRequest r) {
    return ModifyTargetGroupResponse.builder().targetGroups(groups.modify(r)).build();
  }

  @Override
  public DescribeTargetGroupsResponse describeTargetGroups(DescribeTargetGroupsRequest r) {
    return groups.describe(r);
  }

  @Override
  public DeleteTargetGroupResponse deleteTargetGroup(DeleteTargetGroupRequest r) {
    groups.delete(r.targetGroupArn());
    return DeleteTargetGroupResponse.builder().build();
  }

  @Override
  public DescribeTargetGroupAttributesResponse describeTargetGroupAttributes(
      DescribeTargetGroupAttributesRequest r) {
    return attributes.describe(r);
  }

  @Override
  public ModifyTargetGroupAttributesResponse modifyTargetGroupAttributes(
      ModifyTargetGroupAttributesRequest r) {
    return attributes.modify(r);
  }

  @Override
  public RegisterTargetsResponse registerTargets(RegisterTargetsRequest r) {
    targets.register(r.targetGroupArn(), r.targets());
    return RegisterTargetsResponse.builder().build();
  }

  @Override
  public DeregisterTargetsResponse deregisterTargets(DeregisterTargetsRequest r) {
    targets.deregister(r.targetGroupArn(), r.targets());
    return DeregisterTargetsResponse.builder().build();
  }

  @Override
  public DescribeTargetHealthResponse describeTargetHealth(DescribeTargetHealthRequest r) {
    return DescribeTargetHealthResponse.builder()
        .targetHealthDescriptions(targets.health(r))
        .build();
  }

  // --- tags, limits, policies ----------------------------------------------------------------

  @Override
  public AddTagsResponse addTags(AddTagsRequest r) {
    tags.add(r.resourceArns(), r.tags());
    return AddTagsResponse.builder().build();
  }

  @Override
  public RemoveTagsResponse removeTags(RemoveTagsRequest r) {
    tags.remove(r.resourceArns(), r.tagKeys());
    return RemoveTagsResponse.builder().build();
  }

  @Override
  public DescribeTagsResponse describeTags(DescribeTagsRequest r) {
    return DescribeTagsResponse.builder().tagDescriptions(tags.describe(r.resourceArns())).build();
  }

  @Override
  public DescribeSslPoliciesResponse describeSSLPolicies(DescribeSslPoliciesRequest r) {
    List<String> names = r.hasNames() && !r.names().isEmpty() ? r.names() : SslPolicies.NAMES;
    for (String name : names) {
      if (SslPolicies.find(name) == null) {
        throw SslPolicyNotFoundException.builder()
            .message("SSL policy '" + name + "' not found")
            .build();
      }
    }
    Page<String> page = Page.of(names, r.marker(), r.pageSize());
    return DescribeSslPoliciesResponse.builder()
        .sslPolicies(page.rows().stream().map(SslPolicies::describe).toList())
        .nextMarker(page.next())
        .build();
  }

  @Override
  public DescribeAccountLimitsResponse describeAccountLimits(DescribeAccountLimitsRequest r) {
    Page<Limit> page = Page.of(LIMITS, r.marker(), r.pageSize());
    return DescribeAccountLimitsResponse.builder()
        .limits(page.rows())
        .nextMarker(page.next())
        .build();
  }

  private static final List<Limit> LIMITS =
      List.of(
          limit("application-load-balancers", 50),
          limit("condition-values-per-alb-rule", 5),
          limit("condition-wildcards-per-alb-rule", 5),
          limit("gateway-load-balancers", 0),
          limit("listeners-per-application-load-balancer", 50),
          limit("listeners-per-network-load-balancer", 50),
          limit("network-load-balancers", 50),
          limit("rules-per-application-load-balancer", Rules.MAX_RULES),
          limit("target-groups", 3000),
          limit("target-groups-per-action-on-application-load-balancer", 5),
          limit("target-groups-per-action-on-network-load-balancer", 1),
          limit("target-groups-per-application-load-balancer", ActionGroups.MAX_PER_BALANCER),
          limit("targets-per-application-load-balancer", 1000),
          limit("targets-per-availability-zone-per-network-load-balancer", 500),
          limit("targets-per-network-load-balancer", 3000));

  private static Limit limit(String name, int max) {
    return Limit.builder().name(name).max(Integer.toString(max)).build();
  }

  // --- not built: refused by name ------------------------------------------------------------

  private static RuntimeException trustStores() {
    return Errors.notBuilt(
        "A trust store", "client certificates are not asked for (no mutual TLS)");
  }

  @Override
  public CreateTrustStoreResponse createTrustStore(CreateTrustStoreRequest r) {
    throw trustStores();
  }

  @Override
  public ModifyTrustStoreResponse modifyTrustStore(ModifyTrustStoreRequest r) {
    throw trustStores();
  }

  @Override
  public DeleteTrustStoreResponse deleteTrustStore(DeleteTrustStoreRequest r) {
    throw trustStores();
  }

  @Override
  public DescribeTrustStoresResponse describeTrustStores(DescribeTrustStoresRequest r) {
    return DescribeTrustStoresResponse.builder().trustStores(List.of()).build();
  }

  @Override
  public DescribeTrustStoreAssociationsResponse describeTrustStoreAssociations(
      DescribeTrustStoreAssociationsRequest r) {
    throw trustStores();
  }

  @Override
  public DeleteSharedTrustStoreAssociationResponse deleteSharedTrustStoreAssociation(
      DeleteSharedTrustStoreAssociationRequest r) {
    throw trustStores();
  }

  @Override
  public AddTrustStoreRevocationsResponse addTrustStoreRevocations(
      AddTrustStoreRevocationsRequest r) {
    throw trustStores();
  }

  @Override
  public RemoveTrustStoreRevocationsResponse removeTrustStoreRevocations(
      RemoveTrustStoreRevocationsRequest r) {
    throw trustStores();
  }

  @Override
  public DescribeTrustStoreRevocationsResponse describeTrustStoreRevocations(
      DescribeTrustStoreRevocationsRequest r) {
    throw trustStores();
  }

  @Override
  public GetTrustStoreCaCertificatesBundleResponse getTrustStoreCaCertificatesBundle(
      GetTrustStoreCaCertificatesBundleRequest r) {
    throw trustStores();
  }

  @Override
  public GetTrustStoreRevocationContentResponse getTrustStoreRevocationContent(
      GetTrustStoreRevocationContentRequest r) {
    throw trustStores();
  }

  @Override
  public GetResourcePolicyResponse getResourcePolicy(GetResourcePolicyRequest r) {
    throw ResourceNotFoundException.builder()
        .message("The specified resource has no policy")
        .build();
  }

  @Override
  public ModifyCapacityReservationResponse modifyCapacityReservation(
      ModifyCapacityReservationRequest r) {
    throw Errors.notBuilt("A capacity reservation", "a balancer has the machine's capacity");
  }

  @Override
  public DescribeCapacityReservationResponse describeCapacityReservation(
      DescribeCapacityReservationRequest r) {
    Balancers.require(context.store().snapshot(), Caller.current().scope(), r.loadBalancerArn());
    return DescribeCapacityReservationResponse.builder().build();
  }

  @Override
  public ModifyIpPoolsResponse modifyIpPools(ModifyIpPoolsRequest r) {
    throw Errors.notBuilt("An address pool", "addresses come from the subnets");
  }
}
