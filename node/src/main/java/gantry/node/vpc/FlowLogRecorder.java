package gantry.node.vpc;

import gantry.acs.network.NetworkPlan;
import gantry.acs.network.NetworkPlan.Eni;
import gantry.acs.network.NetworkPlan.FlowLog;
import gantry.acs.network.NetworkPlan.Vpc;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;

/**
 * Makes flow log records of what the routers' firewalls have counted. Each interface that a log
 * covers has its packets counted by flow, direction and outcome in sets of the kernel; a record is
 * what a flow's counters grew by in one aggregation interval. Whoever owns it calls {@link
 * #collect} every now and then; a log whose interval is not over waits for the next call.
 */
public final class FlowLogRecorder {

  private static final Logger LOG = LoggerFactory.getLogger(FlowLogRecorder.class);

  /** The format of version 2, which is the default. */
  public static final String DEFAULT_FORMAT =
      "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport}"
          + " ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}";

  private static final Pattern FIELD = Pattern.compile("\\$\\{([^}]*)}");

  private final VpcNetwork network;
  private final Sink sink;
  private final NftReader reader = new NftReader(new Commands());
  private final Map<String, State> states = new HashMap<>();
  private final Map<String, String> failures = new ConcurrentHashMap<>();

  /**
   * Where records go: one stream for each interface.
   *
   * @see #failure
   */
  @FunctionalInterface
  public interface Sink {
    void write(Vpc vpc, FlowLog log, String stream, Instant at, List<String> lines);
  }

  /** What a log has told so far. */
  private record State(Instant since, Map<List<String>, long[]> told) {}

  /** A flow as one interface sees it, with all that was counted of it. */
  private record Flow(
      boolean egress, boolean accepted, List<String> key, long packets, long bytes) {}

  public FlowLogRecorder(VpcNetwork network, Sink sink) {
    this.network = network;
    this.sink = sink;
  }

  /** Writes the records of every log whose interval has passed. */
  public void collect(Instant now) {
    collect(now, Integer.MAX_VALUE);
  }

  /**
   * @param longest no interval is taken to be longer, in seconds
   */
  public void collect(Instant now, int longest) {
    NetworkPlan plan = network.plan();
    List<String> live = new ArrayList<>();
    for (Vpc vpc : plan.vpcs().values()) {
      List<Flow> flows = null;
      for (FlowLog log : vpc.flowLogs()) {
        live.add(log.id());
        State state = states.get(log.id());
        if (state == null) {
          // What was counted before this log was seen belongs to nobody's interval but its first.
          states.put(log.id(), new State(now, new HashMap<>()));
          continue;
        }
        if (now.isBefore(state.since().plusSeconds(Math.min(longest, log.aggregationSeconds())))) {
          continue;
        }
        if (flows == null) {
          flows = read(vpc);
        }
        record(vpc, log, state, flows, now);
        states.put(log.id(), new State(now, state.told()));
      }
    }
    states.keySet().retainAll(live);
    failures.keySet().retainAll(live);
  }

  /** Why a log's newest records could not be delivered; null when they were. */
  public @Nullable String failure(String flowLog) {
    return failures.get(flowLog);
  }

  private List<Flow> read(Vpc vpc) {
    List<Flow> flows = new ArrayList<>();
    String router = network.settings().names().router(vpc.id());
    for (boolean egress : new boolean[] {true, false}) {
      for (boolean accepted : new boolean[] {true, false}) {
        String set = "flow_" + (egress ? "out_" : "in_") + (accepted ? "ok" : "no");
        for (String name : List.of(set, set + "_x")) {
          for (NftReader.Counted element : reader.elements(router, name)) {
            flows.add(
                new Flow(egress, accepted, element.key(), element.packets(), element.bytes()));
          }
        }
      }
    }
    return flows;
  }

  private void record(Vpc vpc, FlowLog log, State state, List<Flow> flows, Instant now) {
    String failure = null;
    for (String id : log.enis()) {
      Eni eni = vpc.enis().get(id);
      if (eni == null) {
        continue;
      }
      List<String> lines = new ArrayList<>();
      for (Flow flow : flows) {
        boolean wanted =
            switch (log.traffic()) {
              case ALL -> true;
              case ACCEPT -> flow.accepted();
              case REJECT -> !flow.accepted();
            };
        if (wanted && eni.addresses().contains(flow.key().get(flow.egress() ? 0 : 1))) {
          long[] grown = grown(state, id, flow);
          if (grown[0] > 0) {
            lines.add(line(vpc, log, eni, state.since(), now, flow, grown));
          }
        }
      }
      if (lines.isEmpty()) {
        lines.add(line(vpc, log, eni, state.since(), now, null, new long[2]));
      }
      try {
        sink.write(vpc, log, id + "-" + log.traffic().name().toLowerCase(Locale.ROOT), now, lines);
      } catch (SdkException e) {
        failure = String.valueOf(e.getMessage());
      } catch (RuntimeException e) {
        // A mistake of ours must not keep the other logs waiting.
        LOG.error("flow log {}: its records could not be written", log.id(), e);
        failure = e.toString();
      }
    }
    if (failure == null) {
      failures.remove(log.id());
    } else if (!failure.equals(failures.put(log.id(), failure))) {
      LOG.warn("flow log {}: its records are lost: {}", log.id(), failure);
    }
  }

  /** Packets and bytes since the last record; counters that shrank began anew. */
  private static long[] grown(State state, String eni, Flow flow) {
    List<String> key = new ArrayList<>(flow.key());
    key.add(eni + flow.egress() + flow.accepted());
    long[] told = state.told().put(key, new long[] {flow.packets(), flow.bytes()});
    if (told == null || told[0] > flow.packets()) {
      return new long[] {flow.packets(), flow.bytes()};
    }
    return new long[] {flow.packets() - told[0], flow.bytes() - told[1]};
  }

  private static String line(
      Vpc vpc,
      FlowLog log,
      Eni eni,
      Instant start,
      Instant end,
      @Nullable Flow flow,
      long[] grown) {
    Map<String, String> fields = new HashMap<>();
    fields.put("version", log.format().equals(DEFAULT_FORMAT) ? "2" : "5");
    fields.put("account-id", vpc.account());
    fields.put("interface-id", eni.id());
    fields.put("vpc-id", vpc.id());
    fields.put("subnet-id", eni.subnet());
    fields.put("region", vpc.region());
    fields.put("start", Long.toString(start.getEpochSecond()));
    fields.put("end", Long.toString(end.getEpochSecond()));
    fields.put("log-status", flow == null ? "NODATA" : "OK");
    if (flow != null) {
      boolean ports = flow.key().size() > 3;
      fields.put("srcaddr", flow.key().get(0));
      fields.put("dstaddr", flow.key().get(1));
      fields.put("pkt-srcaddr", flow.key().get(0));
      fields.put("pkt-dstaddr", flow.key().get(1));
      fields.put("protocol", Integer.toString(NftReader.protocol(flow.key().get(2))));
      fields.put("srcport", ports ? flow.key().get(3) : "0");
      fields.put("dstport", ports ? flow.key().get(4) : "0");
      fields.put("packets", Long.toString(grown[0]));
      fields.put("bytes", Long.toString(grown[1]));
      fields.put("action", flow.accepted() ? "ACCEPT" : "REJECT");
      fields.put("type", "IPv4");
      fields.put("flow-direction", flow.egress() ? "egress" : "ingress");
    }
    Matcher matcher = FIELD.matcher(log.format());
    StringBuilder text = new StringBuilder();
    while (matcher.find()) {
      matcher.appendReplacement(
          text, Matcher.quoteReplacement(fields.getOrDefault(matcher.group(1), "-")));
    }
    return matcher.appendTail(text).toString();
  }
}
