package gantry.services.route53;

import gantry.services.HostedService;
import gantry.services.ServiceContext;
import gantry.state.View;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.route53.Route53Client;
import software.amazon.awssdk.services.route53.model.*;

/**
 * The Route 53 API, operation by operation; the rules stand in the classes beside it, the
 * operations of zones in {@link ZoneApi}.
 */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
public final class Route53 extends ZoneApi implements Route53Client {

  public static final HostedService<Route53Client> HOSTED =
      HostedService.<Route53Client>of(
              Route53Client.class,
              Route53::new,
              Tables.ZONES,
              Tables.RECORDS,
              Tables.CHANGES,
              Tables.HEALTH_CHECKS,
              Tables.HEALTH_STATUS)
          .explained(Why::new);

  private final HealthChecks checks;

  public Route53(ServiceContext context) {
    super(context);
    this.checks = new HealthChecks(context);
  }

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {}

  // ---- records

  @Override
  public ChangeResourceRecordSetsResponse changeResourceRecordSets(
      ChangeResourceRecordSetsRequest r) {
    return ChangeResourceRecordSetsResponse.builder()
        .changeInfo(records.change(r.hostedZoneId(), r.changeBatch()))
        .build();
  }

  @Override
  public ListResourceRecordSetsResponse listResourceRecordSets(ListResourceRecordSetsRequest r) {
    return records.list(r);
  }

  @Override
  public GetChangeResponse getChange(GetChangeRequest r) {
    return GetChangeResponse.builder().changeInfo(records.receiptOf(r.id())).build();
  }

  // ---- health checks

  @Override
  public CreateHealthCheckResponse createHealthCheck(CreateHealthCheckRequest r) {
    HealthCheck check = checks.create(r);
    return CreateHealthCheckResponse.builder()
        .healthCheck(check)
        .location("https://route53.amazonaws.com/2013-04-01/healthcheck/" + check.id())
        .build();
  }

  @Override
  public GetHealthCheckResponse getHealthCheck(GetHealthCheckRequest r) {
    return GetHealthCheckResponse.builder()
        .healthCheck(HealthChecks.require(view(), scope(), r.healthCheckId()).check())
        .build();
  }

  @Override
  public UpdateHealthCheckResponse updateHealthCheck(UpdateHealthCheckRequest r) {
    return UpdateHealthCheckResponse.builder().healthCheck(checks.update(r)).build();
  }

  @Override
  public DeleteHealthCheckResponse deleteHealthCheck(DeleteHealthCheckRequest r) {
    checks.delete(r.healthCheckId());
    return DeleteHealthCheckResponse.builder().build();
  }

  @Override
  public ListHealthChecksResponse listHealthChecks(ListHealthChecksRequest r) {
    return checks.list(r);
  }

  @Override
  public GetHealthCheckCountResponse getHealthCheckCount(GetHealthCheckCountRequest r) {
    return GetHealthCheckCountResponse.builder().healthCheckCount(checks.count()).build();
  }

  @Override
  public GetHealthCheckStatusResponse getHealthCheckStatus(GetHealthCheckStatusRequest r) {
    return GetHealthCheckStatusResponse.builder()
        .healthCheckObservations(checks.status(r.healthCheckId()))
        .build();
  }

  @Override
  public GetHealthCheckLastFailureReasonResponse getHealthCheckLastFailureReason(
      GetHealthCheckLastFailureReasonRequest r) {
    return GetHealthCheckLastFailureReasonResponse.builder()
        .healthCheckObservations(checks.lastFailure(r.healthCheckId()))
        .build();
  }

  @Override
  public GetCheckerIpRangesResponse getCheckerIpRanges(GetCheckerIpRangesRequest r) {
    return GetCheckerIpRangesResponse.builder()
        .checkerIpRanges(HealthChecks.CHECKER_ADDRESS + "/32")
        .build();
  }

  // ---- limits, places, answers

  @Override
  public GetAccountLimitResponse getAccountLimit(GetAccountLimitRequest r) {
    View view = view();
    long count =
        switch (r.type()) {
          case MAX_HEALTH_CHECKS_BY_OWNER -> view.count(Tables.HEALTH_CHECKS, scope());
          case MAX_HOSTED_ZONES_BY_OWNER -> view.count(Tables.ZONES, scope());
          case MAX_REUSABLE_DELEGATION_SETS_BY_OWNER,
              MAX_TRAFFIC_POLICIES_BY_OWNER,
              MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER ->
              0;
          case UNKNOWN_TO_SDK_VERSION ->
              throw Errors.invalid("There is no account limit " + r.typeAsString() + ".");
        };
    long limit =
        switch (r.type()) {
          case MAX_HEALTH_CHECKS_BY_OWNER -> HealthChecks.MAX_CHECKS;
          case MAX_HOSTED_ZONES_BY_OWNER -> MAX_ZONES;
          default -> 0;
        };
    return GetAccountLimitResponse.builder()
        .limit(l -> l.type(r.type()).value(limit))
        .count(count)
        .build();
  }

  @Override
  public ListGeoLocationsResponse listGeoLocations(ListGeoLocationsRequest r) {
    return GeoLocations.list(r);
  }

  @Override
  public GetGeoLocationResponse getGeoLocation(GetGeoLocationRequest r) {
    return GetGeoLocationResponse.builder().geoLocationDetails(GeoLocations.get(r)).build();
  }

  @Override
  public TestDnsAnswerResponse testDNSAnswer(TestDnsAnswerRequest r) {
    return new TestedAnswer(context).answer(r);
  }

  // ---- tags

  @Override
  public ChangeTagsForResourceResponse changeTagsForResource(ChangeTagsForResourceRequest r) {
    context
        .store()
        .write(
            tx -> {
              Map<String, String> tags = new TreeMap<>(tags(tx, r.resourceType(), r.resourceId()));
              r.removeTagKeys().forEach(tags::remove);
              r.addTags()
                  .forEach(tag -> tags.put(tag.key(), tag.value() == null ? "" : tag.value()));
              if (r.resourceType() == TagResourceType.HOSTEDZONE) {
                tx.put(
                    Tables.ZONES,
                    scope().key(Zones.bareId(r.resourceId())),
                    Zones.require(tx, scope(), r.resourceId()).withTags(tags));
              } else {
                tx.put(
                    Tables.HEALTH_CHECKS,
                    scope().key(r.resourceId()),
                    HealthChecks.require(tx, scope(), r.resourceId()).withTags(tags));
              }
              return null;
            });
    return ChangeTagsForResourceResponse.builder().build();
  }

  @Override
  public ListTagsForResourceResponse listTagsForResource(ListTagsForResourceRequest r) {
    return ListTagsForResourceResponse.builder()
        .resourceTagSet(tagSet(r.resourceType(), r.resourceId()))
        .build();
  }

  @Override
  public ListTagsForResourcesResponse listTagsForResources(ListTagsForResourcesRequest r) {
    return ListTagsForResourcesResponse.builder()
        .resourceTagSets(r.resourceIds().stream().map(id -> tagSet(r.resourceType(), id)).toList())
        .build();
  }

  private static Map<String, String> tags(View view, @Nullable TagResourceType type, String id) {
    if (type == TagResourceType.HOSTEDZONE) {
      return Zones.require(view, scope(), id).tags();
    }
    if (type == TagResourceType.HEALTHCHECK) {
      return HealthChecks.require(view, scope(), id).tags();
    }
    throw Errors.invalid("Only hosted zones and health checks have tags.");
  }

  private ResourceTagSet tagSet(@Nullable TagResourceType type, String id) {
    return ResourceTagSet.builder()
        .resourceType(type)
        .resourceId(Zones.bareId(id))
        .tags(
            tags(view(), type, id).entrySet().stream()
                .map(t -> Tag.builder().key(t.getKey()).value(t.getValue()).build())
                .toList())
        .build();
  }
}
