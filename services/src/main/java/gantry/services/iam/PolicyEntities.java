package gantry.services.iam;

import gantry.state.Scope;
import gantry.state.View;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.iam.model.AttachedPermissionsBoundary;
import software.amazon.awssdk.services.iam.model.EntityType;
import software.amazon.awssdk.services.iam.model.ListEntitiesForPolicyRequest;
import software.amazon.awssdk.services.iam.model.ListEntitiesForPolicyResponse;
import software.amazon.awssdk.services.iam.model.PolicyGroup;
import software.amazon.awssdk.services.iam.model.PolicyRole;
import software.amazon.awssdk.services.iam.model.PolicyUsageType;
import software.amazon.awssdk.services.iam.model.PolicyUser;

/** Who has a managed policy: as one of his own, or as his boundary. */
final class PolicyEntities {

  private PolicyEntities() {}

  record Entity(EntityType type, String path, String name, String id) {
    /** Where it stands in the listing. */
    String place() {
      return type + "/" + name;
    }
  }

  static List<Entity> of(View view, Scope scope, ListEntitiesForPolicyRequest r) {
    String arn = r.policyArn();
    boolean asBoundary = r.policyUsageFilter() == PolicyUsageType.PERMISSIONS_BOUNDARY;
    Stream<Entity> users =
        view.scan(Tables.USERS, scope)
            .map(row -> row.value())
            .filter(
                row ->
                    asBoundary
                        ? is(arn, row.user().permissionsBoundary())
                        : row.policies().attached().contains(arn))
            .map(
                row ->
                    new Entity(
                        EntityType.USER,
                        row.user().path(),
                        row.user().userName(),
                        row.user().userId()));
    Stream<Entity> groups =
        view.scan(Tables.GROUPS, scope)
            .map(row -> row.value())
            .filter(row -> !asBoundary && row.policies().attached().contains(arn))
            .map(
                row ->
                    new Entity(
                        EntityType.GROUP,
                        row.group().path(),
                        row.group().groupName(),
                        row.group().groupId()));
    Stream<Entity> roles =
        view.scan(Tables.ROLES, scope)
            .map(row -> row.value())
            .filter(
                row ->
                    asBoundary
                        ? is(arn, row.role().permissionsBoundary())
                        : row.policies().attached().contains(arn))
            .map(
                row ->
                    new Entity(
                        EntityType.ROLE,
                        row.role().path(),
                        row.role().roleName(),
                        row.role().roleId()));
    return Stream.of(users, groups, roles)
        .flatMap(all -> all)
        .filter(entity -> r.entityFilter() == null || r.entityFilter() == entity.type())
        .filter(entity -> entity.path().startsWith(Paging.prefix(r.pathPrefix())))
        .sorted(Comparator.comparing(Entity::place))
        .toList();
  }

  private static boolean is(String arn, @Nullable AttachedPermissionsBoundary boundary) {
    return boundary != null && arn.equals(boundary.permissionsBoundaryArn());
  }

  static ListEntitiesForPolicyResponse.Builder shown(List<Entity> entities) {
    return ListEntitiesForPolicyResponse.builder()
        .policyUsers(
            of(entities, EntityType.USER)
                .map(e -> PolicyUser.builder().userName(e.name()).userId(e.id()).build())
                .toList())
        .policyGroups(
            of(entities, EntityType.GROUP)
                .map(e -> PolicyGroup.builder().groupName(e.name()).groupId(e.id()).build())
                .toList())
        .policyRoles(
            of(entities, EntityType.ROLE)
                .map(e -> PolicyRole.builder().roleName(e.name()).roleId(e.id()).build())
                .toList());
  }

  private static Stream<Entity> of(List<Entity> entities, EntityType type) {
    return entities.stream().filter(entity -> entity.type() == type);
  }
}
