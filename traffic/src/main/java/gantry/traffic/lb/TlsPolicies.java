package gantry.traffic.lb;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** What the names of AWS's security policies stand for. */
final class TlsPolicies {

  private static final List<String> TLS13 =
      List.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256");

  private static final List<String> FORWARD_SECRET_GCM =
      List.of(
          "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");

  private static final List<String> FORWARD_SECRET_CBC =
      List.of(
          "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
          "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
          "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384");

  private static final List<String> FORWARD_SECRET_SHA1 =
      List.of(
          "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
          "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
          "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
          "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA");

  private static final List<String> PLAIN_RSA =
      List.of(
          "TLS_RSA_WITH_AES_128_GCM_SHA256",
          "TLS_RSA_WITH_AES_128_CBC_SHA256",
          "TLS_RSA_WITH_AES_128_CBC_SHA",
          "TLS_RSA_WITH_AES_256_GCM_SHA384",
          "TLS_RSA_WITH_AES_256_CBC_SHA256",
          "TLS_RSA_WITH_AES_256_CBC_SHA");

  /** As many as there are suites in the policies above. */
  private static final Map<String, String> OPENSSL_NAMES = new ConcurrentHashMap<>();

  private TlsPolicies() {}

  private static String shortName(@Nullable String policy) {
    String name = policy == null ? "2016-08" : policy;
    return name.startsWith("ELBSecurityPolicy-") ? name.substring(18) : name;
  }

  static String[] protocols(@Nullable String policy) {
    String name = shortName(policy);
    List<String> protocols = new ArrayList<>();
    if (name.startsWith("TLS13-")) {
      protocols.add("TLSv1.3");
    }
    if (!name.startsWith("TLS13-1-3-")) {
      protocols.add("TLSv1.2");
    }
    boolean old =
        name.startsWith("TLS13-1-0")
            || name.equals("2016-08")
            || name.equals("2015-05")
            || name.startsWith("TLS-1-0")
            || name.equals("FS-2018-06");
    if (old
        || name.startsWith("TLS13-1-1")
        || name.startsWith("TLS-1-1")
        || name.startsWith("FS-1-1")) {
      protocols.add("TLSv1.1");
    }
    if (old) {
      protocols.add("TLSv1");
    }
    return protocols.toArray(new String[0]);
  }

  static List<String> ciphers(@Nullable String policy) {
    String name = shortName(policy);
    List<String> ciphers = new ArrayList<>();
    if (name.startsWith("TLS13-")) {
      ciphers.addAll(TLS13);
    }
    if (name.startsWith("TLS13-1-3-")) {
      return ciphers;
    }
    ciphers.addAll(FORWARD_SECRET_GCM);
    if (name.contains("-Res-2021") || name.contains("-Res-PQ") || name.contains("-Res-2020")) {
      return ciphers;
    }
    ciphers.addAll(FORWARD_SECRET_CBC);
    boolean strict = name.startsWith("TLS13-1-2-2021") || name.contains("-Res-2019");
    if (!strict && !name.startsWith("TLS13-1-2-Ext1") && !name.equals("TLS-1-2-2017-01")) {
      ciphers.addAll(FORWARD_SECRET_SHA1);
    }
    boolean plain = !name.startsWith("FS-") && !strict;
    if (plain) {
      ciphers.addAll(PLAIN_RSA);
    }
    return ciphers;
  }

  /** A JDK cipher suite as OpenSSL, and so AWS's logs and headers, call it. */
  static String openSslName(String suite) {
    String known = OPENSSL_NAMES.get(suite);
    return known != null ? known : OPENSSL_NAMES.computeIfAbsent(suite, TlsPolicies::converted);
  }

  private static String converted(String suite) {
    if (!suite.contains("_WITH_")) {
      return suite;
    }
    String name = suite.substring(4).replace("_WITH_", "-");
    name = name.replace("AES_128_", "AES128-").replace("AES_256_", "AES256-");
    name = name.replace("-CBC_", "-").replace("_", "-");
    return name.startsWith("RSA-") ? name.substring(4) : name;
  }
}
