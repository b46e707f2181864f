package gantry.services.ecs;

import gantry.state.Scope;
import org.jspecify.annotations.Nullable;

/** Builds and takes apart the ARNs of ECS. */
public final class Arns {

  private Arns() {}

  private static String prefix(Scope scope) {
    return "arn:" + partition(scope.region()) + ":ecs:" + scope.region() + ":" + scope.account();
  }

  static String partition(String region) {
    if (region.startsWith("cn-")) {
      return "aws-cn";
    }
    return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
  }

  public static String cluster(Scope scope, String name) {
    return prefix(scope) + ":cluster/" + name;
  }

  public static String containerInstance(Scope scope, String cluster, String id) {
    return prefix(scope) + ":container-instance/" + cluster + "/" + id;
  }

  public static String task(Scope scope, String cluster, String id) {
    return prefix(scope) + ":task/" + cluster + "/" + id;
  }

  public static String container(Scope scope, String cluster, String task, String uuid) {
    return prefix(scope) + ":container/" + cluster + "/" + task + "/" + uuid;
  }

  public static String attachment(Scope scope, String cluster, String task, String uuid) {
    return prefix(scope) + ":attachment/" + cluster + "/" + task + "/" + uuid;
  }

  public static String service(Scope scope, String cluster, String name) {
    return prefix(scope) + ":service/" + cluster + "/" + name;
  }

  public static String taskDefinition(Scope scope, String family, int revision) {
    return prefix(scope) + ":task-definition/" + family + ":" + revision;
  }

  public static String taskSet(Scope scope, String cluster, String service, String id) {
    return prefix(scope) + ":task-set/" + cluster + "/" + service + "/" + id;
  }

  public static String capacityProvider(Scope scope, String name) {
    return prefix(scope) + ":capacity-provider/" + name;
  }

  public static String serviceDeployment(Scope scope, String cluster, String service, String id) {
    return prefix(scope) + ":service-deployment/" + cluster + "/" + service + "/" + id;
  }

  public static String serviceRevision(Scope scope, String cluster, String service, String id) {
    return prefix(scope) + ":service-revision/" + cluster + "/" + service + "/" + id;
  }

  /** The parts of an ECS ARN; null when {@code text} is none. */
  public static @Nullable Parts parse(String text) {
    String[] parts = text.split(":", 6);
    if (parts.length < 6 || !parts[0].equals("arn") || !parts[2].equals("ecs")) {
      return null;
    }
    int slash = parts[5].indexOf('/');
    if (slash < 1) {
      return null;
    }
    return new Parts(
        new Scope(parts[4], parts[3]), parts[5].substring(0, slash), parts[5].substring(slash + 1));
  }

  /** {@code path} is what follows the type: {@code cluster/id}, or {@code name}. */
  public record Parts(Scope scope, String type, String path) {
    public String last() {
      return path.substring(path.lastIndexOf('/') + 1);
    }

    public int depth() {
      return (int) path.chars().filter(c -> c == '/').count() + 1;
    }

    public String first() {
      int slash = path.indexOf('/');
      return slash < 0 ? path : path.substring(0, slash);
    }
  }
}
