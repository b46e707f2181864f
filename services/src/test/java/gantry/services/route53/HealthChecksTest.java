package gantry.services.route53;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.Caller;
import gantry.services.FixedClients;
import gantry.services.ServiceContext;
import gantry.state.MemoryStore;
import gantry.state.Scope;
import gantry.state.SeededIds;
import gantry.state.Store;
import gantry.state.VirtualTime;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.route53.model.AccountLimitType;
import software.amazon.awssdk.services.route53.model.ChangeAction;
import software.amazon.awssdk.services.route53.model.GeoLocationDetails;
import software.amazon.awssdk.services.route53.model.HealthCheck;
import software.amazon.awssdk.services.route53.model.HealthCheckAlreadyExistsException;
import software.amazon.awssdk.services.route53.model.HealthCheckConfig;
import software.amazon.awssdk.services.route53.model.HealthCheckType;
import software.amazon.awssdk.services.route53.model.HealthCheckVersionMismatchException;
import software.amazon.awssdk.services.route53.model.InvalidInputException;
import software.amazon.awssdk.services.route53.model.NoSuchGeoLocationException;
import software.amazon.awssdk.services.route53.model.NoSuchHealthCheckException;
import software.amazon.awssdk.services.route53.model.RRType;
import software.amazon.awssdk.services.route53.model.ResourceRecord;
import software.amazon.awssdk.services.route53.model.ResourceRecordSet;
import software.amazon.awssdk.services.route53.model.ResourceRecordSetFailover;
import software.amazon.awssdk.services.route53.model.Route53Exception;
import software.amazon.awssdk.services.route53.model.Tag;
import software.amazon.awssdk.services.route53.model.TagResourceType;

/** Health checks as a caller sees them, and what follows from what a checker reports. */
class HealthChecksTest {

  private static final Scope SCOPE = new Scope("000000000000", "us-east-1");
  private final VirtualTime time = new VirtualTime();
  private final Store store = MemoryStore.of(time, Route53.HOSTED.tables());
  private final ServiceContext context =
      new ServiceContext(
          store,
          time,
          time,
          new SeededIds(3),
          FixedClients.of(),
          Path.of("unused"),
          new ServiceContext.Endpoint("127.0.0.1", 4566));
  private final Route53 route53 = new Route53(context);
  private int references;

  private static <T> T call(Supplier<T> work) {
    Caller caller = Caller.service("arn:aws:iam::000000000000:root", SCOPE, "r-1");
    return ScopedValue.where(Caller.CURRENT, caller).call(work::get);
  }

  private HealthCheck make(Consumer<HealthCheckConfig.Builder> config) {
    return call(
        () ->
            route53
                .createHealthCheck(
                    r -> r.callerReference("ref-" + references++).healthCheckConfig(config))
                .healthCheck());
  }

  private HealthCheck http() {
    return make(c -> c.type(HealthCheckType.HTTP).ipAddress("10.0.0.1").resourcePath("/health"));
  }

  private boolean healthy(HealthCheck check) {
    return Health.of(store.snapshot(), global(), check.id());
  }

  private static Scope global() {
    return Caller.service("x", SCOPE, "r").globalScope();
  }

  private void report(HealthCheck check, boolean well) {
    Health.report(
        store, global().key(check.id()), well, well, well ? "200" : "503", time.instant());
  }

  @Test
  void aCheckIsMadeReadChangedAndDeleted() {
    HealthCheck made = http();
    assertThat(made.healthCheckConfig().port()).isEqualTo(80);
    assertThat(made.healthCheckConfig().requestInterval()).isEqualTo(30);
    assertThat(made.healthCheckConfig().failureThreshold()).isEqualTo(3);
    assertThat(made.healthCheckVersion()).isEqualTo(1);
    HealthCheck changed =
        call(
            () ->
                route53
                    .updateHealthCheck(
                        r -> r.healthCheckId(made.id()).healthCheckVersion(1L).failureThreshold(5))
                    .healthCheck());
    assertThat(changed.healthCheckVersion()).isEqualTo(2);
    assertThat(changed.healthCheckConfig().failureThreshold()).isEqualTo(5);
    assertThatThrownBy(
            () ->
                call(
                    () ->
                        route53.updateHealthCheck(
                            r -> r.healthCheckId(made.id()).healthCheckVersion(1L).port(81))))
        .isInstanceOf(HealthCheckVersionMismatchException.class);
    call(
        () ->
            route53.changeTagsForResource(
                r ->
                    r.resourceType(TagResourceType.HEALTHCHECK)
                        .resourceId(made.id())
                        .addTags(Tag.builder().key("Name").value("web").build())));
    assertThat(
            call(() ->
                    route53.listTagsForResource(
                        r -> r.resourceType(TagResourceType.HEALTHCHECK).resourceId(made.id())))
                .resourceTagSet()
                .tags())
        .hasSize(1);
    assertThat(call(() -> route53.listHealthChecks(r -> r.maxItems("1"))).healthChecks())
        .containsExactly(changed);
    assertThat(call(() -> route53.getHealthCheckCount(r -> {})).healthCheckCount()).isEqualTo(1);
    call(() -> route53.deleteHealthCheck(r -> r.healthCheckId(made.id())));
    assertThatThrownBy(() -> call(() -> route53.getHealthCheck(r -> r.healthCheckId(made.id()))))
        .isInstanceOf(NoSuchHealthCheckException.class);
  }

  @Test
  void aReferenceIsGoodForOneCheck() {
    Consumer<HealthCheckConfig.Builder> one = c -> c.type("TCP").ipAddress("10.0.0.1").port(5432);
    HealthCheck first =
        call(
            () ->
                route53
                    .createHealthCheck(r -> r.callerReference("same").healthCheckConfig(one))
                    .healthCheck());
    assertThat(
            call(
                () ->
                    route53
                        .createHealthCheck(r -> r.callerReference("same").healthCheckConfig(one))
                        .healthCheck()))
        .isEqualTo(first);
    assertThatThrownBy(
            () ->
                call(
                    () ->
                        route53.createHealthCheck(
                            r ->
                                r.callerReference("same")
                                    .healthCheckConfig(
                                        c -> c.type("TCP").ipAddress("10.0.0.2").port(5432)))))
        .isInstanceOf(HealthCheckAlreadyExistsException.class);
  }

  @Test
  void whatIsNotBuiltOrMakesNoSenseIsRefused() {
    assertThatThrownBy(() -> make(c -> c.type(HealthCheckType.CLOUDWATCH_METRIC)))
        .isInstanceOf(Route53Exception.class)
        .hasMessageContaining("CLOUDWATCH_METRIC is not supported");
    assertThatThrownBy(() -> make(c -> c.type(HealthCheckType.RECOVERY_CONTROL)))
        .hasMessageContaining("RECOVERY_CONTROL is not supported");
    List<Consumer<HealthCheckConfig.Builder>> wrong =
        List.of(
            c -> c.type("TCP").ipAddress("10.0.0.1"),
            c -> c.type("HTTP"),
            c -> c.type("HTTP").ipAddress("10.0.0.300"),
            c -> c.type("HTTP").ipAddress("10.0.0.1").requestInterval(20),
            c -> c.type("HTTP").ipAddress("10.0.0.1").failureThreshold(11),
            c -> c.type("HTTP").ipAddress("10.0.0.1").searchString("x"),
            c -> c.type("HTTP_STR_MATCH").ipAddress("10.0.0.1"),
            c -> c.type("CALCULATED"),
            c -> c.type("CALCULATED").childHealthChecks("nobody").healthThreshold(1));
    for (Consumer<HealthCheckConfig.Builder> one : wrong) {
      assertThatThrownBy(() -> make(one)).isInstanceOf(InvalidInputException.class);
    }
  }

  @Test
  void healthFollowsReportsInversionAndChildren() {
    HealthCheck one = http();
    HealthCheck two = http();
    HealthCheck not = make(c -> c.type("HTTP").ipAddress("10.0.0.3").inverted(true));
    HealthCheck both =
        make(c -> c.type("CALCULATED").childHealthChecks(one.id(), two.id()).healthThreshold(2));
    assertThat(healthy(one)).as("nobody has looked yet").isTrue();
    assertThat(healthy(not)).isFalse();
    assertThat(healthy(both)).isTrue();
    report(one, false);
    report(not, false);
    assertThat(healthy(one)).isFalse();
    assertThat(healthy(not)).isTrue();
    assertThat(healthy(both)).isFalse();
    assertThat(
            call(() -> route53.getHealthCheckStatus(r -> r.healthCheckId(one.id())))
                .healthCheckObservations()
                .getFirst()
                .statusReport()
                .status())
        .isEqualTo("Failure: 503");
    call(() -> route53.updateHealthCheck(r -> r.healthCheckId(one.id()).disabled(true)));
    assertThat(healthy(one)).as("a disabled check counts as healthy").isTrue();
    assertThat(Health.endpoints(store.snapshot())).as("and is not made").hasSize(2);
    assertThatThrownBy(() -> call(() -> route53.deleteHealthCheck(r -> r.healthCheckId(one.id()))))
        .hasMessageContaining("child of a calculated health check");
  }

  @Test
  void whatIsSaidAgainIsWrittenOnceAMinute() {
    HealthCheck one = http();
    report(one, true);
    long written = store.snapshot().revision();
    time.advance(Duration.ofSeconds(30));
    report(one, true);
    assertThat(store.snapshot().revision()).isEqualTo(written);
    time.advance(Duration.ofSeconds(31));
    report(one, true);
    assertThat(store.snapshot().revision()).isGreaterThan(written);
  }

  @Test
  void theTestedAnswerFailsOver() {
    String zone =
        call(
            () ->
                route53
                    .createHostedZone(r -> r.name("example.com").callerReference("z"))
                    .hostedZone()
                    .id());
    HealthCheck check = http();
    for (ResourceRecordSetFailover failover :
        List.of(ResourceRecordSetFailover.PRIMARY, ResourceRecordSetFailover.SECONDARY)) {
      boolean primary = failover == ResourceRecordSetFailover.PRIMARY;
      ResourceRecordSet set =
          ResourceRecordSet.builder()
              .name("www.example.com")
              .type(RRType.A)
              .ttl(5L)
              .setIdentifier(failover.toString())
              .failover(failover)
              .healthCheckId(primary ? check.id() : null)
              .resourceRecords(
                  ResourceRecord.builder().value(primary ? "10.0.0.1" : "10.0.0.2").build())
              .build();
      call(
          () ->
              route53.changeResourceRecordSets(
                  r ->
                      r.hostedZoneId(zone)
                          .changeBatch(
                              b ->
                                  b.changes(
                                      c -> c.action(ChangeAction.CREATE).resourceRecordSet(set)))));
    }
    assertThat(answer(zone, "www.example.com")).containsExactly("10.0.0.1");
    report(check, false);
    assertThat(answer(zone, "www.example.com")).containsExactly("10.0.0.2");
    assertThat(new Why(context).why("www.example.com"))
        .singleElement()
        .extracting(gantry.services.Reason::print)
        .asString()
        .contains("zone example.com.", "seen from everywhere")
        .contains("A 10.0.0.1 for 5 s (failover PRIMARY): left out")
        .contains("is unhealthy", "last checked")
        .contains("A 10.0.0.2 for 5 s (failover SECONDARY)");
    assertThat(new Why(context).why("www")).isEmpty();
    assertThat(
            call(() ->
                    route53.testDNSAnswer(
                        r -> r.hostedZoneId(zone).recordName("no.example.com").recordType("A")))
                .responseCode())
        .isEqualTo("NXDOMAIN");
  }

  private List<String> answer(String zone, String name) {
    return call(() ->
            route53.testDNSAnswer(r -> r.hostedZoneId(zone).recordName(name).recordType("A")))
        .recordData();
  }

  @Test
  void placesAndLimits() {
    var first = call(() -> route53.listGeoLocations(r -> {}));
    assertThat(first.geoLocationDetailsList())
        .hasSize(100)
        .anyMatch(p -> "EU".equals(p.continentCode()));
    assertThat(first.isTruncated()).isTrue();
    GeoLocationDetails texas =
        call(
            () ->
                route53
                    .getGeoLocation(r -> r.countryCode("US").subdivisionCode("TX"))
                    .geoLocationDetails());
    assertThat(texas.subdivisionName()).isEqualTo("Texas");
    assertThatThrownBy(() -> call(() -> route53.getGeoLocation(r -> r.countryCode("XX"))))
        .isInstanceOf(NoSuchGeoLocationException.class);
    http();
    var limit =
        call(
            () ->
                route53.getAccountLimit(r -> r.type(AccountLimitType.MAX_HEALTH_CHECKS_BY_OWNER)));
    assertThat(limit.count()).isEqualTo(1);
    assertThat(limit.limit().value()).isEqualTo(200);
  }
}
