package gantry.app.bench;

import gantry.services.iam.policy.AccessRequest;
import gantry.services.iam.policy.Context;
import gantry.services.iam.policy.Evaluator;
import gantry.services.iam.policy.MalformedPolicy;
import gantry.services.iam.policy.Policy;
import gantry.services.iam.policy.PolicyDocument;
import gantry.services.iam.policy.PolicyKind;
import gantry.services.iam.policy.PrincipalInfo;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * How long a decision takes, over policies such as a team of a hundred services has: its own
 * statements, two broad ones, a boundary. For {@code ./gantry bench iam}.
 */
public final class PolicyBench {

  private static final int WARM_UP = 20_000;
  private static final int ROUNDS = 5;
  private static final int DECISIONS = 50_000;

  private PolicyBench() {}

  public static void main(String[] arguments) throws MalformedPolicy {
    run(System.out);
  }

  static void run(PrintStream out) throws MalformedPolicy {
    List<Policy> policies = new ArrayList<>();
    for (int service = 0; service < 20; service++) {
      policies.add(
          new Policy(
              "service-" + service,
              Policy.Type.IDENTITY,
              PolicyDocument.parse(document(service), PolicyKind.INLINE)));
    }
    PrincipalInfo caller =
        PrincipalInfo.user("111122223333", "arn:aws:iam::111122223333:user/ann", "AIDAEXAMPLE");
    Context context =
        Context.of(
            Map.of(
                "aws:PrincipalTag/team", List.of("red"),
                "aws:SourceIp", List.of("10.1.2.3"),
                "aws:RequestedRegion", List.of("eu-west-1")));
    AccessRequest last =
        AccessRequest.of(
            caller,
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:service-19/db-AbCdEf",
            context,
            policies);
    AccessRequest none =
        AccessRequest.of(
            caller, "iam:CreateUser", "arn:aws:iam::111122223333:user/eve", context, policies);
    measure(out, "allowed by the last of 60 statements", last, true);
    measure(out, "allowed by none of 60 statements", none, false);
    long start = cpu();
    for (int i = 0; i < 2_000; i++) {
      PolicyDocument.parse(document(i), PolicyKind.INLINE);
    }
    out.printf("%-42s %8.2f us%n", "a document compiled", (cpu() - start) / 2_000.0 / 1e3);
  }

  private static String document(int service) {
    return """
    {"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":["secretsmanager:GetSecretValue","ssm:GetParameter*"],
     "Resource":["arn:aws:secretsmanager:*:111122223333:secret:service-%1$d/*",
                 "arn:aws:ssm:*:111122223333:parameter/service-%1$d/*"],
     "Condition":{"StringEquals":{"aws:PrincipalTag/team":["red","blue"]},
                  "IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}},
    {"Effect":"Allow","Action":"logs:*",
     "Resource":"arn:aws:logs:*:111122223333:log-group:/ecs/service-%1$d:*"},
    {"Effect":"Deny","Action":"s3:Delete*","Resource":"arn:aws:s3:::service-%1$d-${aws:PrincipalTag/team}/*"}]}\
    """
        .formatted(service);
  }

  private static void measure(
      PrintStream out, String what, AccessRequest request, boolean allowed) {
    loop(request, WARM_UP, allowed);
    double best = Double.MAX_VALUE;
    for (int round = 0; round < ROUNDS; round++) {
      long start = cpu();
      loop(request, DECISIONS, allowed);
      best = Math.min(best, (cpu() - start) / (double) DECISIONS);
    }
    out.printf("%-42s %8.2f us%n", what, best / 1e3);
  }

  /** This thread's own time: what others do on the machine is not the engine's. */
  private static long cpu() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  private static void loop(AccessRequest request, int times, boolean allowed) {
    for (int i = 0; i < times; i++) {
      if (Evaluator.decide(request).allowed() != allowed) {
        throw new IllegalStateException("the wrong decision");
      }
    }
  }
}
