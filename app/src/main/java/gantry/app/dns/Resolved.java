package gantry.app.dns;

import gantry.services.Reason;
import gantry.traffic.dns.Lookup;
import gantry.traffic.dns.RecordType;
import gantry.traffic.dns.View;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** How a name resolves in each VPC, asked of the resolver's own views. */
public final class Resolved {

  private Resolved() {}

  /** None for what is no DNS name, or one that no zone of ours has in any VPC. */
  public static List<Reason> why(TreeMap<String, View> views, String about) {
    if (!about.contains(".") || about.contains(":") || about.contains("/")) {
      return List.of();
    }
    List<Reason> answers = new ArrayList<>();
    try {
      views.forEach(
          (vpc, view) -> {
            for (RecordType type : List.of(RecordType.A, RecordType.SRV, RecordType.PTR)) {
              Lookup.Answer answer = Lookup.ask(view, about, type);
              if (answer != null && (type == RecordType.A || !answer.records().isEmpty())) {
                answers.add(
                    Reason.of(
                        (vpc.isEmpty() ? "outside of VPCs" : "in " + vpc)
                            + ": "
                            + text(answer, type)));
              }
            }
          });
    } catch (IllegalArgumentException noName) {
      return List.of();
    }
    return answers.isEmpty()
        ? List.of()
        : List.of(new Reason(about + " as the resolver answers now", answers));
  }

  private static String text(Lookup.Answer answer, RecordType type) {
    if (!answer.exists()) {
      return "there is no such name (NXDOMAIN)";
    }
    if (answer.records().isEmpty()) {
      return "the name exists and has no " + type + " record";
    }
    List<String> parts = new ArrayList<>();
    for (Lookup.Found found : answer.records()) {
      InetAddress address = found.address();
      String target = found.target();
      parts.add(
          address != null
              ? address.getHostAddress()
              : target != null ? "-> " + target : found.name() + " (type " + found.type() + ")");
    }
    return type
        + " "
        + String.join(", ", parts)
        + ", for "
        + answer.records().getFirst().ttl()
        + " s";
  }
}
