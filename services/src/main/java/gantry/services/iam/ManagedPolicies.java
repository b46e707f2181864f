package gantry.services.iam;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.iam.Tables.PolicyRow;
import gantry.services.iam.Tables.VersionRow;
import gantry.services.iam.policy.PolicyDocument;
import gantry.services.iam.policy.PolicyKind;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.iam.model.CreatePolicyRequest;
import software.amazon.awssdk.services.iam.model.Policy;
import software.amazon.awssdk.services.iam.model.PolicyVersion;
import software.amazon.awssdk.services.iam.model.Tag;

/** Managed policies: a customer's own, with up to five versions, and AWS's catalogue. */
final class ManagedPolicies {

  static final int MAX_VERSIONS = 5;
  static final int MAX_SIZE = 6144;

  private final ServiceContext context;

  ManagedPolicies(ServiceContext context) {
    this.context = context;
  }

  Policy create(CreatePolicyRequest request) {
    Names.check("policyName", request.policyName(), 128);
    String path = Names.path(request.path());
    check(request.policyDocument());
    Scope scope = Caller.current().globalScope();
    String arn = "arn:aws:iam::" + scope.account() + ":policy" + path + request.policyName();
    String id = Names.id(context.ids(), "ANPA");
    return context
        .store()
        .write(
            tx -> {
              boolean taken =
                  tx.scan(Tables.POLICIES, scope)
                      .anyMatch(
                          row ->
                              row.value()
                                  .policy()
                                  .policyName()
                                  .equalsIgnoreCase(request.policyName()));
              if (taken) {
                throw Errors.exists(
                    "A policy called "
                        + request.policyName()
                        + " already exists. Duplicate names are not allowed.");
              }
              var now = context.clock().instant();
              Policy policy =
                  Policy.builder()
                      .policyName(request.policyName())
                      .policyId(id)
                      .arn(arn)
                      .path(path)
                      .defaultVersionId("v1")
                      .attachmentCount(0)
                      .permissionsBoundaryUsageCount(0)
                      .isAttachable(true)
                      .description(request.description())
                      .createDate(now)
                      .updateDate(now)
                      .tags(Names.tags(List.of(), request.tags()))
                      .build();
              tx.put(
                  Tables.POLICIES,
                  scope.key(arn),
                  new PolicyRow(
                      policy, List.of(new VersionRow("v1", request.policyDocument(), now)), 2));
              return policy;
            });
  }

  private static void check(String document) {
    Documents.check(document, PolicyKind.MANAGED);
    if (PolicyDocument.sizeWithoutWhiteSpace(document) > MAX_SIZE) {
      throw Errors.limit("Cannot exceed quota for PolicySize: " + MAX_SIZE);
    }
  }

  static PolicyRow require(View view, Scope scope, String arn) {
    if (!arn.matches("arn:aws[a-z-]*:iam::(aws|\\d{12}):policy/.+")) {
      throw Errors.validation("Invalid ARN:  Could not be parsed!");
    }
    PolicyRow row = find(view, scope, arn);
    if (row == null) {
      throw Errors.none("Policy " + arn + " was not found.");
    }
    return row;
  }

  static @Nullable PolicyRow find(View view, Scope scope, String arn) {
    PolicyRow own = view.get(Tables.POLICIES, scope.key(arn));
    return own != null ? own : AwsManaged.find(arn);
  }

  void requireAttachable(View view, Scope scope, String arn) {
    if (find(view, scope, arn) == null) {
      throw Errors.none("Policy " + arn + " does not exist or is not attachable.");
    }
  }

  /** The document in force, for whoever decides. */
  static @Nullable String document(View view, Scope scope, String arn) {
    PolicyRow row = find(view, scope, arn);
    return row == null ? null : row.defaultDocument();
  }

  /** With the counts of what it is attached to, which are questions and no facts of their own. */
  static Policy shown(View view, Scope scope, PolicyRow row) {
    String arn = row.policy().arn();
    long attachments =
        Stream.of(
                view.scan(Tables.USERS, scope).map(r -> r.value().policies()),
                view.scan(Tables.GROUPS, scope).map(r -> r.value().policies()),
                view.scan(Tables.ROLES, scope).map(r -> r.value().policies()))
            .flatMap(UnaryOperator.identity())
            .filter(policies -> policies.attached().contains(arn))
            .count();
    long boundaries =
        Stream.concat(
                view.scan(Tables.USERS, scope).map(r -> r.value().user().permissionsBoundary()),
                view.scan(Tables.ROLES, scope).map(r -> r.value().role().permissionsBoundary()))
            .filter(b -> b != null && arn.equals(b.permissionsBoundaryArn()))
            .count();
    return row.policy().toBuilder()
        .attachmentCount((int) attachments)
        .permissionsBoundaryUsageCount((int) boundaries)
        .build();
  }

  void delete(String arn) {
    Scope scope = Caller.current().globalScope();
    context
        .store()
        .write(
            tx -> {
              PolicyRow row = ownOnly(require(tx, scope, arn));
              Policy shown = shown(tx, scope, row);
              if (shown.attachmentCount() + shown.permissionsBoundaryUsageCount() > 0) {
                throw Errors.conflict("Cannot delete a policy attached to entities.");
              }
              if (row.versions().size() > 1) {
                throw Errors.conflict(
                    "This policy has more than one version. Before you delete a policy, you must"
                        + " delete the policy's versions. The default version is deleted with the"
                        + " policy.");
              }
              tx.delete(Tables.POLICIES, scope.key(arn));
              return null;
            });
  }

  private static PolicyRow ownOnly(PolicyRow row) {
    if (row.policy().arn().startsWith("arn:aws:iam::aws:")) {
      throw Errors.unmodifiable(
          "Policy " + row.policy().arn() + " is managed by AWS and cannot be changed.");
    }
    return row;
  }

  PolicyVersion createVersion(String arn, String document, boolean asDefault) {
    check(document);
    return change(
        arn,
        row -> {
          if (row.versions().size() >= MAX_VERSIONS) {
            throw Errors.limit(
                "A managed policy can have up to 5 versions. Before you create a new version, you"
                    + " must delete an existing version.");
          }
          String id = "v" + row.next();
          List<VersionRow> versions = new ArrayList<>(row.versions());
          versions.add(new VersionRow(id, document, context.clock().instant()));
          Policy policy = asDefault ? withDefault(row.policy(), id) : row.policy();
          return new PolicyRow(policy, versions, row.next() + 1);
        },
        row -> shown(row, row.versions().getLast(), false));
  }

  void deleteVersion(String arn, String versionId) {
    change(
        arn,
        row -> {
          version(row, versionId);
          if (row.policy().defaultVersionId().equals(versionId)) {
            throw Errors.conflict("Cannot delete the default version of a policy.");
          }
          return new PolicyRow(
              row.policy(),
              row.versions().stream().filter(v -> !v.versionId().equals(versionId)).toList(),
              row.next());
        },
        row -> row);
  }

  void setDefault(String arn, String versionId) {
    change(
        arn,
        row -> {
          version(row, versionId);
          return new PolicyRow(withDefault(row.policy(), versionId), row.versions(), row.next());
        },
        row -> row);
  }

  private Policy withDefault(Policy policy, String versionId) {
    return policy.toBuilder()
        .defaultVersionId(versionId)
        .updateDate(context.clock().instant())
        .build();
  }

  void changeTags(String arn, UnaryOperator<List<Tag>> tags) {
    change(
        arn,
        row ->
            new PolicyRow(
                row.policy().toBuilder().tags(tags.apply(row.policy().tags())).build(),
                row.versions(),
                row.next()),
        row -> row);
  }

  private <R> R change(
      String arn,
      UnaryOperator<PolicyRow> change,
      java.util.function.Function<PolicyRow, R> result) {
    Scope scope = Caller.current().globalScope();
    return context
        .store()
        .write(
            tx -> {
              PolicyRow changed = change.apply(ownOnly(require(tx, scope, arn)));
              tx.put(Tables.POLICIES, scope.key(arn), changed);
              return result.apply(changed);
            });
  }

  static VersionRow version(PolicyRow row, String versionId) {
    return row.versions().stream()
        .filter(v -> v.versionId().equals(versionId))
        .findFirst()
        .orElseThrow(
            () ->
                Errors.none(
                    "Policy "
                        + row.policy().arn()
                        + " version "
                        + versionId
                        + " does not exist or is not attachable."));
  }

  static PolicyVersion shown(PolicyRow row, VersionRow version, boolean withDocument) {
    return PolicyVersion.builder()
        .versionId(version.versionId())
        .isDefaultVersion(version.versionId().equals(row.policy().defaultVersionId()))
        .createDate(version.created())
        .document(withDocument ? Documents.encoded(version.document()) : null)
        .build();
  }

  /** Own ones by ARN, then AWS's. */
  static Stream<PolicyRow> all(View view, Scope scope, boolean own, boolean aws) {
    return Stream.concat(
        own ? view.scan(Tables.POLICIES, scope).map(Row::value) : Stream.empty(),
        aws ? AwsManaged.all() : Stream.empty());
  }
}
