package gantry.services.iam;

import gantry.services.iam.Tables.PolicyRow;
import gantry.services.iam.Tables.RoleRow;
import gantry.services.iam.Tables.UserRow;
import gantry.state.Key;
import gantry.state.Scope;
import gantry.state.View;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.iam.model.Tag;

/** IAM's own resources: requests name them without their paths. */
final class IamResources implements ResourceSource {

  static final ResourceSource SOURCE = new IamResources();

  private IamResources() {}

  @Override
  public String resolve(View view, Scope scope, String arn) {
    Key key = key(scope, arn);
    if (arn.contains(":user/")) {
      return view.find(Tables.USERS, key).map(row -> row.user().arn()).orElse(arn);
    }
    if (arn.contains(":role/")) {
      return view.find(Tables.ROLES, key).map(row -> row.role().arn()).orElse(arn);
    }
    if (arn.contains(":group/")) {
      return view.find(Tables.GROUPS, key).map(row -> row.group().arn()).orElse(arn);
    }
    if (arn.contains(":instance-profile/")) {
      return view.find(Tables.PROFILES, key).map(row -> row.profile().arn()).orElse(arn);
    }
    return arn;
  }

  @Override
  public Map<String, String> tags(View view, Scope scope, String arn) {
    Key key = key(scope, arn);
    Map<String, String> tags = new HashMap<>();
    List<Tag> own = List.of();
    if (arn.contains(":user/")) {
      own = view.find(Tables.USERS, key).map(UserRow::user).map(user -> user.tags()).orElse(own);
    } else if (arn.contains(":role/")) {
      own = view.find(Tables.ROLES, key).map(RoleRow::role).map(role -> role.tags()).orElse(own);
    } else if (arn.contains(":policy/")) {
      own =
          view.find(Tables.POLICIES, Scope.global(scope.account()).key(arn))
              .map(PolicyRow::policy)
              .map(policy -> policy.tags())
              .orElse(own);
    }
    own.forEach(tag -> tags.put(tag.key(), tag.value()));
    return tags;
  }

  private static Key key(Scope scope, String arn) {
    return Scope.global(scope.account()).key(Tables.key(arn.substring(arn.lastIndexOf('/') + 1)));
  }
}
