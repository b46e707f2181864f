package gantry.services.elbv2;

import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Cipher;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.SslPolicy;

/** The security policies by name, with what each allows. */
final class SslPolicies {

  private static final String PREFIX = "ELBSecurityPolicy-";

  static final List<String> NAMES =
      List.of(
              "TLS13-1-2-2021-06",
              "TLS13-1-2-Res-2021-06",
              "TLS13-1-2-Ext1-2021-06",
              "TLS13-1-2-Ext2-2021-06",
              "TLS13-1-1-2021-06",
              "TLS13-1-0-2021-06",
              "TLS13-1-3-2021-06",
              "TLS13-1-2-Res-PQ-2025-09",
              "FS-1-2-Res-2020-10",
              "FS-1-2-Res-2019-08",
              "FS-1-2-2019-08",
              "FS-1-1-2019-08",
              "FS-2018-06",
              "TLS-1-2-Ext-2018-06",
              "TLS-1-2-2017-01",
              "TLS-1-1-2017-01",
              "2016-08",
              "TLS-1-0-2015-04",
              "2015-05")
          .stream()
          .map(name -> PREFIX + name)
          .toList();

  private SslPolicies() {}

  static SslPolicy describe(String full) {
    String name = full.substring(PREFIX.length());
    List<String> protocols = new ArrayList<>();
    boolean tls13 = name.startsWith("TLS13-");
    boolean only13 = name.startsWith("TLS13-1-3-");
    if (tls13) {
      protocols.add("TLSv1.3");
    }
    if (!only13) {
      protocols.add("TLSv1.2");
    }
    List<String> ciphers = new ArrayList<>();
    if (tls13) {
      ciphers.addAll(
          List.of(
              "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"));
    }
    if (!only13) {
      ciphers.addAll(
          List.of(
              "ECDHE-ECDSA-AES128-GCM-SHA256",
              "ECDHE-RSA-AES128-GCM-SHA256",
              "ECDHE-ECDSA-AES256-GCM-SHA384",
              "ECDHE-RSA-AES256-GCM-SHA384"));
      if (!name.contains("-Res-2021") && !name.contains("-Res-PQ") && !name.contains("-Res-2020")) {
        ciphers.addAll(
            List.of(
                "ECDHE-ECDSA-AES128-SHA256",
                "ECDHE-RSA-AES128-SHA256",
                "ECDHE-ECDSA-AES256-SHA384",
                "ECDHE-RSA-AES256-SHA384"));
      }
    }
    List<Cipher> ordered = new ArrayList<>();
    for (int i = 0; i < ciphers.size(); i++) {
      ordered.add(Cipher.builder().name(ciphers.get(i)).priority(i + 1).build());
    }
    return SslPolicy.builder()
        .name(full)
        .sslProtocols(protocols)
        .ciphers(ordered)
        .supportedLoadBalancerTypes("application", "network")
        .build();
  }
}
