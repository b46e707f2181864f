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

  /** A role of the account by its name, which may have a path before it. */
  public static String role(Scope scope, String name) {
    return "arn:" + partition(scope.region()) + ":iam::" + scope.account() + ":role/" + name;
  }

  /** The parts of an ECS ARN; null when {@code text} is none. */
  public static @Nullable Parts parse(String text) {
    // arn:partition:service:region:account:type/path, by hand: it is asked very often.
    int partition = text.indexOf(':');
    int service = text.indexOf(':', partition + 1);
    int region = text.indexOf(':', service + 1);
    int account = text.indexOf(':', region + 1);
    int resource = text.indexOf(':', account + 1);
    if (partition < 0
        || service < partition
        || region < service
        || account < region
        || resource < account
        || !text.startsWith("arn:")
        || !text.startsWith("ecs:", service + 1)) {
      return null;
    }
    int slash = text.indexOf('/', resource + 1);
    if (slash < resource + 2) {
      return null;
    }
    return new Parts(
        new Scope(text.substring(account + 1, resource), text.substring(region + 1, account)),
        text.substring(resource + 1, slash),
        text.substring(slash + 1));
  }

  /** {@code path} is what follows the type: {@code cluster/id}, or {@code name}. */
  public record Parts(Scope scope, String type, String path) {
    public String last() {
      return path.substring(path.lastIndexOf('/') + 1);
    }

    public int depth() {
      int depth = 1;
      for (int slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
        depth++;
      }
      return depth;
    }

    public String first() {
      int slash = path.indexOf('/');
      return slash < 0 ? path : path.substring(0, slash);
    }
  }
}
