package gantry.services.ecr.scan;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The base score of a CVSS version 3 vector, as its specification computes it. */
final class Cvss {

  private Cvss() {}

  /** Null for what is not a whole version 3 vector. */
  static @Nullable Double baseScore(String vector) {
    if (!vector.startsWith("CVSS:3.")) {
      return null;
    }
    Map<String, String> metrics = new HashMap<>();
    for (String part : vector.split("/", -1)) {
      int colon = part.indexOf(':');
      if (colon > 0) {
        metrics.put(part.substring(0, colon), part.substring(colon + 1));
      }
    }
    boolean changed = "C".equals(metrics.get("S"));
    Double av = weight(metrics.get("AV"), "N", 0.85, "A", 0.62, "L", 0.55, "P", 0.2);
    Double ac = weight(metrics.get("AC"), "L", 0.77, "H", 0.44);
    Double pr =
        weight(
            metrics.get("PR"), "N", 0.85, "L", changed ? 0.68 : 0.62, "H", changed ? 0.5 : 0.27);
    Double ui = weight(metrics.get("UI"), "N", 0.85, "R", 0.62);
    Double c = weight(metrics.get("C"), "H", 0.56, "L", 0.22, "N", 0.0);
    Double i = weight(metrics.get("I"), "H", 0.56, "L", 0.22, "N", 0.0);
    Double a = weight(metrics.get("A"), "H", 0.56, "L", 0.22, "N", 0.0);
    if (av == null || ac == null || pr == null || ui == null || c == null || i == null || a == null) {
      return null;
    }
    double iss = 1 - (1 - c) * (1 - i) * (1 - a);
    double impact =
        changed
            ? 7.52 * (iss - 0.029) - 3.25 * Math.pow(iss - 0.02, 15)
            : 6.42 * iss;
    if (impact <= 0) {
      return 0.0;
    }
    double exploitability = 8.22 * av * ac * pr * ui;
    double sum = impact + exploitability;
    return roundUp(Math.min(changed ? 1.08 * sum : sum, 10));
  }

  /** To one decimal, upwards, without what binary fractions add. */
  private static double roundUp(double value) {
    long scaled = Math.round(value * 100_000);
    return scaled % 10_000 == 0 ? scaled / 100_000.0 : (Math.floorDiv(scaled, 10_000) + 1) / 10.0;
  }

  private static @Nullable Double weight(@Nullable String value, Object... weights) {
    for (int i = 0; i < weights.length; i += 2) {
      if (weights[i].equals(value)) {
        return (Double) weights[i + 1];
      }
    }
    return null;
  }
}
