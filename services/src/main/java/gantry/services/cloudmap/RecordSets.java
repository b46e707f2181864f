package gantry.services.cloudmap;

import gantry.services.cloudmap.Tables.InstanceRow;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import software.amazon.awssdk.services.route53.model.AliasTarget;
import software.amazon.awssdk.services.route53.model.RRType;
import software.amazon.awssdk.services.route53.model.ResourceRecord;
import software.amazon.awssdk.services.route53.model.ResourceRecordSet;
import software.amazon.awssdk.services.servicediscovery.model.DnsRecord;
import software.amazon.awssdk.services.servicediscovery.model.RoutingPolicy;
import software.amazon.awssdk.services.servicediscovery.model.Service;

/**
 * The records that a service's zone should hold: a pure function of the service and its instances.
 * Unhealthy instances are left out, unless all of them are unhealthy.
 */
final class RecordSets {

  /** The zone id of load balancers, for aliases to them; ours has one zone for all. */
  static final String BALANCER_ZONE = "Z35SXDOTRQ7X7K";

  private RecordSets() {}

  /**
   * A name as Route 53 keeps it, so that what is wanted can be compared with what stands there:
   * lower case, a dot at the end, odd characters as {@code \ooo}.
   */
  static String stored(String name) {
    var text = new StringBuilder(name.length() + 1);
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean plain =
          c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.';
      if (plain) {
        text.append(c);
      } else if (c >= 'A' && c <= 'Z') {
        text.append((char) (c + 32));
      } else {
        text.append("\\%03o".formatted((int) c));
      }
    }
    return text.isEmpty() || text.charAt(text.length() - 1) != '.'
        ? text.append('.').toString()
        : text.toString();
  }

  static String nameOf(Service service, String namespace) {
    return stored(service.name() + "." + namespace);
  }

  static List<ResourceRecordSet> of(
      Service service, String namespace, List<InstanceRow> instances) {
    if (service.dnsConfig() == null) {
      return List.of();
    }
    List<InstanceRow> healthy = instances.stream().filter(InstanceRow::healthy).toList();
    List<ResourceRecordSet> sets = new ArrayList<>();
    String name = nameOf(service, namespace);
    for (InstanceRow instance : healthy.isEmpty() ? instances : healthy) {
      for (DnsRecord record : service.dnsConfig().dnsRecords()) {
        add(sets, service, name, instance, record);
      }
    }
    return sets;
  }

  private static void add(
      List<ResourceRecordSet> sets,
      Service service,
      String name,
      InstanceRow instance,
      DnsRecord record) {
    Map<String, String> attributes = instance.attributes();
    String alias = attributes.get(Attributes.ALIAS);
    RRType type = RRType.fromValue(record.typeAsString());
    if (alias != null) {
      sets.add(
          routed(service, instance, name, type)
              .aliasTarget(
                  AliasTarget.builder()
                      .dnsName(stored(alias))
                      .hostedZoneId(BALANCER_ZONE)
                      .evaluateTargetHealth(true)
                      .build())
              .build());
      return;
    }
    switch (record.type()) {
      case A ->
          sets.add(
              value(
                  service, instance, name, type, record.ttl(), given(attributes, Attributes.IPV4)));
      case AAAA ->
          sets.add(
              value(
                  service, instance, name, type, record.ttl(), given(attributes, Attributes.IPV6)));
      case CNAME ->
          sets.add(
              value(
                  service,
                  instance,
                  name,
                  type,
                  record.ttl(),
                  given(attributes, Attributes.CNAME)));
      case SRV -> {
        String own = stored(instance.instanceId() + "." + name);
        String target = "1 1 " + attributes.get(Attributes.PORT) + " " + own;
        sets.add(value(service, instance, name, type, record.ttl(), target));
        if (attributes.containsKey(Attributes.IPV4)) {
          sets.add(simple(own, RRType.A, record.ttl(), given(attributes, Attributes.IPV4)));
        }
        if (attributes.containsKey(Attributes.IPV6)) {
          sets.add(simple(own, RRType.AAAA, record.ttl(), given(attributes, Attributes.IPV6)));
        }
      }
      case UNKNOWN_TO_SDK_VERSION ->
          throw new IllegalStateException("a record type that CreateService refuses: " + record);
    }
  }

  /** Registration refuses an instance without what its records need. */
  private static String given(Map<String, String> attributes, String key) {
    return Objects.requireNonNull(attributes.get(key), key);
  }

  private static ResourceRecordSet simple(String name, RRType type, Long ttl, String value) {
    return ResourceRecordSet.builder()
        .name(name)
        .type(type)
        .ttl(ttl)
        .resourceRecords(ResourceRecord.builder().value(value).build())
        .build();
  }

  private static ResourceRecordSet value(
      Service service, InstanceRow instance, String name, RRType type, Long ttl, String value) {
    return routed(service, instance, name, type)
        .ttl(ttl)
        .resourceRecords(ResourceRecord.builder().value(value).build())
        .build();
  }

  private static ResourceRecordSet.Builder routed(
      Service service, InstanceRow instance, String name, RRType type) {
    ResourceRecordSet.Builder set =
        ResourceRecordSet.builder()
            .name(name)
            .type(type)
            .setIdentifier(instance.instanceId())
            .healthCheckId(instance.healthCheckId());
    return service.dnsConfig().routingPolicy() == RoutingPolicy.WEIGHTED
        ? set.weight(1L)
        : set.multiValueAnswer(true);
  }
}
