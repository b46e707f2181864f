package gantry.traffic.lb;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * One cipher suite, two names: IANA's, which the JDK and Netty use, and OpenSSL's, which AWS does.
 */
final class CipherNames {

  /** As many as there are suites in the policies. */
  private static final Map<String, String> OPENSSL = new ConcurrentHashMap<>();

  private CipherNames() {}

  static String openSsl(String iana) {
    String known = OPENSSL.get(iana);
    return known != null ? known : OPENSSL.computeIfAbsent(iana, CipherNames::converted);
  }

  private static String converted(String iana) {
    if (!iana.contains("_WITH_")) {
      return iana; // TLS 1.3: both say the same
    }
    String name = iana.substring(4).replace("_WITH_", "-");
    name = name.replace("AES_128_", "AES128-").replace("AES_256_", "AES256-");
    name = name.replace("-CBC_", "-").replace("_", "-");
    return name.startsWith("RSA-") ? name.substring(4) : name;
  }

  static String iana(String openSsl) {
    if (openSsl.startsWith("TLS_")) {
      return openSsl;
    }
    int cipher = openSsl.indexOf("AES");
    String exchange = cipher == 0 ? "RSA" : openSsl.substring(0, cipher - 1).replace('-', '_');
    String suite = openSsl.substring(cipher).replace("AES", "AES_").replace('-', '_');
    if (!suite.contains("_GCM_")) {
      suite = suite.replace("_SHA", "_CBC_SHA");
    }
    return "TLS_" + exchange + "_WITH_" + suite;
  }
}
