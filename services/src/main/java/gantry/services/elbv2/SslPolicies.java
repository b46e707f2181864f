package gantry.services.elbv2;

import gantry.services.elbv2.BalancerPlan.TlsPolicy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Cipher;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.SslPolicy;

/**
 * The security policies: what each allows a client, in AWS's order. Those with FIPS in their names
 * promise a validated module, which is not here; they are not found.
 */
final class SslPolicies {

  private static final String PREFIX = "ELBSecurityPolicy-";

  private static final List<String> OF_TLS_1_3 =
      List.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256");

  private static final List<String> OF_OLDER =
      List.of(
          "ECDHE-ECDSA-AES128-GCM-SHA256",
          "ECDHE-RSA-AES128-GCM-SHA256",
          "ECDHE-ECDSA-AES128-SHA256",
          "ECDHE-RSA-AES128-SHA256",
          "ECDHE-ECDSA-AES128-SHA",
          "ECDHE-RSA-AES128-SHA",
          "ECDHE-ECDSA-AES256-GCM-SHA384",
          "ECDHE-RSA-AES256-GCM-SHA384",
          "ECDHE-ECDSA-AES256-SHA384",
          "ECDHE-RSA-AES256-SHA384",
          "ECDHE-ECDSA-AES256-SHA",
          "ECDHE-RSA-AES256-SHA",
          "AES128-GCM-SHA256",
          "AES128-SHA256",
          "AES128-SHA",
          "AES256-GCM-SHA384",
          "AES256-SHA256",
          "AES256-SHA");

  /** What the policies tell ciphers apart by. */
  private enum Suites {
    RESTRICTED(cipher -> cipher.startsWith("ECDHE-") && cipher.contains("-GCM-")),
    FORWARD_SECRET(cipher -> cipher.startsWith("ECDHE-") && !cipher.endsWith("-SHA")),
    FORWARD_SECRET_WITH_SHA1(cipher -> cipher.startsWith("ECDHE-")),
    WITHOUT_SHA1(cipher -> !cipher.endsWith("-SHA")),
    ALL(cipher -> true);

    final Predicate<String> allow;

    Suites(Predicate<String> allow) {
      this.allow = allow;
    }
  }

  private static final List<String> VERSIONS = List.of("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3");

  private static final Map<String, TlsPolicy> BY_NAME = new LinkedHashMap<>();

  static {
    for (String since : List.of("2021-06", "PQ-2025-09")) {
      add("TLS13-1-2-" + since, "TLSv1.2", "TLSv1.3", Suites.FORWARD_SECRET);
      add("TLS13-1-2-Res-" + since, "TLSv1.2", "TLSv1.3", Suites.RESTRICTED);
      add("TLS13-1-2-Ext1-" + since, "TLSv1.2", "TLSv1.3", Suites.WITHOUT_SHA1);
      add("TLS13-1-2-Ext2-" + since, "TLSv1.2", "TLSv1.3", Suites.ALL);
      add("TLS13-1-0-" + since, "TLSv1", "TLSv1.3", Suites.ALL);
      add("TLS13-1-3-" + since, "TLSv1.3", "TLSv1.3", Suites.RESTRICTED);
    }
    add("TLS13-1-1-2021-06", "TLSv1.1", "TLSv1.3", Suites.ALL);
    add("FS-1-2-Res-2020-10", "TLSv1.2", "TLSv1.2", Suites.RESTRICTED);
    add("FS-1-2-Res-2019-08", "TLSv1.2", "TLSv1.2", Suites.FORWARD_SECRET);
    add("FS-1-2-2019-08", "TLSv1.2", "TLSv1.2", Suites.FORWARD_SECRET_WITH_SHA1);
    add("FS-1-1-2019-08", "TLSv1.1", "TLSv1.2", Suites.FORWARD_SECRET_WITH_SHA1);
    add("FS-2018-06", "TLSv1", "TLSv1.2", Suites.FORWARD_SECRET_WITH_SHA1);
    add("TLS-1-2-Ext-2018-06", "TLSv1.2", "TLSv1.2", Suites.ALL);
    add("TLS-1-2-2017-01", "TLSv1.2", "TLSv1.2", Suites.WITHOUT_SHA1);
    add("TLS-1-1-2017-01", "TLSv1.1", "TLSv1.2", Suites.ALL);
    add("2016-08", "TLSv1", "TLSv1.2", Suites.ALL);
    add("TLS-1-0-2015-04", "TLSv1", "TLSv1.2", Suites.ALL);
    add("2015-05", "TLSv1", "TLSv1.2", Suites.ALL);
  }

  static final List<String> NAMES = List.copyOf(BY_NAME.keySet());

  private SslPolicies() {}

  private static void add(String name, String oldest, String newest, Suites suites) {
    List<String> versions =
        VERSIONS.subList(VERSIONS.indexOf(oldest), VERSIONS.indexOf(newest) + 1);
    List<String> ciphers = new ArrayList<>();
    if (newest.equals("TLSv1.3")) {
      ciphers.addAll(OF_TLS_1_3);
    }
    if (!oldest.equals("TLSv1.3")) {
      OF_OLDER.stream().filter(suites.allow).forEach(ciphers::add);
    }
    BY_NAME.put(
        PREFIX + name, new TlsPolicy(versions, List.copyOf(ciphers), name.contains("-PQ-")));
  }

  static @Nullable TlsPolicy find(@Nullable String name) {
    return name == null ? null : BY_NAME.get(name);
  }

  /** As DescribeSSLPolicies shows it. */
  static SslPolicy describe(String name) {
    TlsPolicy policy = BY_NAME.get(name);
    if (policy == null) {
      throw new IllegalArgumentException(name);
    }
    List<Cipher> ordered = new ArrayList<>();
    for (int i = 0; i < policy.ciphers().size(); i++) {
      ordered.add(Cipher.builder().name(policy.ciphers().get(i)).priority(i + 1).build());
    }
    return SslPolicy.builder()
        .name(name)
        .sslProtocols(policy.protocols())
        .ciphers(ordered)
        .supportedLoadBalancerTypes(
            name.equals(PREFIX + "2015-05")
                ? List.of("network")
                : List.of("application", "network"))
        .build();
  }
}
