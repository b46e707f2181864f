package gantry.services.iam;

import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.iam.Holders.Kind;
import gantry.services.iam.Tables.PolicyRow;
import gantry.services.iam.Tables.VersionRow;
import gantry.state.Page;
import gantry.state.View;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.iam.model.*;

/** The API of policies: managed, inline, and to whom they are attached. */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
abstract class PolicyApi extends RoleApi {

  private final Holders holders;

  PolicyApi(ServiceContext context, SecretBox box) {
    super(context, box);
    this.holders = new Holders(context, policies);
  }

  // ---- managed policies

  public CreatePolicyResponse createPolicy(CreatePolicyRequest r) {
    return CreatePolicyResponse.builder().policy(policies.create(r)).build();
  }

  public GetPolicyResponse getPolicy(GetPolicyRequest r) {
    View view = view();
    return GetPolicyResponse.builder()
        .policy(
            ManagedPolicies.shown(
                view, scope(), ManagedPolicies.require(view, scope(), r.policyArn())))
        .build();
  }

  public DeletePolicyResponse deletePolicy(DeletePolicyRequest r) {
    policies.delete(r.policyArn());
    return DeletePolicyResponse.builder().build();
  }

  public ListPoliciesResponse listPolicies(ListPoliciesRequest r) {
    View view = view();
    boolean own = r.scope() != PolicyScopeType.AWS;
    boolean aws = r.scope() != PolicyScopeType.LOCAL;
    Page<Policy> page =
        page(
            from ->
                ManagedPolicies.all(view, scope(), own, aws)
                    .filter(row -> row.policy().path().startsWith(prefix(r.pathPrefix())))
                    .map(row -> ManagedPolicies.shown(view, scope(), row))
                    .filter(
                        policy ->
                            !Boolean.TRUE.equals(r.onlyAttached())
                                || used(policy, r.policyUsageFilter()))
                    .sorted(java.util.Comparator.comparing(Policy::arn))
                    .filter(policy -> policy.arn().compareTo(from) > 0),
            Policy::arn,
            r.marker(),
            r.maxItems());
    return ListPoliciesResponse.builder()
        .policies(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  static boolean used(Policy policy, @Nullable PolicyUsageType usage) {
    return usage == PolicyUsageType.PERMISSIONS_BOUNDARY
        ? policy.permissionsBoundaryUsageCount() > 0
        : policy.attachmentCount() > 0;
  }

  public CreatePolicyVersionResponse createPolicyVersion(CreatePolicyVersionRequest r) {
    return CreatePolicyVersionResponse.builder()
        .policyVersion(
            policies.createVersion(
                r.policyArn(), r.policyDocument(), Boolean.TRUE.equals(r.setAsDefault())))
        .build();
  }

  public GetPolicyVersionResponse getPolicyVersion(GetPolicyVersionRequest r) {
    PolicyRow row = ManagedPolicies.require(view(), scope(), r.policyArn());
    return GetPolicyVersionResponse.builder()
        .policyVersion(
            ManagedPolicies.shown(row, ManagedPolicies.version(row, r.versionId()), true))
        .build();
  }

  public ListPolicyVersionsResponse listPolicyVersions(ListPolicyVersionsRequest r) {
    PolicyRow row = ManagedPolicies.require(view(), scope(), r.policyArn());
    // Newest first, by a place that counts the other way.
    Page<VersionRow> page =
        page(
            from ->
                row.versions().reversed().stream()
                    .filter(version -> place(version).compareTo(from) > 0),
            PolicyApi::place,
            r.marker(),
            r.maxItems());
    return ListPolicyVersionsResponse.builder()
        .versions(page.items().stream().map(v -> ManagedPolicies.shown(row, v, false)).toList())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  private static String place(VersionRow version) {
    return String.format(
        Locale.ROOT,
        "%010d",
        Integer.MAX_VALUE - Integer.parseInt(version.versionId().substring(1)));
  }

  public DeletePolicyVersionResponse deletePolicyVersion(DeletePolicyVersionRequest r) {
    policies.deleteVersion(r.policyArn(), r.versionId());
    return DeletePolicyVersionResponse.builder().build();
  }

  public SetDefaultPolicyVersionResponse setDefaultPolicyVersion(SetDefaultPolicyVersionRequest r) {
    policies.setDefault(r.policyArn(), r.versionId());
    return SetDefaultPolicyVersionResponse.builder().build();
  }

  public TagPolicyResponse tagPolicy(TagPolicyRequest r) {
    policies.changeTags(r.policyArn(), tags -> Names.tags(tags, r.tags()));
    return TagPolicyResponse.builder().build();
  }

  public UntagPolicyResponse untagPolicy(UntagPolicyRequest r) {
    policies.changeTags(r.policyArn(), tags -> Names.without(tags, r.tagKeys()));
    return UntagPolicyResponse.builder().build();
  }

  public ListPolicyTagsResponse listPolicyTags(ListPolicyTagsRequest r) {
    Page<Tag> page =
        tagPage(
            ManagedPolicies.require(view(), scope(), r.policyArn()).policy().tags(),
            r.marker(),
            r.maxItems());
    return ListPolicyTagsResponse.builder()
        .tags(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  public ListEntitiesForPolicyResponse listEntitiesForPolicy(ListEntitiesForPolicyRequest r) {
    View view = view();
    ManagedPolicies.require(view, scope(), r.policyArn());
    List<PolicyEntities.Entity> all = PolicyEntities.of(view, scope(), r);
    Page<PolicyEntities.Entity> page =
        page(
            from -> all.stream().filter(entity -> entity.place().compareTo(from) > 0),
            PolicyEntities.Entity::place,
            r.marker(),
            r.maxItems());
    return PolicyEntities.shown(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  // ---- inline policies

  public PutUserPolicyResponse putUserPolicy(PutUserPolicyRequest r) {
    holders.putInline(Kind.USER, r.userName(), r.policyName(), r.policyDocument());
    return PutUserPolicyResponse.builder().build();
  }

  public PutGroupPolicyResponse putGroupPolicy(PutGroupPolicyRequest r) {
    holders.putInline(Kind.GROUP, r.groupName(), r.policyName(), r.policyDocument());
    return PutGroupPolicyResponse.builder().build();
  }

  public PutRolePolicyResponse putRolePolicy(PutRolePolicyRequest r) {
    holders.putInline(Kind.ROLE, r.roleName(), r.policyName(), r.policyDocument());
    return PutRolePolicyResponse.builder().build();
  }

  public GetUserPolicyResponse getUserPolicy(GetUserPolicyRequest r) {
    return GetUserPolicyResponse.builder()
        .userName(r.userName())
        .policyName(r.policyName())
        .policyDocument(Documents.encoded(holders.inline(Kind.USER, r.userName(), r.policyName())))
        .build();
  }

  public GetGroupPolicyResponse getGroupPolicy(GetGroupPolicyRequest r) {
    return GetGroupPolicyResponse.builder()
        .groupName(r.groupName())
        .policyName(r.policyName())
        .policyDocument(
            Documents.encoded(holders.inline(Kind.GROUP, r.groupName(), r.policyName())))
        .build();
  }

  public GetRolePolicyResponse getRolePolicy(GetRolePolicyRequest r) {
    return GetRolePolicyResponse.builder()
        .roleName(r.roleName())
        .policyName(r.policyName())
        .policyDocument(Documents.encoded(holders.inline(Kind.ROLE, r.roleName(), r.policyName())))
        .build();
  }

  public DeleteUserPolicyResponse deleteUserPolicy(DeleteUserPolicyRequest r) {
    holders.deleteInline(Kind.USER, r.userName(), r.policyName());
    return DeleteUserPolicyResponse.builder().build();
  }

  public DeleteGroupPolicyResponse deleteGroupPolicy(DeleteGroupPolicyRequest r) {
    holders.deleteInline(Kind.GROUP, r.groupName(), r.policyName());
    return DeleteGroupPolicyResponse.builder().build();
  }

  public DeleteRolePolicyResponse deleteRolePolicy(DeleteRolePolicyRequest r) {
    holders.deleteInline(Kind.ROLE, r.roleName(), r.policyName());
    return DeleteRolePolicyResponse.builder().build();
  }

  public ListUserPoliciesResponse listUserPolicies(ListUserPoliciesRequest r) {
    Page<String> page =
        names(holders.inlineNames(Kind.USER, r.userName()), r.marker(), r.maxItems());
    return ListUserPoliciesResponse.builder()
        .policyNames(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  public ListGroupPoliciesResponse listGroupPolicies(ListGroupPoliciesRequest r) {
    Page<String> page =
        names(holders.inlineNames(Kind.GROUP, r.groupName()), r.marker(), r.maxItems());
    return ListGroupPoliciesResponse.builder()
        .policyNames(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  public ListRolePoliciesResponse listRolePolicies(ListRolePoliciesRequest r) {
    Page<String> page =
        names(holders.inlineNames(Kind.ROLE, r.roleName()), r.marker(), r.maxItems());
    return ListRolePoliciesResponse.builder()
        .policyNames(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  // ---- attached policies

  public AttachUserPolicyResponse attachUserPolicy(AttachUserPolicyRequest r) {
    holders.attach(Kind.USER, r.userName(), r.policyArn());
    return AttachUserPolicyResponse.builder().build();
  }

  public AttachGroupPolicyResponse attachGroupPolicy(AttachGroupPolicyRequest r) {
    holders.attach(Kind.GROUP, r.groupName(), r.policyArn());
    return AttachGroupPolicyResponse.builder().build();
  }

  public AttachRolePolicyResponse attachRolePolicy(AttachRolePolicyRequest r) {
    holders.attach(Kind.ROLE, r.roleName(), r.policyArn());
    return AttachRolePolicyResponse.builder().build();
  }

  public DetachUserPolicyResponse detachUserPolicy(DetachUserPolicyRequest r) {
    holders.detach(Kind.USER, r.userName(), r.policyArn());
    return DetachUserPolicyResponse.builder().build();
  }

  public DetachGroupPolicyResponse detachGroupPolicy(DetachGroupPolicyRequest r) {
    holders.detach(Kind.GROUP, r.groupName(), r.policyArn());
    return DetachGroupPolicyResponse.builder().build();
  }

  public DetachRolePolicyResponse detachRolePolicy(DetachRolePolicyRequest r) {
    holders.detach(Kind.ROLE, r.roleName(), r.policyArn());
    return DetachRolePolicyResponse.builder().build();
  }

  public ListAttachedUserPoliciesResponse listAttachedUserPolicies(
      ListAttachedUserPoliciesRequest r) {
    Page<AttachedPolicy> page =
        attached(
            holders.attached(Kind.USER, r.userName(), prefix(r.pathPrefix())),
            r.marker(),
            r.maxItems());
    return ListAttachedUserPoliciesResponse.builder()
        .attachedPolicies(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  public ListAttachedGroupPoliciesResponse listAttachedGroupPolicies(
      ListAttachedGroupPoliciesRequest r) {
    Page<AttachedPolicy> page =
        attached(
            holders.attached(Kind.GROUP, r.groupName(), prefix(r.pathPrefix())),
            r.marker(),
            r.maxItems());
    return ListAttachedGroupPoliciesResponse.builder()
        .attachedPolicies(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  public ListAttachedRolePoliciesResponse listAttachedRolePolicies(
      ListAttachedRolePoliciesRequest r) {
    Page<AttachedPolicy> page =
        attached(
            holders.attached(Kind.ROLE, r.roleName(), prefix(r.pathPrefix())),
            r.marker(),
            r.maxItems());
    return ListAttachedRolePoliciesResponse.builder()
        .attachedPolicies(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }
}
