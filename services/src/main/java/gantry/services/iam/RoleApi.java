package gantry.services.iam;

import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.iam.Tables.OidcRow;
import gantry.services.iam.Tables.ProfileRow;
import gantry.services.iam.Tables.RoleRow;
import gantry.state.Page;
import gantry.state.Row;
import gantry.state.View;
import java.util.List;
import software.amazon.awssdk.services.iam.model.*;

/** The API of roles, of the instance profiles that hold them, and of issuers of identities. */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
abstract class RoleApi extends UserApi {

  private final Roles roles;
  private final Profiles profiles;
  private final OidcProviders providers;

  RoleApi(ServiceContext context, SecretBox box) {
    super(context, box);
    this.roles = new Roles(context);
    this.profiles = new Profiles(context);
    this.providers = new OidcProviders(context);
  }

  // ---- roles

  public CreateRoleResponse createRole(CreateRoleRequest r) {
    return CreateRoleResponse.builder().role(Roles.created(roles.create(r))).build();
  }

  public GetRoleResponse getRole(GetRoleRequest r) {
    return GetRoleResponse.builder()
        .role(Roles.detailed(Named.ROLES.require(view(), scope(), r.roleName()).role()))
        .build();
  }

  public UpdateRoleResponse updateRole(UpdateRoleRequest r) {
    roles.update(r.roleName(), r.description(), r.maxSessionDuration());
    return UpdateRoleResponse.builder().build();
  }

  public UpdateRoleDescriptionResponse updateRoleDescription(UpdateRoleDescriptionRequest r) {
    roles.update(r.roleName(), r.description(), null);
    return UpdateRoleDescriptionResponse.builder()
        .role(Roles.shown(Named.ROLES.require(view(), scope(), r.roleName()).role()))
        .build();
  }

  public UpdateAssumeRolePolicyResponse updateAssumeRolePolicy(UpdateAssumeRolePolicyRequest r) {
    roles.updateTrust(r.roleName(), r.policyDocument());
    return UpdateAssumeRolePolicyResponse.builder().build();
  }

  public DeleteRoleResponse deleteRole(DeleteRoleRequest r) {
    roles.delete(r.roleName());
    return DeleteRoleResponse.builder().build();
  }

  public ListRolesResponse listRoles(ListRolesRequest r) {
    Page<Row<RoleRow>> page =
        page(
            from ->
                view()
                    .scanAfter(Tables.ROLES, scope(), from)
                    .filter(row -> row.value().role().path().startsWith(prefix(r.pathPrefix()))),
            row -> row.key().id(),
            r.marker(),
            r.maxItems());
    return ListRolesResponse.builder()
        .roles(
            page.items().stream()
                .map(
                    row ->
                        Roles.shown(row.value().role()).toBuilder()
                            .tags((List<Tag>) null)
                            .permissionsBoundary((AttachedPermissionsBoundary) null)
                            .roleLastUsed((RoleLastUsed) null)
                            .build())
                .toList())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  public TagRoleResponse tagRole(TagRoleRequest r) {
    roles.change(
        r.roleName(), role -> role.toBuilder().tags(Names.tags(role.tags(), r.tags())).build());
    return TagRoleResponse.builder().build();
  }

  public UntagRoleResponse untagRole(UntagRoleRequest r) {
    roles.change(
        r.roleName(),
        role -> role.toBuilder().tags(Names.without(role.tags(), r.tagKeys())).build());
    return UntagRoleResponse.builder().build();
  }

  public ListRoleTagsResponse listRoleTags(ListRoleTagsRequest r) {
    Page<Tag> page =
        tagPage(
            Named.ROLES.require(view(), scope(), r.roleName()).role().tags(),
            r.marker(),
            r.maxItems());
    return ListRoleTagsResponse.builder()
        .tags(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  public PutRolePermissionsBoundaryResponse putRolePermissionsBoundary(
      PutRolePermissionsBoundaryRequest r) {
    roles.setBoundary(r.roleName(), r.permissionsBoundary());
    return PutRolePermissionsBoundaryResponse.builder().build();
  }

  public DeleteRolePermissionsBoundaryResponse deleteRolePermissionsBoundary(
      DeleteRolePermissionsBoundaryRequest r) {
    roles.setBoundary(r.roleName(), null);
    return DeleteRolePermissionsBoundaryResponse.builder().build();
  }

  public CreateServiceLinkedRoleResponse createServiceLinkedRole(CreateServiceLinkedRoleRequest r) {
    return CreateServiceLinkedRoleResponse.builder()
        .role(
            Roles.created(
                roles.createServiceLinked(r.awsServiceName(), r.customSuffix(), r.description())))
        .build();
  }

  public DeleteServiceLinkedRoleResponse deleteServiceLinkedRole(DeleteServiceLinkedRoleRequest r) {
    return DeleteServiceLinkedRoleResponse.builder()
        .deletionTaskId(roles.deleteServiceLinked(r.roleName()))
        .build();
  }

  public GetServiceLinkedRoleDeletionStatusResponse getServiceLinkedRoleDeletionStatus(
      GetServiceLinkedRoleDeletionStatusRequest r) {
    String[] parts = r.deletionTaskId().split("/", -1);
    if (parts.length != 5 || !parts[0].equals("task")) {
      throw Errors.none("Deletion task " + r.deletionTaskId() + " cannot be found.");
    }
    boolean back = view().get(Tables.ROLES, scope().key(Tables.key(parts[3]))) != null;
    if (back) {
      throw Errors.none("Deletion task " + r.deletionTaskId() + " cannot be found.");
    }
    return GetServiceLinkedRoleDeletionStatusResponse.builder()
        .status(DeletionTaskStatusType.SUCCEEDED)
        .build();
  }

  // ---- instance profiles

  public CreateInstanceProfileResponse createInstanceProfile(CreateInstanceProfileRequest r) {
    return CreateInstanceProfileResponse.builder()
        .instanceProfile(profiles.create(r.instanceProfileName(), r.path(), r.tags()))
        .build();
  }

  public GetInstanceProfileResponse getInstanceProfile(GetInstanceProfileRequest r) {
    View view = view();
    return GetInstanceProfileResponse.builder()
        .instanceProfile(
            Profiles.shown(
                view, scope(), Named.PROFILES.require(view, scope(), r.instanceProfileName())))
        .build();
  }

  public DeleteInstanceProfileResponse deleteInstanceProfile(DeleteInstanceProfileRequest r) {
    profiles.delete(r.instanceProfileName());
    return DeleteInstanceProfileResponse.builder().build();
  }

  public AddRoleToInstanceProfileResponse addRoleToInstanceProfile(
      AddRoleToInstanceProfileRequest r) {
    profiles.addRole(r.instanceProfileName(), r.roleName());
    return AddRoleToInstanceProfileResponse.builder().build();
  }

  public RemoveRoleFromInstanceProfileResponse removeRoleFromInstanceProfile(
      RemoveRoleFromInstanceProfileRequest r) {
    profiles.removeRole(r.instanceProfileName(), r.roleName());
    return RemoveRoleFromInstanceProfileResponse.builder().build();
  }

  public ListInstanceProfilesResponse listInstanceProfiles(ListInstanceProfilesRequest r) {
    View view = view();
    Page<Row<ProfileRow>> page =
        page(
            from ->
                view.scanAfter(Tables.PROFILES, scope(), from)
                    .filter(row -> row.value().profile().path().startsWith(prefix(r.pathPrefix()))),
            row -> row.key().id(),
            r.marker(),
            r.maxItems());
    return ListInstanceProfilesResponse.builder()
        .instanceProfiles(
            page.items().stream().map(row -> Profiles.shown(view, scope(), row.value())).toList())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  public ListInstanceProfilesForRoleResponse listInstanceProfilesForRole(
      ListInstanceProfilesForRoleRequest r) {
    View view = view();
    Named.ROLES.require(view, scope(), r.roleName());
    Page<Row<ProfileRow>> page =
        page(
            from ->
                view.lookup(Tables.PROFILES_BY_ROLE, scope(), Tables.key(r.roleName()))
                    .filter(row -> row.key().id().compareTo(from) > 0),
            row -> row.key().id(),
            r.marker(),
            r.maxItems());
    return ListInstanceProfilesForRoleResponse.builder()
        .instanceProfiles(
            page.items().stream().map(row -> Profiles.shown(view, scope(), row.value())).toList())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  public TagInstanceProfileResponse tagInstanceProfile(TagInstanceProfileRequest r) {
    profiles.changeTags(r.instanceProfileName(), tags -> Names.tags(tags, r.tags()));
    return TagInstanceProfileResponse.builder().build();
  }

  public UntagInstanceProfileResponse untagInstanceProfile(UntagInstanceProfileRequest r) {
    profiles.changeTags(r.instanceProfileName(), tags -> Names.without(tags, r.tagKeys()));
    return UntagInstanceProfileResponse.builder().build();
  }

  public ListInstanceProfileTagsResponse listInstanceProfileTags(ListInstanceProfileTagsRequest r) {
    Page<Tag> page =
        tagPage(
            Named.PROFILES.require(view(), scope(), r.instanceProfileName()).profile().tags(),
            r.marker(),
            r.maxItems());
    return ListInstanceProfileTagsResponse.builder()
        .tags(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  // ---- OpenID Connect providers

  public CreateOpenIdConnectProviderResponse createOpenIDConnectProvider(
      CreateOpenIdConnectProviderRequest r) {
    return CreateOpenIdConnectProviderResponse.builder()
        .openIDConnectProviderArn(providers.create(r))
        .tags(r.tags())
        .build();
  }

  public GetOpenIdConnectProviderResponse getOpenIDConnectProvider(
      GetOpenIdConnectProviderRequest r) {
    OidcRow row = OidcProviders.require(view(), scope(), r.openIDConnectProviderArn());
    return GetOpenIdConnectProviderResponse.builder()
        .url(row.url())
        .clientIDList(row.clientIds())
        .thumbprintList(row.thumbprints())
        .createDate(row.created())
        .tags(row.tags())
        .build();
  }

  public DeleteOpenIdConnectProviderResponse deleteOpenIDConnectProvider(
      DeleteOpenIdConnectProviderRequest r) {
    providers.delete(r.openIDConnectProviderArn());
    return DeleteOpenIdConnectProviderResponse.builder().build();
  }

  public ListOpenIdConnectProvidersResponse listOpenIDConnectProviders(
      ListOpenIdConnectProvidersRequest r) {
    return ListOpenIdConnectProvidersResponse.builder()
        .openIDConnectProviderList(
            view()
                .scan(Tables.OIDC_PROVIDERS, scope())
                .map(
                    row ->
                        OpenIDConnectProviderListEntry.builder()
                            .arn(OidcProviders.arn(scope(), row.value().url()))
                            .build())
                .toList())
        .build();
  }

  public AddClientIdToOpenIdConnectProviderResponse addClientIDToOpenIDConnectProvider(
      AddClientIdToOpenIdConnectProviderRequest r) {
    providers.change(
        r.openIDConnectProviderArn(),
        row -> row.withClients(OidcProviders.with(row.clientIds(), r.clientID())));
    return AddClientIdToOpenIdConnectProviderResponse.builder().build();
  }

  public RemoveClientIdFromOpenIdConnectProviderResponse removeClientIDFromOpenIDConnectProvider(
      RemoveClientIdFromOpenIdConnectProviderRequest r) {
    providers.change(
        r.openIDConnectProviderArn(),
        row ->
            row.withClients(
                row.clientIds().stream().filter(id -> !id.equals(r.clientID())).toList()));
    return RemoveClientIdFromOpenIdConnectProviderResponse.builder().build();
  }

  public UpdateOpenIdConnectProviderThumbprintResponse updateOpenIDConnectProviderThumbprint(
      UpdateOpenIdConnectProviderThumbprintRequest r) {
    providers.change(r.openIDConnectProviderArn(), row -> row.withThumbprints(r.thumbprintList()));
    return UpdateOpenIdConnectProviderThumbprintResponse.builder().build();
  }

  public TagOpenIdConnectProviderResponse tagOpenIDConnectProvider(
      TagOpenIdConnectProviderRequest r) {
    providers.change(
        r.openIDConnectProviderArn(), row -> row.withTags(Names.tags(row.tags(), r.tags())));
    return TagOpenIdConnectProviderResponse.builder().build();
  }

  public UntagOpenIdConnectProviderResponse untagOpenIDConnectProvider(
      UntagOpenIdConnectProviderRequest r) {
    providers.change(
        r.openIDConnectProviderArn(), row -> row.withTags(Names.without(row.tags(), r.tagKeys())));
    return UntagOpenIdConnectProviderResponse.builder().build();
  }

  public ListOpenIdConnectProviderTagsResponse listOpenIDConnectProviderTags(
      ListOpenIdConnectProviderTagsRequest r) {
    Page<Tag> page =
        tagPage(
            OidcProviders.require(view(), scope(), r.openIDConnectProviderArn()).tags(),
            r.marker(),
            r.maxItems());
    return ListOpenIdConnectProviderTagsResponse.builder()
        .tags(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }
}
