package gantry.services.route53;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.Caller;
import gantry.services.FixedClients;
import gantry.services.ServiceContext;
import gantry.state.MemoryStore;
import gantry.state.Scope;
import gantry.state.SeededIds;
import gantry.state.VirtualTime;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.route53.model.Change;
import software.amazon.awssdk.services.route53.model.ChangeAction;
import software.amazon.awssdk.services.route53.model.ChangeStatus;
import software.amazon.awssdk.services.route53.model.ConflictingDomainExistsException;
import software.amazon.awssdk.services.route53.model.HostedZone;
import software.amazon.awssdk.services.route53.model.HostedZoneAlreadyExistsException;
import software.amazon.awssdk.services.route53.model.HostedZoneNotEmptyException;
import software.amazon.awssdk.services.route53.model.InvalidChangeBatchException;
import software.amazon.awssdk.services.route53.model.InvalidDomainNameException;
import software.amazon.awssdk.services.route53.model.LastVpcAssociationException;
import software.amazon.awssdk.services.route53.model.ListResourceRecordSetsRequest;
import software.amazon.awssdk.services.route53.model.ListResourceRecordSetsResponse;
import software.amazon.awssdk.services.route53.model.NoSuchHostedZoneException;
import software.amazon.awssdk.services.route53.model.PublicZoneVpcAssociationException;
import software.amazon.awssdk.services.route53.model.RRType;
import software.amazon.awssdk.services.route53.model.ResourceRecord;
import software.amazon.awssdk.services.route53.model.ResourceRecordSet;
import software.amazon.awssdk.services.route53.model.ResourceRecordSetFailover;
import software.amazon.awssdk.services.route53.model.Tag;
import software.amazon.awssdk.services.route53.model.TagResourceType;
import software.amazon.awssdk.services.route53.model.VPC;
import software.amazon.awssdk.services.route53.model.VPCRegion;

/** Zones and batches of records, as a caller sees them. */
class Route53Test {

  private static final Scope SCOPE = new Scope("000000000000", "us-east-1");

  private final VirtualTime time = new VirtualTime();
  private final Route53 route53 =
      new Route53(
          new ServiceContext(
              MemoryStore.of(time, Route53.HOSTED.tables()),
              time,
              time,
              new SeededIds(3),
              FixedClients.of(),
              Path.of("unused"),
              new ServiceContext.Endpoint("127.0.0.1", 4566)));
  private int references;

  private static <T> T as(String arn, Supplier<T> work) {
    Caller caller = Caller.service(arn, SCOPE, "r-1");
    return ScopedValue.where(Caller.CURRENT, caller).call(work::get);
  }

  private static <T> T call(Supplier<T> work) {
    return as("arn:aws:iam::000000000000:root", work);
  }

  private static VPC vpc(int number) {
    return VPC.builder().vpcId("vpc-%08x".formatted(number)).vpcRegion(VPCRegion.US_EAST_1).build();
  }

  private String zone(String name, VPC... vpcs) {
    return call(
        () ->
            route53
                .createHostedZone(
                    r -> {
                      r.name(name).callerReference("ref-" + references++);
                      Arrays.stream(vpcs).forEach(r::vpc);
                    })
                .hostedZone()
                .id());
  }

  private static ResourceRecordSet set(String name, RRType type, String... values) {
    return ResourceRecordSet.builder()
        .name(name)
        .type(type)
        .ttl(60L)
        .resourceRecords(
            Arrays.stream(values).map(v -> ResourceRecord.builder().value(v).build()).toList())
        .build();
  }

  private static Change change(ChangeAction action, ResourceRecordSet set) {
    return Change.builder().action(action).resourceRecordSet(set).build();
  }

  private void change(String zone, Change... changes) {
    call(
        () ->
            route53.changeResourceRecordSets(
                r -> r.hostedZoneId(zone).changeBatch(b -> b.changes(changes))));
  }

  private void create(String zone, ResourceRecordSet... sets) {
    change(
        zone, Arrays.stream(sets).map(s -> change(ChangeAction.CREATE, s)).toArray(Change[]::new));
  }

  private List<String> names(String zone) {
    return call(() -> route53.listResourceRecordSets(r -> r.hostedZoneId(zone)))
        .resourceRecordSets()
        .stream()
        .map(s -> s.name() + " " + s.typeAsString())
        .toList();
  }

  private void refused(String zone, String message, Change... changes) {
    List<String> before = names(zone);
    assertThatThrownBy(() -> change(zone, changes))
        .isInstanceOf(InvalidChangeBatchException.class)
        .hasMessageContaining(message);
    assertThat(names(zone)).isEqualTo(before);
  }

  @Test
  void aNewZoneHasItsSoaAndItsServers() {
    String id = zone("Example.COM");
    HostedZone zone = call(() -> route53.getHostedZone(r -> r.id(id))).hostedZone();
    assertThat(zone.name()).isEqualTo("example.com.");
    assertThat(zone.id()).matches("/hostedzone/Z[0-9A-Z]{12,31}");
    assertThat(zone.resourceRecordSetCount()).isEqualTo(2);
    assertThat(zone.config().privateZone()).isFalse();
    assertThat(names(id)).containsExactly("example.com. NS", "example.com. SOA");
    assertThat(call(() -> route53.getHostedZone(r -> r.id(id))).delegationSet().nameServers())
        .hasSize(4);
  }

  @Test
  void aCallerReferenceServesOnce() {
    call(() -> route53.createHostedZone(r -> r.name("a.test").callerReference("x")));
    assertThatThrownBy(
            () -> call(() -> route53.createHostedZone(r -> r.name("b.test").callerReference("x"))))
        .isInstanceOf(HostedZoneAlreadyExistsException.class);
    assertThatThrownBy(() -> zone("a..test")).isInstanceOf(InvalidDomainNameException.class);
  }

  @Test
  void aBatchIsWholeOrNothing() {
    String id = zone("example.com");
    create(id, set("a.example.com", RRType.A, "10.0.0.1"));
    refused(
        id,
        "Tried to create resource record set [name='a.example.com.', type='A'] but it already exists",
        change(ChangeAction.CREATE, set("b.example.com", RRType.A, "10.0.0.2")),
        change(ChangeAction.CREATE, set("a.example.com", RRType.A, "10.0.0.2")));
    refused(
        id,
        "Tried to delete resource record set [name='c.example.com.', type='A'] but it was not found",
        change(ChangeAction.DELETE, set("c.example.com", RRType.A, "10.0.0.2")));
    refused(
        id,
        "but the values provided do not match the current values",
        change(ChangeAction.DELETE, set("a.example.com", RRType.A, "10.0.0.2")));
    refused(
        id,
        "RRSet with DNS name a.other.org. is not permitted in zone example.com.",
        change(ChangeAction.UPSERT, set("a.other.org", RRType.A, "10.0.0.2")));
    change(
        id,
        change(ChangeAction.DELETE, set("a.example.com", RRType.A, "10.0.0.1")),
        change(ChangeAction.CREATE, set("a.example.com", RRType.A, "10.0.0.3")));
    assertThat(names(id)).contains("a.example.com. A");
  }

  @Test
  void valuesAreReadAsTheirTypeSays() {
    String id = zone("example.com");
    Object[][] wrong = {
      {RRType.A, "10.1"},
      {RRType.A, "300.0.0.1"},
      {RRType.A, "::1"},
      {RRType.AAAA, "10.0.0.1"},
      {RRType.AAAA, "fe80::1%eth0"},
      {RRType.MX, "mail.example.com"},
      {RRType.SRV, "1 1 70000 a.example.com"},
      {RRType.TXT, "bare"},
    };
    for (Object[] one : wrong) {
      refused(
          id,
          "Invalid Resource Record: FATAL problem",
          change(ChangeAction.UPSERT, set("x.example.com", (RRType) one[0], (String) one[1])));
    }
    refused(
        id,
        "FATAL problem: SOARRDATANotSevenFields",
        change(ChangeAction.UPSERT, set("example.com", RRType.SOA, "a. b. 1 2 3 x 5")));
    create(
        id,
        set("x.example.com", RRType.AAAA, "::ffff:10.0.0.1", "fd00::1"),
        set("x.example.com", RRType.MX, "10 mail.example.com"),
        set("x.example.com", RRType.TXT, "\"one\" \"two\""));
  }

  @Test
  void aCnameStandsAlone() {
    String id = zone("example.com");
    create(
        id,
        set("a.example.com", RRType.A, "10.0.0.1"),
        set("c.example.com", RRType.CNAME, "a.example.com"));
    refused(
        id,
        "RRSet of type CNAME with DNS name a.example.com. is not permitted as it conflicts with other records with the same DNS name in zone example.com.",
        change(ChangeAction.CREATE, set("a.example.com", RRType.CNAME, "b.example.com")));
    refused(
        id,
        "RRSet of type A with DNS name c.example.com. is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone example.com.",
        change(ChangeAction.CREATE, set("c.example.com", RRType.A, "10.0.0.1")));
    refused(
        id,
        "is not permitted at apex in zone example.com.",
        change(ChangeAction.CREATE, set("example.com", RRType.CNAME, "b.example.com")));
    change(
        id,
        change(ChangeAction.DELETE, set("c.example.com", RRType.CNAME, "a.example.com")),
        change(ChangeAction.CREATE, set("c.example.com", RRType.A, "10.0.0.1")));
  }

  private static ResourceRecordSet weighted(String id, long weight) {
    return set("w.example.com", RRType.A, "10.0.0.1").toBuilder()
        .setIdentifier(id)
        .weight(weight)
        .build();
  }

  @Test
  void policiesAreNotMixedAndFailoversAreUnique() {
    String id = zone("example.com");
    create(id, weighted("one", 1), weighted("two", 255));
    refused(
        id,
        "a different routing policy",
        change(
            ChangeAction.CREATE,
            set("w.example.com", RRType.A, "10.0.0.1").toBuilder()
                .setIdentifier("three")
                .multiValueAnswer(true)
                .build()));
    refused(id, "Weight must be", change(ChangeAction.CREATE, weighted("three", 256)));
    refused(
        id,
        "must all have the same TTL",
        change(ChangeAction.CREATE, weighted("three", 1).toBuilder().ttl(5L).build()));
    refused(
        id,
        "Missing field 'SetIdentifier'",
        change(
            ChangeAction.CREATE,
            set("m.example.com", RRType.A, "10.0.0.1").toBuilder().multiValueAnswer(true).build()));
    ResourceRecordSet primary =
        set("f.example.com", RRType.A, "10.0.0.1").toBuilder()
            .setIdentifier("p")
            .failover(ResourceRecordSetFailover.PRIMARY)
            .build();
    create(id, primary);
    refused(
        id,
        "same name, type and failover",
        change(ChangeAction.CREATE, primary.toBuilder().setIdentifier("q").build()));
    refused(
        id,
        "The health check 1234 does not exist",
        change(ChangeAction.UPSERT, primary.toBuilder().healthCheckId("1234").build()));
  }

  @Test
  void theApexKeepsItsTwoRecordsAndAFullZoneIsNotDeleted() {
    String id = zone("example.com");
    ResourceRecordSet soa =
        call(() -> route53.listResourceRecordSets(r -> r.hostedZoneId(id)))
            .resourceRecordSets()
            .get(1);
    refused(id, "exactly one SOA", change(ChangeAction.DELETE, soa));
    change(id, change(ChangeAction.UPSERT, soa.toBuilder().ttl(5L).build()));
    create(id, set("a.example.com", RRType.A, "10.0.0.1"));
    assertThatThrownBy(() -> call(() -> route53.deleteHostedZone(r -> r.id(id))))
        .isInstanceOf(HostedZoneNotEmptyException.class);
    change(id, change(ChangeAction.DELETE, set("a.example.com", RRType.A, "10.0.0.1")));
    call(() -> route53.deleteHostedZone(r -> r.id(id)));
    assertThatThrownBy(() -> call(() -> route53.getHostedZone(r -> r.id(id))))
        .isInstanceOf(NoSuchHostedZoneException.class)
        .hasMessageContaining("No hosted zone found with ID: ");
  }

  @Test
  void namesWithOddCharactersAndWildcards() {
    String id = zone("example.com");
    create(
        id,
        set("*.example.com", RRType.A, "10.0.0.1"),
        set("a\\057B.example.com", RRType.A, "10.0.0.1"),
        set("_http._tcp.example.com", RRType.SRV, "1 1 80 a.example.com"));
    assertThat(names(id))
        .contains("\\052.example.com. A", "a\\057b.example.com. A", "_http._tcp.example.com. SRV");
    change(id, change(ChangeAction.DELETE, set("\\052.example.com.", RRType.A, "10.0.0.1")));
    assertThat(names(id)).doesNotContain("\\052.example.com. A");
  }

  @Test
  void pagesMeetWithoutGapsInRoute53sOrder() {
    String id = zone("example.com");
    List<ResourceRecordSet> sets = new ArrayList<>();
    for (int i = 0; i < 25; i++) {
      sets.add(set("n" + i + ".example.com", RRType.A, "10.0.0.1"));
      sets.add(set("deep.n" + i + ".example.com", RRType.TXT, "\"t\""));
    }
    sets.add(weighted("one", 1));
    sets.add(weighted("two", 1));
    create(id, sets.toArray(ResourceRecordSet[]::new));
    List<String> whole = names(id);
    List<String> paged = new ArrayList<>();
    ListResourceRecordSetsRequest request =
        ListResourceRecordSetsRequest.builder().hostedZoneId(id).maxItems("7").build();
    while (true) {
      ListResourceRecordSetsRequest asked = request;
      ListResourceRecordSetsResponse page = call(() -> route53.listResourceRecordSets(asked));
      page.resourceRecordSets().forEach(s -> paged.add(s.name() + " " + s.typeAsString()));
      if (!page.isTruncated()) {
        break;
      }
      request =
          request.toBuilder()
              .startRecordName(page.nextRecordName())
              .startRecordType(page.nextRecordType())
              .startRecordIdentifier(page.nextRecordIdentifier())
              .build();
    }
    assertThat(paged).isEqualTo(whole).hasSize(54);
    assertThat(whole.indexOf("n3.example.com. A"))
        .isEqualTo(whole.indexOf("deep.n3.example.com. TXT") - 1);
  }

  @Test
  void zonesByPageAndByName() {
    for (String name : List.of("c.test", "a.test", "b.test", "z.a.test")) {
      zone(name);
    }
    List<String> found = new ArrayList<>();
    String marker = null;
    do {
      String from = marker;
      var page = call(() -> route53.listHostedZones(r -> r.maxItems("3").marker(from)));
      page.hostedZones().forEach(z -> found.add(z.name()));
      marker = page.nextMarker();
    } while (marker != null);
    assertThat(found).containsExactlyInAnyOrder("a.test.", "b.test.", "c.test.", "z.a.test.");
    var byName = call(() -> route53.listHostedZonesByName(r -> r.dnsName("a.test").maxItems("2")));
    assertThat(byName.hostedZones())
        .extracting(HostedZone::name)
        .containsExactly("a.test.", "z.a.test.");
    assertThat(byName.nextDNSName()).isEqualTo("b.test.");
  }

  @Test
  void privateZonesAndTheirVpcs() {
    String id = zone("local", vpc(1));
    assertThatThrownBy(() -> zone("local", vpc(1)))
        .isInstanceOf(ConflictingDomainExistsException.class)
        .hasMessageContaining(
            "The VPC vpc-00000001 in region us-east-1 has already been associated with the hosted zone")
        .hasMessageContaining("with the same domain name.");
    zone("local", vpc(2));
    assertThatThrownBy(
            () ->
                call(
                    () ->
                        route53.disassociateVPCFromHostedZone(r -> r.hostedZoneId(id).vpc(vpc(1)))))
        .isInstanceOf(LastVpcAssociationException.class);
    call(() -> route53.associateVPCWithHostedZone(r -> r.hostedZoneId(id).vpc(vpc(3))));
    call(() -> route53.disassociateVPCFromHostedZone(r -> r.hostedZoneId(id).vpc(vpc(1))));
    assertThat(call(() -> route53.getHostedZone(r -> r.id(id))).vpCs()).containsExactly(vpc(3));
    assertThat(
            call(() ->
                    route53.listHostedZonesByVPC(
                        r -> r.vpcId("vpc-00000003").vpcRegion("us-east-1")))
                .hostedZoneSummaries())
        .hasSize(1);
    String open = zone("open.test");
    assertThatThrownBy(
            () ->
                call(
                    () ->
                        route53.associateVPCWithHostedZone(r -> r.hostedZoneId(open).vpc(vpc(3)))))
        .isInstanceOf(PublicZoneVpcAssociationException.class);
  }

  @Test
  void cloudMapsZonesAreCloudMaps() {
    String id =
        as(
            "servicediscovery.amazonaws.com",
            () ->
                route53
                    .createHostedZone(r -> r.name("cm").callerReference("ns-1").vpc(vpc(9)))
                    .hostedZone()
                    .id());
    assertThatThrownBy(() -> create(id, set("a.cm", RRType.A, "10.0.0.1")))
        .hasMessageContaining("can only be managed through servicediscovery.amazonaws.com");
    assertThat(
            call(() -> route53.getHostedZone(r -> r.id(id)))
                .hostedZone()
                .linkedService()
                .servicePrincipal())
        .isEqualTo("servicediscovery.amazonaws.com");
  }

  @Test
  void aZonesLimits() {
    String id = zone("local", vpc(1));
    var records =
        call(() -> route53.getHostedZoneLimit(r -> r.hostedZoneId(id).type("MAX_RRSETS_BY_ZONE")));
    assertThat(records.count()).isEqualTo(2);
    assertThat(records.limit().value()).isEqualTo(10_000);
    String open = zone("open.test");
    assertThatThrownBy(
            () ->
                call(
                    () ->
                        route53.getHostedZoneLimit(
                            r -> r.hostedZoneId(open).type("MAX_VPCS_ASSOCIATED_BY_ZONE"))))
        .isInstanceOf(
            software.amazon.awssdk.services.route53.model.HostedZoneNotPrivateException.class);
  }

  @Test
  void receiptsAndTags() {
    String id = zone("example.com");
    String change =
        call(() ->
                route53.changeResourceRecordSets(
                    r ->
                        r.hostedZoneId(id)
                            .changeBatch(
                                b ->
                                    b.comment("why")
                                        .changes(
                                            change(
                                                ChangeAction.CREATE,
                                                set("a.example.com", RRType.A, "10.0.0.1"))))))
            .changeInfo()
            .id();
    var info = call(() -> route53.getChange(r -> r.id(change))).changeInfo();
    assertThat(info.status()).isEqualTo(ChangeStatus.INSYNC);
    assertThat(info.comment()).isEqualTo("why");
    String bare = id.substring(id.lastIndexOf('/') + 1);
    call(
        () ->
            route53.changeTagsForResource(
                r ->
                    r.resourceType(TagResourceType.HOSTEDZONE)
                        .resourceId(bare)
                        .addTags(Tag.builder().key("k").value("v").build())));
    assertThat(
            call(() ->
                    route53.listTagsForResource(
                        r -> r.resourceType(TagResourceType.HOSTEDZONE).resourceId(bare)))
                .resourceTagSet()
                .tags())
        .containsExactly(Tag.builder().key("k").value("v").build());
  }
}
