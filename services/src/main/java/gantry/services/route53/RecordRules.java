package gantry.services.route53;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.route53.model.RRType;
import software.amazon.awssdk.services.route53.model.ResourceRecord;
import software.amazon.awssdk.services.route53.model.ResourceRecordSet;

/**
 * What a record set must be like, alone and beside the others of its name. Each answer is null, or
 * AWS's message.
 */
final class RecordRules {

  static final int MAX_VALUES = 400;
  static final int MAX_SAME_NAME = 100;

  /** How one of several sets of a name and type is chosen; they may not be mixed. */
  enum Policy {
    SIMPLE,
    WEIGHTED,
    LATENCY,
    FAILOVER,
    GEOLOCATION,
    MULTIVALUE
  }

  private RecordRules() {}

  static Policy policy(ResourceRecordSet set) {
    if (set.weight() != null) {
      return Policy.WEIGHTED;
    }
    if (set.region() != null) {
      return Policy.LATENCY;
    }
    if (set.failover() != null) {
      return Policy.FAILOVER;
    }
    if (set.geoLocation() != null) {
      return Policy.GEOLOCATION;
    }
    return Boolean.TRUE.equals(set.multiValueAnswer()) ? Policy.MULTIVALUE : Policy.SIMPLE;
  }

  /** Of the set alone. */
  static @Nullable String wrong(ResourceRecordSet set, String zoneName) {
    if (set.trafficPolicyInstanceId() != null
        || set.cidrRoutingConfig() != null
        || set.geoProximityLocation() != null) {
      return "Traffic policies, CIDR routing and geoproximity routing are not supported here.";
    }
    String about = "[name='" + set.name() + "', type='" + set.typeAsString() + "'";
    if (set.setIdentifier() != null) {
      about += ", set-identifier='" + set.setIdentifier() + "'";
    }
    about += "]";
    if (set.type() == RRType.UNKNOWN_TO_SDK_VERSION || set.type() == null) {
      return "Invalid record type in " + about;
    }
    Policy policy = policy(set);
    int policies = 0;
    for (Object given :
        new Object[] {
          set.weight(), set.region(), set.failover(), set.geoLocation(), set.multiValueAnswer()
        }) {
      policies += given == null ? 0 : 1;
    }
    if (policies > 1) {
      return "Invalid request: Expected exactly one of [Weight, Region, Failover, GeoLocation, MultiValueAnswer], but found more than one in Change with "
          + about;
    }
    if (policy != Policy.SIMPLE && set.setIdentifier() == null) {
      return "Invalid request: Missing field 'SetIdentifier' in Change with " + about;
    }
    if (policy == Policy.SIMPLE && set.setIdentifier() != null) {
      return "Invalid request: Expected exactly one of [Weight, Region, Failover, GeoLocation, or MultiValueAnswer], but found none in Change with "
          + about;
    }
    if (set.weight() != null && (set.weight() < 0 || set.weight() > 255)) {
      return "Invalid request: Weight must be between 0 and 255 in Change with " + about;
    }
    if (set.healthCheckId() != null && policy == Policy.SIMPLE) {
      return "Invalid request: A health check can be given only with a routing policy in Change with "
          + about;
    }
    boolean alias = set.aliasTarget() != null;
    if (alias) {
      if (set.ttl() != null || !set.resourceRecords().isEmpty()) {
        return "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found more than one in Change with "
            + about;
      }
      return policy == Policy.MULTIVALUE
          ? "Invalid request: Multivalue answer is not supported for alias records in Change with "
              + about
          : null;
    }
    if (set.ttl() == null || set.resourceRecords().isEmpty()) {
      return "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found none in Change with "
          + about;
    }
    if (set.ttl() < 0 || set.ttl() > Integer.MAX_VALUE) {
      return "Invalid request: TTL must be between 0 and 2147483647 in Change with " + about;
    }
    if (set.resourceRecords().size() > MAX_VALUES) {
      return "Number of values limit of 400 exceeded.";
    }
    Set<String> values = new HashSet<>();
    for (ResourceRecord record : set.resourceRecords()) {
      if (!values.add(record.value())) {
        return "Duplicate Resource Record: '" + record.value() + "'";
      }
      String problem = Values.problem(set.type(), record.value());
      if (problem != null) {
        return "Invalid Resource Record: FATAL problem: "
            + problem
            + " encountered with '"
            + record.value()
            + "'";
      }
    }
    if (set.type() == RRType.SOA && !set.name().equals(zoneName)) {
      return "RRSet of type SOA with DNS name "
          + set.name()
          + " is not permitted: it belongs to the zone's apex";
    }
    if (policy != Policy.SIMPLE
        && values.size() > 1
        && policy != Policy.GEOLOCATION
        && policy != Policy.LATENCY
        && policy != Policy.FAILOVER) {
      return "Invalid request: A record set with routing policy "
          + policy
          + " has exactly one value in Change with "
          + about;
    }
    if (set.type() == RRType.CNAME) {
      if (values.size() > 1) {
        return "RRSet of type CNAME with DNS name "
            + set.name()
            + " cannot have more than one value.";
      }
      if (set.name().equals(zoneName)) {
        return "RRSet of type CNAME with DNS name "
            + set.name()
            + " is not permitted at apex in zone "
            + zoneName;
      }
    }
    return null;
  }

  /**
   * Of the sets of one name beside each other.
   *
   * @param cnameIsNew whether the batch brings the CNAME that is among them; it decides who is in
   *     whose way
   * @param many whether more sets of one type are allowed than customers may have: Cloud Map's own
   *     zones hold one for each instance
   */
  static @Nullable String conflict(
      List<ResourceRecordSet> sameName, String zoneName, boolean cnameIsNew, boolean many) {
    Map<RRType, List<ResourceRecordSet>> byType = new EnumMap<>(RRType.class);
    sameName.forEach(
        set -> byType.computeIfAbsent(set.type(), absent -> new ArrayList<>()).add(set));
    if (byType.containsKey(RRType.CNAME) && byType.size() > 1) {
      RRType other = byType.keySet().stream().filter(t -> t != RRType.CNAME).findFirst().get();
      String name = sameName.getFirst().name();
      return cnameIsNew
          ? "RRSet of type CNAME with DNS name "
              + name
              + " is not permitted as it conflicts with other records with the same DNS name in zone "
              + zoneName
          : "RRSet of type "
              + other
              + " with DNS name "
              + name
              + " is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone "
              + zoneName;
    }
    for (List<ResourceRecordSet> sets : byType.values()) {
      if (sets.size() > MAX_SAME_NAME && !many) {
        return "Number of same-name records limit of 100 exceeded.";
      }
      String problem = alternatives(sets);
      if (problem != null) {
        return problem;
      }
    }
    return null;
  }

  /** Of the sets of one name and type, which are chosen among. */
  private static @Nullable String alternatives(List<ResourceRecordSet> sets) {
    ResourceRecordSet first = sets.getFirst();
    Policy policy = policy(first);
    Set<Object> places = new HashSet<>();
    Long ttl = null;
    for (ResourceRecordSet set : sets) {
      if (policy(set) != policy) {
        return "RRSet with DNS name "
            + set.name()
            + ", type "
            + set.typeAsString()
            + ", SetIdentifier "
            + set.setIdentifier()
            + " cannot be created because a different routing policy is used by another RRSet with the same name and type";
      }
      Object place =
          switch (policy) {
            case FAILOVER -> set.failover();
            case LATENCY -> set.region();
            case GEOLOCATION -> set.geoLocation();
            case SIMPLE, WEIGHTED, MULTIVALUE -> set.setIdentifier();
          };
      if (place != null && !places.add(place)) {
        return "RRSet with DNS name "
            + set.name()
            + ", type "
            + set.typeAsString()
            + ", SetIdentifier "
            + set.setIdentifier()
            + " cannot be created because another RRSet with the same name, type and "
            + policy.name().toLowerCase(Locale.ROOT)
            + " exists";
      }
      if (policy == Policy.WEIGHTED && set.ttl() != null) {
        if (ttl != null && !ttl.equals(set.ttl())) {
          return "RRSets with DNS name "
              + set.name()
              + ", type "
              + set.typeAsString()
              + " must all have the same TTL";
        }
        ttl = set.ttl();
      }
    }
    return null;
  }

  /** Values, by type. */
  static final class Values {
    private Values() {}

    static @Nullable String problem(RRType type, String value) {
      String[] fields = value.trim().split("\\s+", -1);
      return switch (type) {
        case A ->
            is(value, Inet4Address.class)
                ? null
                : "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)";
        case AAAA ->
            is(value, Inet6Address.class)
                ? null
                : "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)";
        case CNAME, NS, PTR ->
            fields.length == 1 && isName(value)
                ? null
                : "RRDATANotSingleField (Value contains spaces)";
        case MX ->
            fields.length == 2 && isNumber(fields[0], 65_535) && isName(fields[1])
                ? null
                : "MXRRDATANotTwoFields (MX record doesn't have 2 fields)";
        case SRV ->
            fields.length == 4
                    && isNumber(fields[0], 65_535)
                    && isNumber(fields[1], 65_535)
                    && isNumber(fields[2], 65_535)
                    && isName(fields[3])
                ? null
                : "SRVRRDATANotFourFields (SRV record doesn't have 4 fields)";
        case SOA ->
            fields.length == 7
                    && isName(fields[0])
                    && isName(fields[1])
                    && Arrays.stream(fields, 2, 7).allMatch(f -> isNumber(f, 4_294_967_295L))
                ? null
                : "SOARRDATANotSevenFields (SOA record doesn't have 7 fields)";
        case TXT, SPF ->
            value.startsWith("\"") && value.endsWith("\"") && value.length() >= 2
                ? null
                : "InvalidCharacterString (Value should be enclosed in quotation marks)";
        case CAA ->
            fields.length >= 3 && isNumber(fields[0], 255) && fields[2].startsWith("\"")
                ? null
                : "CAARRDATANotThreeFields (CAA record doesn't have 3 fields)";
        case NAPTR ->
            fields.length == 6
                ? null
                : "NAPTRRRDATANotSixFields (NAPTR record doesn't have 6 fields)";
        case DS ->
            fields.length >= 4 ? null : "DSRRDATANotFourFields (DS record doesn't have 4 fields)";
        case SSHFP ->
            fields.length >= 3
                ? null
                : "SSHFPRRDATANotThreeFields (SSHFP record doesn't have 3 fields)";
        case TLSA ->
            fields.length >= 4
                ? null
                : "TLSARRDATANotFourFields (TLSA record doesn't have 4 fields)";
        case SVCB, HTTPS ->
            fields.length >= 2 && isNumber(fields[0], 65_535)
                ? null
                : "SVCBRRDATANotTwoFields (Record doesn't have 2 fields)";
        case UNKNOWN_TO_SDK_VERSION -> "UnknownType (There is no such record type)";
      };
    }

    static boolean isAddress(String text) {
      return is(text, Inet4Address.class) || is(text, Inet6Address.class);
    }

    private static boolean is(String text, Class<? extends InetAddress> family) {
      // Java's literals have short forms (10.1) and zones (%eth0) that records do not.
      boolean four = family == Inet4Address.class;
      boolean formed =
          four
              ? text.matches("\\d{1,3}(\\.\\d{1,3}){3}")
              : text.indexOf(':') >= 0 && text.indexOf('%') < 0;
      try {
        // ::ffff:10.0.0.1 is an Inet4Address to Java and yet a value of AAAA.
        return formed && (family.isInstance(InetAddress.ofLiteral(text)) || !four);
      } catch (IllegalArgumentException notAnAddress) {
        return false;
      }
    }

    private static boolean isName(String text) {
      try {
        return !DomainNames.stored(text).isEmpty();
      } catch (IllegalArgumentException notAName) {
        return false;
      }
    }

    private static boolean isNumber(String text, long most) {
      return text.matches("[0-9]{1,10}") && Long.parseLong(text) <= most;
    }
  }
}
