package gantry.services.cloudmap;

import static gantry.services.cloudmap.Errors.invalid;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.servicediscovery.model.DnsRecord;
import software.amazon.awssdk.services.servicediscovery.model.HealthCheckType;
import software.amazon.awssdk.services.servicediscovery.model.RecordType;
import software.amazon.awssdk.services.servicediscovery.model.RoutingPolicy;
import software.amazon.awssdk.services.servicediscovery.model.Service;

/** The attributes of an instance that mean something, and what a service's records ask of them. */
final class Attributes {
  static final String IPV4 = "AWS_INSTANCE_IPV4";
  static final String IPV6 = "AWS_INSTANCE_IPV6";
  static final String PORT = "AWS_INSTANCE_PORT";
  static final String CNAME = "AWS_INSTANCE_CNAME";
  static final String ALIAS = "AWS_ALIAS_DNS_NAME";
  static final String EC2_INSTANCE = "AWS_EC2_INSTANCE_ID";
  static final String INIT_HEALTH = "AWS_INIT_HEALTH_STATUS";

  static final int MAX_CUSTOM = 30;
  static final int MAX_KEY = 255;
  static final int MAX_VALUE = 1024;
  static final int MAX_TOTAL = 5000;

  private Attributes() {}

  static void check(Service service, Map<String, String> attributes) {
    int custom = 0;
    int total = 0;
    for (var attribute : attributes.entrySet()) {
      custom += attribute.getKey().startsWith("AWS_") ? 0 : 1;
      total += attribute.getKey().length() + attribute.getValue().length();
      if (attribute.getKey().isEmpty() || attribute.getKey().length() > MAX_KEY) {
        throw invalid("Attribute keys must have 1 to 255 characters.");
      }
      if (attribute.getValue().length() > MAX_VALUE) {
        throw invalid(
            "The value of attribute " + attribute.getKey() + " has more than 1024 characters.");
      }
    }
    if (custom > MAX_CUSTOM || total > MAX_TOTAL) {
      throw invalid("An instance may have 30 custom attributes and 5,000 characters in all.");
    }
    checkAddress(attributes.get(IPV4), IPV4, Inet4Address.class);
    checkAddress(attributes.get(IPV6), IPV6, Inet6Address.class);
    checkPort(attributes.get(PORT));
    String health = attributes.get(INIT_HEALTH);
    if (health != null && !Set.of("HEALTHY", "UNHEALTHY").contains(health)) {
      throw invalid("AWS_INIT_HEALTH_STATUS must be HEALTHY or UNHEALTHY.");
    }
    if (attributes.containsKey(EC2_INSTANCE)) {
      throw invalid(
          "AWS_EC2_INSTANCE_ID is not supported here, since there are no EC2 instances to look up; give AWS_INSTANCE_IPV4 instead.");
    }
    if (attributes.containsKey(ALIAS)) {
      checkAlias(service, attributes);
      return;
    }
    if (service.dnsConfig() == null) {
      return;
    }
    Set<RecordType> types =
        service.dnsConfig().dnsRecords().stream().map(DnsRecord::type).collect(Collectors.toSet());
    if (types.contains(RecordType.A)) {
      require(attributes, IPV4);
    }
    if (types.contains(RecordType.AAAA)) {
      require(attributes, IPV6);
    }
    if (types.contains(RecordType.CNAME)) {
      require(attributes, CNAME);
    }
    if (service.healthCheckConfig() != null
        && service.healthCheckConfig().type() == HealthCheckType.TCP) {
      require(attributes, PORT);
    }
    if (types.contains(RecordType.SRV)) {
      require(attributes, PORT);
      if (!attributes.containsKey(IPV4) && !attributes.containsKey(IPV6)) {
        throw missing(IPV4 + " or " + IPV6);
      }
    }
  }

  private static void checkAlias(Service service, Map<String, String> attributes) {
    boolean weighted =
        service.dnsConfig() != null
            && service.dnsConfig().routingPolicy() == RoutingPolicy.WEIGHTED;
    if (!weighted) {
      throw invalid(
          "AWS_ALIAS_DNS_NAME needs a service with A or AAAA records and routing policy WEIGHTED.");
    }
    if (attributes.keySet().stream().anyMatch(key -> key.startsWith("AWS_INSTANCE_"))) {
      throw invalid("AWS_ALIAS_DNS_NAME cannot be combined with AWS_INSTANCE_ attributes.");
    }
    if (service.healthCheckConfig() != null) {
      throw invalid("AWS_ALIAS_DNS_NAME cannot be combined with a health check.");
    }
    boolean addresses =
        service.dnsConfig().dnsRecords().stream()
            .allMatch(r -> r.type() == RecordType.A || r.type() == RecordType.AAAA);
    if (!addresses) {
      throw invalid("AWS_ALIAS_DNS_NAME needs a service with A or AAAA records.");
    }
  }

  private static void require(Map<String, String> attributes, String key) {
    if (!attributes.containsKey(key)) {
      throw missing(key);
    }
  }

  private static RuntimeException missing(String what) {
    return invalid(
        "The request is missing the attribute " + what + ", which the service's DNS records need.");
  }

  private static void checkAddress(
      @Nullable String text, String key, Class<? extends InetAddress> family) {
    if (text == null) {
      return;
    }
    try {
      // Java's literals have short forms (10.1) and zones (%eth0) that records do not.
      boolean formed =
          family == Inet4Address.class
              ? text.matches("\\d{1,3}(\\.\\d{1,3}){3}")
              : text.indexOf(':') >= 0 && text.indexOf('%') < 0;
      if (formed && family.isInstance(InetAddress.ofLiteral(text))) {
        return;
      }
    } catch (IllegalArgumentException notAnAddress) {
      // Told below in the same words.
    }
    throw invalid("The value '" + text + "' of " + key + " is not a valid address.");
  }

  private static void checkPort(@Nullable String text) {
    if (text == null) {
      return;
    }
    boolean digits =
        !text.isEmpty() && text.length() <= 5 && text.chars().allMatch(Character::isDigit);
    if (!digits || Integer.parseInt(text) > 65_535) {
      throw invalid("The value '" + text + "' of AWS_INSTANCE_PORT is not a valid port.");
    }
  }
}
