package gantry.services.ecs;

import gantry.services.ecs.rows.FamilyRow;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.TaskDefinitionRow;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.Comparator;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Cluster;
import software.amazon.awssdk.services.ecs.model.EcsException;
import software.amazon.awssdk.services.ecs.model.TaskDefinitionStatus;

/** Finds what a request names: by short name, id or ARN. */
final class References {

  static final String DEFAULT_CLUSTER = "default";

  private References() {}

  /** The name in a cluster's name or ARN; {@code default} when there is none. */
  static String clusterName(@Nullable String reference) {
    if (reference == null || reference.isEmpty()) {
      return DEFAULT_CLUSTER;
    }
    Arns.Parts arn = Arns.parse(reference);
    if (arn == null) {
      return reference;
    }
    if (!arn.type().equals("cluster")) {
      throw EcsErrors.invalid("Invalid identifier: Unexpected resource type " + arn.type());
    }
    return arn.path();
  }

  /** The cluster, which must be there and not be deleted. */
  static Cluster cluster(View view, Scope scope, @Nullable String reference) {
    Cluster cluster = view.get(EcsTables.CLUSTERS, scope.key(clusterName(reference)));
    if (cluster == null) {
      throw EcsErrors.clusterNotFound();
    }
    if ("INACTIVE".equals(cluster.status())) {
      throw EcsErrors.clusterInactive();
    }
    return cluster;
  }

  /** The last part of an id or of an ARN of the given type. */
  static String id(String reference, String type) {
    if (!reference.startsWith("arn:")) {
      return reference.substring(reference.lastIndexOf('/') + 1);
    }
    Arns.Parts arn = Arns.parse(reference);
    if (arn == null || !arn.type().equals(type)) {
      throw EcsErrors.invalid("Invalid identifier: " + reference);
    }
    return arn.last();
  }

  static Key task(Scope scope, String cluster, String reference) {
    return EcsTables.member(scope, cluster, id(reference, "task"));
  }

  static Key instance(Scope scope, String cluster, String reference) {
    return EcsTables.member(scope, cluster, id(reference, "container-instance"));
  }

  static Key service(Scope scope, String cluster, String reference) {
    return EcsTables.member(scope, cluster, id(reference, "service"));
  }

  static @Nullable InstanceRow findInstance(
      View view, Scope scope, String cluster, String reference) {
    return view.get(EcsTables.INSTANCES, instance(scope, cluster, reference));
  }

  /** Family and revision as a request names them; revision 0 when it names none. */
  record Revision(String family, int revision) {

    static Revision parse(String reference) {
      String name = reference;
      Arns.Parts arn = Arns.parse(reference);
      if (arn != null) {
        name = arn.path();
      } else if (reference.startsWith("arn:")) {
        throw EcsErrors.client("Unable to describe task definition.");
      }
      int colon = name.indexOf(':');
      if (colon < 0) {
        return new Revision(name, 0);
      }
      String number = name.substring(colon + 1);
      try {
        int revision = Integer.parseInt(number);
        if (revision > 0) {
          return new Revision(name.substring(0, colon), revision);
        }
      } catch (NumberFormatException notANumber) {
        throw EcsErrors.client("Invalid revision number. Number: " + number);
      }
      throw EcsErrors.client("Invalid revision number. Number: " + number);
    }
  }

  /** The revision, or for a bare family its newest ACTIVE one; null when there is none. */
  static @Nullable TaskDefinitionRow findDefinition(View view, Scope scope, String reference) {
    Revision wanted = Revision.parse(reference);
    if (wanted.revision() > 0) {
      return view.get(
          EcsTables.TASK_DEFINITIONS,
          EcsTables.taskDefinition(scope, wanted.family(), wanted.revision()));
    }
    FamilyRow family = view.get(EcsTables.FAMILIES, scope.key(wanted.family()));
    if (family == null) {
      return null;
    }
    TaskDefinitionRow last =
        view.get(
            EcsTables.TASK_DEFINITIONS,
            EcsTables.taskDefinition(scope, wanted.family(), family.lastRevision()));
    if (last != null && last.definition().status() == TaskDefinitionStatus.ACTIVE) {
      return last;
    }
    return EcsTables.under(view, EcsTables.TASK_DEFINITIONS, scope, wanted.family() + " ")
        .map(Row::value)
        .filter(row -> row.definition().status() == TaskDefinitionStatus.ACTIVE)
        .max(Comparator.comparing(row -> row.definition().revision()))
        .orElse(null);
  }

  /**
   * The revision that a task or service is to run: it must be ACTIVE.
   *
   * @param inactive the error for one that is not: it differs between tasks and services
   */
  static TaskDefinitionRow activeDefinition(
      View view, Scope scope, @Nullable String reference, Function<String, EcsException> inactive) {
    if (reference == null || reference.isEmpty()) {
      throw EcsErrors.invalid("TaskDefinition can not be blank.");
    }
    TaskDefinitionRow row = findDefinition(view, scope, reference);
    if (row == null) {
      throw EcsErrors.client("TaskDefinition not found.");
    }
    if (row.definition().status() != TaskDefinitionStatus.ACTIVE) {
      throw inactive.apply("TaskDefinition is inactive");
    }
    return row;
  }
}
