package gantry.node.metadata;

import gantry.acs.EniPayload;
import gantry.acs.TaskPayload;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.LaunchType;

/**
 * The instance metadata service, versions 1 and 2, for tasks that run on an instance, inside a VPC:
 * where they are. There is no instance role: tasks have their own. Fargate's tasks are on no
 * instance, and are refused.
 */
public final class InstanceMetadata {

  private static final String TTL = "x-aws-ec2-metadata-token-ttl-seconds";
  private static final String TOKEN = "x-aws-ec2-metadata-token";
  private static final int LONGEST_SECONDS = 21_600;

  /** Tokens that are remembered; the oldest goes first. */
  static final int TOKENS = 10_000;

  private static final int TOKEN_BYTES = 32;
  private static final int ID_DIGITS = 17;

  private final Function<String, @Nullable TaskPayload> taskAt;
  private final Clock clock;
  private final String architecture;
  private final SecureRandom random = new SecureRandom();
  private final Map<String, Instant> tokens = new LinkedHashMap<>();

  /**
   * For one VPC.
   *
   * @param taskAt the task that has an address there
   * @param architecture as Go names it: {@code amd64} or {@code arm64}
   */
  public InstanceMetadata(
      Function<String, @Nullable TaskPayload> taskAt, Clock clock, String architecture) {
    this.taskAt = taskAt;
    this.clock = clock;
    this.architecture = architecture.equals("amd64") ? "x86_64" : architecture;
  }

  /** Answers a container. */
  public Reply answer(Asked asked) {
    TaskPayload task = taskAt.apply(asked.from());
    EniPayload eni = task == null ? null : task.eni();
    if (task == null || eni == null || task.launchType() == LaunchType.FARGATE) {
      return Reply.text(403, "There is no instance here: a task of Fargate runs on none.");
    }
    if (asked.path().equals("/latest/api/token")) {
      return asked.method().equals("PUT") ? newToken(asked) : Reply.text(405, "");
    }
    if (!asked.method().equals("GET") && !asked.method().equals("HEAD")) {
      return Reply.text(405, "");
    }
    String token = asked.headers().get(TOKEN);
    if (token != null && !isValid(token)) {
      return Reply.text(401, "");
    }
    return document(asked.path(), task, eni);
  }

  private Reply newToken(Asked asked) {
    int seconds;
    try {
      seconds = Integer.parseInt(asked.headers().getOrDefault(TTL, ""));
    } catch (NumberFormatException e) {
      seconds = 0;
    }
    if (seconds < 1 || seconds > LONGEST_SECONDS) {
      return Reply.text(400, TTL + " has to be 1 to " + LONGEST_SECONDS);
    }
    if (asked.headers().containsKey("x-forwarded-for")) {
      return Reply.text(403, ""); // from a proxy, which would hand the token to anybody
    }
    byte[] bytes = new byte[TOKEN_BYTES];
    random.nextBytes(bytes);
    String token = HexFormat.of().formatHex(bytes);
    synchronized (tokens) {
      if (tokens.size() >= TOKENS) {
        Iterator<String> oldest = tokens.keySet().iterator();
        oldest.next();
        oldest.remove();
      }
      tokens.put(token, clock.instant().plusSeconds(seconds));
    }
    return Reply.text(200, token);
  }

  private boolean isValid(String token) {
    synchronized (tokens) {
      Instant until = tokens.get(token);
      if (until != null && until.isBefore(clock.instant())) {
        tokens.remove(token);
        return false;
      }
      return until != null;
    }
  }

  private Reply document(String path, TaskPayload task, EniPayload eni) {
    String wanted = path.replaceFirst("^/(latest|20\\d\\d-\\d\\d-\\d\\d)/", "");
    if (wanted.equals(path)) {
      return path.equals("/") ? Reply.text(200, "latest") : Reply.text(404, "");
    }
    if (wanted.equals("dynamic/instance-identity/document")) {
      return Reply.text(200, identity(task, eni));
    }
    String base = "meta-data/";
    if (!(wanted + "/").startsWith(base)) {
      return Reply.text(404, "");
    }
    Map<String, String> all = values(task, eni);
    String name = wanted.length() < base.length() ? "" : wanted.substring(base.length());
    String value = all.get(name);
    if (value != null) {
      return Reply.text(200, value);
    }
    String folder = name.isEmpty() || name.endsWith("/") ? name : name + "/";
    TreeSet<String> below = new TreeSet<>();
    for (String each : all.keySet()) {
      if (each.startsWith(folder)) {
        String rest = each.substring(folder.length());
        int slash = rest.indexOf('/');
        below.add(slash < 0 ? rest : rest.substring(0, slash + 1));
      }
    }
    return below.isEmpty() ? Reply.text(404, "") : Reply.text(200, String.join("\n", below));
  }

  private static Map<String, String> values(TaskPayload task, EniPayload eni) {
    Map<String, String> all = new TreeMap<>();
    all.put("instance-id", instanceId(task));
    all.put("local-ipv4", eni.privateIp());
    all.put("mac", eni.macAddress());
    if (eni.privateDnsName() != null) {
      all.put("local-hostname", eni.privateDnsName());
      all.put("hostname", eni.privateDnsName());
    }
    all.put("placement/availability-zone", task.availabilityZone());
    all.put("placement/region", task.region());
    all.put("services/domain", "amazonaws.com");
    all.put("services/partition", "aws");
    String mac = "network/interfaces/macs/" + eni.macAddress() + "/";
    all.put(mac + "interface-id", eni.eniId());
    all.put(mac + "local-ipv4s", eni.privateIp());
    all.put(mac + "mac", eni.macAddress());
    all.put(mac + "owner-id", task.account());
    all.put(mac + "subnet-id", eni.subnetId());
    all.put(mac + "subnet-ipv4-cidr-block", eni.subnetCidr());
    all.put(mac + "vpc-id", eni.vpcId());
    return all;
  }

  /** The container instance's own id, in the form of an instance's. */
  private static String instanceId(TaskPayload task) {
    String id = task.containerInstanceArn();
    String last = id.substring(id.lastIndexOf('/') + 1);
    return "i-" + last.substring(0, Math.min(last.length(), ID_DIGITS));
  }

  private String identity(TaskPayload task, EniPayload eni) {
    return """
    {
      "accountId" : "%s",
      "architecture" : "%s",
      "availabilityZone" : "%s",
      "instanceId" : "%s",
      "privateIp" : "%s",
      "region" : "%s",
      "version" : "2017-09-30"
    }"""
        .formatted(
            task.account(),
            architecture,
            task.availabilityZone(),
            instanceId(task),
            eni.privateIp(),
            task.region());
  }
}
