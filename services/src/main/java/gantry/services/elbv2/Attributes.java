package gantry.services.elbv2;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Listener;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ProtocolEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetGroup;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetTypeEnum;

/** Every attribute there is: where it applies, its default, its range. */
final class Attributes {

  static final int MAX_PER_CALL = 20;

  private static final String BOOLEAN = "true|false";
  private static final String ANY = "";

  /**
   * One attribute.
   *
   * @param allowed values separated by {@code |}, a range {@code 1..10}, or empty for any text
   */
  record Attribute(String key, String standard, String allowed) {}

  private Attributes() {}

  static Map<String, Attribute> ofBalancer(boolean application, boolean internal) {
    Map<String, Attribute> all = new LinkedHashMap<>();
    put(all, "deletion_protection.enabled", "false", BOOLEAN);
    put(all, "load_balancing.cross_zone.enabled", application ? "true" : "false", BOOLEAN);
    put(all, "access_logs.s3.enabled", "false", BOOLEAN);
    put(all, "access_logs.s3.bucket", "", ANY);
    put(all, "access_logs.s3.prefix", "", ANY);
    put(all, "ipv6.deny_all_igw_traffic", internal ? "true" : "false", BOOLEAN);
    put(all, "zonal_shift.config.enabled", "false", BOOLEAN);
    if (application) {
      put(all, "idle_timeout.timeout_seconds", "60", "1..4000");
      put(all, "client_keep_alive.seconds", "3600", "60..604800");
      put(all, "connection_logs.s3.enabled", "false", BOOLEAN);
      put(all, "connection_logs.s3.bucket", "", ANY);
      put(all, "connection_logs.s3.prefix", "", ANY);
      put(all, "health_check_logs.s3.enabled", "false", BOOLEAN);
      put(all, "health_check_logs.s3.bucket", "", ANY);
      put(all, "health_check_logs.s3.prefix", "", ANY);
      put(all, "routing.http.desync_mitigation_mode", "defensive", "monitor|defensive|strictest");
      put(all, "routing.http.drop_invalid_header_fields.enabled", "false", BOOLEAN);
      put(all, "routing.http.preserve_host_header.enabled", "false", BOOLEAN);
      put(all, "routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false", BOOLEAN);
      put(all, "routing.http.xff_client_port.enabled", "false", BOOLEAN);
      put(all, "routing.http.xff_header_processing.mode", "append", "append|preserve|remove");
      put(all, "routing.http2.enabled", "true", BOOLEAN);
      put(all, "waf.fail_open.enabled", "false", BOOLEAN);
    } else {
      put(
          all,
          "dns_record.client_routing_policy",
          "any_availability_zone",
          "any_availability_zone|partial_availability_zone_affinity|availability_zone_affinity");
      put(all, "secondary_ips.auto_assigned.per_subnet", "0", "0..7");
    }
    return all;
  }

  static Map<String, Attribute> ofGroup(TargetGroup group) {
    Map<String, Attribute> all = new LinkedHashMap<>();
    boolean lambda = group.targetType() == TargetTypeEnum.LAMBDA;
    String protocol = String.valueOf(group.protocolAsString());
    boolean application = lambda || protocol.equals("HTTP") || protocol.equals("HTTPS");
    boolean datagram = protocol.equals("UDP") || protocol.equals("TCP_UDP");
    put(all, "stickiness.enabled", "false", BOOLEAN);
    put(
        all,
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
        "1",
        "1..1000");
    put(
        all,
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
        "off",
        "off|1..100");
    put(all, "target_group_health.dns_failover.minimum_healthy_targets.count", "1", "off|1..1000");
    put(
        all,
        "target_group_health.dns_failover.minimum_healthy_targets.percentage",
        "off",
        "off|1..100");
    put(
        all,
        "load_balancing.cross_zone.enabled",
        "use_load_balancer_configuration",
        "true|false|use_load_balancer_configuration");
    if (!lambda) {
      put(all, "deregistration_delay.timeout_seconds", "300", "0..3600");
    } else {
      put(all, "lambda.multi_value_headers.enabled", "false", BOOLEAN);
    }
    if (application) {
      put(all, "stickiness.type", "lb_cookie", "lb_cookie|app_cookie");
      put(all, "stickiness.lb_cookie.duration_seconds", "86400", "1..604800");
      put(all, "stickiness.app_cookie.duration_seconds", "86400", "1..604800");
      put(all, "stickiness.app_cookie.cookie_name", "", ANY);
      if (!lambda) {
        put(all, "slow_start.duration_seconds", "0", "0|30..900");
        put(
            all,
            "load_balancing.algorithm.type",
            "round_robin",
            "round_robin|least_outstanding_requests|weighted_random");
        put(all, "load_balancing.algorithm.anomaly_mitigation", "off", "on|off");
      }
    } else {
      put(all, "stickiness.type", "source_ip", "source_ip");
      put(
          all,
          "deregistration_delay.connection_termination.enabled",
          datagram ? "true" : "false",
          BOOLEAN);
      // AWS keeps the address of a datagram's client always.
      boolean balancers = group.targetType() == TargetTypeEnum.ALB;
      boolean keeps = datagram || group.targetType() == TargetTypeEnum.INSTANCE;
      put(
          all,
          "preserve_client_ip.enabled",
          keeps && !balancers ? "true" : "false",
          datagram ? "true" : BOOLEAN);
      put(all, "proxy_protocol_v2.enabled", "false", BOOLEAN);
      put(all, "target_health_state.unhealthy.connection_termination.enabled", "true", BOOLEAN);
      put(all, "target_health_state.unhealthy.draining_interval_seconds", "0", "0..360000");
    }
    return all;
  }

  static Map<String, Attribute> ofListener(Listener listener) {
    Map<String, Attribute> all = new LinkedHashMap<>();
    ProtocolEnum protocol = listener.protocol();
    if (protocol != ProtocolEnum.HTTP && protocol != ProtocolEnum.HTTPS) {
      // AWS lets it be changed where TCP alone is spoken; TLS and UDP have their fixed times.
      if (protocol == ProtocolEnum.TCP || protocol == ProtocolEnum.TCP_UDP) {
        put(all, "tcp.idle_timeout.seconds", "350", "60..6000");
      }
      return all;
    }
    put(all, "routing.http.response.server.enabled", "true", BOOLEAN);
    if (protocol == ProtocolEnum.HTTPS) {
      for (String header : REQUEST_HEADERS) {
        put(all, "routing.http.request." + header + ".header_name", "", ANY);
      }
    }
    for (String header : BalancerPlan.RESPONSE_HEADERS.keySet()) {
      put(all, "routing.http.response." + header + ".header_value", "", ANY);
    }
    return all;
  }

  /** The headers of requests that a listener's attributes would give other names. */
  private static final List<String> REQUEST_HEADERS =
      List.of(
          "x_amzn_mtls_clientcert_serial_number",
          "x_amzn_mtls_clientcert_issuer",
          "x_amzn_mtls_clientcert_subject",
          "x_amzn_mtls_clientcert_validity",
          "x_amzn_mtls_clientcert_leaf",
          "x_amzn_mtls_clientcert",
          "x_amzn_tls_version",
          "x_amzn_tls_cipher_suite");

  private static void put(Map<String, Attribute> all, String key, String standard, String allowed) {
    all.put(key, new Attribute(key, standard, allowed));
  }

  /** All attributes with their present values. */
  static Map<String, String> effective(Map<String, Attribute> all, Map<String, String> set) {
    Map<String, String> values = new TreeMap<>();
    all.forEach((key, one) -> values.put(key, one.standard()));
    set.forEach((key, value) -> values.computeIfPresent(key, (k, old) -> value));
    return values;
  }

  /** The set values after a change, each checked. */
  static Map<String, String> change(
      Map<String, Attribute> all,
      Map<String, String> set,
      List<Map.Entry<@Nullable String, @Nullable String>> changes) {
    if (changes.size() > MAX_PER_CALL) {
      throw Errors.validation(
          "At most " + MAX_PER_CALL + " attributes can be modified in one call");
    }
    Map<String, String> next = new TreeMap<>(set);
    for (Map.Entry<@Nullable String, @Nullable String> one : changes) {
      String key = one.getKey();
      String value = one.getValue() == null ? "" : one.getValue();
      Attribute known = key == null ? null : all.get(key);
      if (known == null) {
        throw Errors.validation("Attribute key '" + key + "' is not recognized");
      }
      check(known, value);
      next.put(known.key(), value);
    }
    return next;
  }

  /** What is accepted with its default only, and why. */
  private static final Map<String, String> NOT_BUILT =
      Map.of(
          "health_check_logs.s3.enabled", "the checks are in DescribeTargetHealth and the metrics",
          "zonal_shift.config.enabled", "there is no zonal shift",
          "waf.fail_open.enabled", "there is no web application firewall",
          "ipv6.deny_all_igw_traffic", "networks here are IPv4",
          "secondary_ips.auto_assigned.per_subnet", "a node has one address",
          "dns_record.client_routing_policy", "names answer with every node");

  private static void check(Attribute attribute, String value) {
    String why =
        attribute.key().startsWith("routing.http.request.")
            ? "these headers have their usual names"
            : NOT_BUILT.get(attribute.key());
    if (why != null && !value.equals(attribute.standard())) {
      throw Errors.notBuilt("The attribute " + attribute.key() + "=" + value, why);
    }
    String allowed = attribute.allowed();
    if (allowed.isEmpty()) {
      if (value.length() > 1024 || !value.chars().allMatch(c -> c >= 0x20 && c < 0x7f)) {
        throw Errors.validation("'" + attribute.key() + "' has an invalid value");
      }
      return;
    }
    for (String one : allowed.split("\\|", -1)) {
      int dots = one.indexOf("..");
      if (dots < 0 ? one.equals(value) : within(value, one, dots)) {
        return;
      }
    }
    if (allowed.contains("..") && !allowed.contains("|")) {
      throw Errors.validation(
          "'"
              + attribute.key()
              + "' value '"
              + value
              + "' must be between '"
              + allowed.replace("..", "-")
              + "' inclusive");
    }
    throw Errors.validation(
        "'"
            + attribute.key()
            + "' value '"
            + value
            + "' must be one of '"
            + allowed.replace("..", "-").replace("|", ", ")
            + "'");
  }

  private static boolean within(String value, String range, int dots) {
    if (!value.matches("[0-9]{1,9}")) {
      return false;
    }
    int number = Integer.parseInt(value);
    return number >= Integer.parseInt(range.substring(0, dots))
        && number <= Integer.parseInt(range.substring(dots + 2));
  }
}
