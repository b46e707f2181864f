package gantry.services.iam;

import static gantry.services.iam.IamWorld.document;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.iam.model.ContextEntry;
import software.amazon.awssdk.services.iam.model.ContextKeyTypeEnum;
import software.amazon.awssdk.services.iam.model.EntityAlreadyExistsException;
import software.amazon.awssdk.services.iam.model.Group;
import software.amazon.awssdk.services.iam.model.InvalidInputException;
import software.amazon.awssdk.services.iam.model.NoSuchEntityException;
import software.amazon.awssdk.services.iam.model.PolicyGroup;
import software.amazon.awssdk.services.iam.model.PolicyScopeType;
import software.amazon.awssdk.services.iam.model.PolicyUsageType;
import software.amazon.awssdk.services.iam.model.PolicyUser;
import software.amazon.awssdk.services.iam.model.PolicyVersion;
import software.amazon.awssdk.services.iam.model.StatusType;
import software.amazon.awssdk.services.iam.model.Tag;

/** The IAM API as its clients see it. */
class IamTest {

  static final String TRUST =
      "{'Effect':'Allow','Principal':{'Service':'ecs-tasks.amazonaws.com'},'Action':'sts:AssumeRole'}";
  static final String ALL = "{'Effect':'Allow','Action':'*','Resource':'*'}";

  private final IamWorld world = new IamWorld();

  @Test
  void aUserIsMadeShownRenamedAndDeleted() {
    var made = world.iam(i -> i.createUser(r -> r.userName("Ann").path("/team/"))).user();
    assertThat(made.arn()).isEqualTo("arn:aws:iam::111122223333:user/team/Ann");
    assertThat(made.userId()).matches("AIDA[A-Z2-7]{17}");
    world.iam(i -> i.createAccessKey(r -> r.userName("Ann")));
    world.iam(i -> i.updateUser(r -> r.userName("ann").newUserName("Bea").newPath("/")));
    var renamed = world.iam(i -> i.getUser(r -> r.userName("Bea"))).user();
    assertThat(renamed.userId()).isEqualTo(made.userId());
    assertThat(renamed.arn()).isEqualTo("arn:aws:iam::111122223333:user/Bea");
    String key =
        world
            .iam(i -> i.listAccessKeys(r -> r.userName("Bea")))
            .accessKeyMetadata()
            .getFirst()
            .accessKeyId();
    assertThatThrownBy(() -> world.iam(i -> i.deleteUser(r -> r.userName("Bea"))))
        .hasMessageContaining("Cannot delete entity, must delete access keys first.");
    world.iam(i -> i.deleteAccessKey(r -> r.userName("Bea").accessKeyId(key)));
    world.iam(i -> i.deleteUser(r -> r.userName("Bea")));
    assertThatThrownBy(() -> world.iam(i -> i.getUser(r -> r.userName("Bea"))))
        .hasMessageContaining("The user with name Bea cannot be found.");
  }

  @Test
  void aRoleIsShownWithItsTrustPolicyEncoded() {
    var created =
        world
            .iam(
                i -> i.createRole(r -> r.roleName("api").assumeRolePolicyDocument(document(TRUST))))
            .role();
    assertThat(created.maxSessionDuration()).as("CreateRole leaves it out").isNull();
    var role = world.iam(i -> i.getRole(r -> r.roleName("api"))).role();
    assertThat(role.maxSessionDuration()).isEqualTo(3600);
    assertThat(role.assumeRolePolicyDocument()).startsWith("%7B%22Version%22");
    assertThat(URLDecoder.decode(role.assumeRolePolicyDocument(), StandardCharsets.UTF_8))
        .isEqualTo(document(TRUST));
  }

  @Test
  void aProfileHoldsOneRoleAndNeitherGoesBeforeTheOther() {
    world.role("node", TRUST);
    world.role("second", TRUST);
    world.iam(i -> i.createInstanceProfile(r -> r.instanceProfileName("node")));
    world.iam(i -> i.addRoleToInstanceProfile(r -> r.instanceProfileName("node").roleName("node")));
    assertThatThrownBy(
            () ->
                world.iam(
                    i ->
                        i.addRoleToInstanceProfile(
                            r -> r.instanceProfileName("node").roleName("second"))))
        .hasMessageContaining("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
    assertThatThrownBy(() -> world.iam(i -> i.deleteRole(r -> r.roleName("node"))))
        .hasMessageContaining("must remove roles from instance profile first.");
    assertThat(
            world
                .iam(i -> i.getInstanceProfile(r -> r.instanceProfileName("node")))
                .instanceProfile()
                .roles()
                .getFirst()
                .roleName())
        .isEqualTo("node");
    world.iam(
        i -> i.removeRoleFromInstanceProfile(r -> r.instanceProfileName("node").roleName("node")));
    world.iam(i -> i.deleteInstanceProfile(r -> r.instanceProfileName("node")));
    world.iam(i -> i.deleteRole(r -> r.roleName("node")));
  }

  @Test
  void managedPoliciesHaveVersionsAndCountTheirUses() {
    String arn =
        world
            .iam(i -> i.createPolicy(r -> r.policyName("p").policyDocument(document(ALL))))
            .policy()
            .arn();
    for (int n = 2; n <= 5; n++) {
      world.iam(
          i ->
              i.createPolicyVersion(
                  r -> r.policyArn(arn).policyDocument(document(ALL)).setAsDefault(true)));
    }
    assertThatThrownBy(
            () ->
                world.iam(
                    i ->
                        i.createPolicyVersion(r -> r.policyArn(arn).policyDocument(document(ALL)))))
        .hasMessageContaining("A managed policy can have up to 5 versions.");
    world.user("ann");
    world.iam(i -> i.attachUserPolicy(r -> r.userName("ann").policyArn(arn)));
    world.iam(
        i -> i.attachUserPolicy(r -> r.userName("ann").policyArn(arn))); // again is no mistake
    var shown = world.iam(i -> i.getPolicy(r -> r.policyArn(arn))).policy();
    assertThat(shown.attachmentCount()).isEqualTo(1);
    assertThat(shown.defaultVersionId()).isEqualTo("v5");
    assertThatThrownBy(() -> world.iam(i -> i.deletePolicy(r -> r.policyArn(arn))))
        .hasMessageContaining("Cannot delete a policy attached to entities.");
    world.iam(i -> i.detachUserPolicy(r -> r.userName("ann").policyArn(arn)));
    assertThatThrownBy(
            () -> world.iam(i -> i.deletePolicyVersion(r -> r.policyArn(arn).versionId("v5"))))
        .hasMessageContaining("Cannot delete the default version of a policy.");
    assertThatThrownBy(() -> world.iam(i -> i.deletePolicy(r -> r.policyArn(arn))))
        .hasMessageContaining("This policy has more than one version.");
    for (String version : List.of("v1", "v2", "v3", "v4")) {
      world.iam(i -> i.deletePolicyVersion(r -> r.policyArn(arn).versionId(version)));
    }
    world.iam(i -> i.deletePolicy(r -> r.policyArn(arn)));
    assertThatThrownBy(() -> world.iam(i -> i.getPolicy(r -> r.policyArn(arn))))
        .hasMessageContaining("Policy " + arn + " was not found.");
  }

  @Test
  void theCatalogueOfAwsIsThereCompilesAndCannotBeChanged() {
    var all = new ArrayList<String>();
    world
        .iam(i -> i.listPolicies(r -> r.scope(PolicyScopeType.AWS).maxItems(1000)))
        .policies()
        .forEach(policy -> all.add(policy.arn()));
    assertThat(all)
        .contains(
            "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",
            "arn:aws:iam::aws:policy/AdministratorAccess",
            "arn:aws:iam::aws:policy/ReadOnlyAccess",
            "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore");
    for (String arn : all) {
      var policy = world.iam(i -> i.getPolicy(r -> r.policyArn(arn))).policy();
      String text =
          world
              .iam(
                  i ->
                      i.getPolicyVersion(
                          r -> r.policyArn(arn).versionId(policy.defaultVersionId())))
              .policyVersion()
              .document();
      Documents.check(
          URLDecoder.decode(text, StandardCharsets.UTF_8),
          gantry.services.iam.policy.PolicyKind.MANAGED);
    }
    assertThatThrownBy(() -> world.iam(i -> i.deletePolicy(r -> r.policyArn(all.getFirst()))))
        .hasMessageContaining("managed by AWS");
  }

  @Test
  void listsGoByPagesWithoutGapOrRepeat() {
    for (int n = 0; n < 25; n++) {
      world.user(String.format(Locale.ROOT, "user%02d", n));
    }
    List<String> names = new ArrayList<>();
    String marker = null;
    do {
      String from = marker;
      var page = world.iam(i -> i.listUsers(r -> r.maxItems(10).marker(from)));
      page.users().forEach(user -> names.add(user.userName()));
      assertThat(page.isTruncated()).isEqualTo(page.marker() != null);
      marker = page.marker();
    } while (marker != null);
    assertThat(names).hasSize(25).isSorted().doesNotHaveDuplicates();
    assertThatThrownBy(() -> world.iam(i -> i.listUsers(r -> r.marker("bogus"))))
        .hasMessageContaining("Invalid Marker.");
  }

  @Test
  void accessKeysAreTwoAUserAndTheirSecretsAreSealed() {
    world.user("ann");
    var key = world.iam(i -> i.createAccessKey(r -> r.userName("ann"))).accessKey();
    assertThat(key.accessKeyId()).matches("AKIA[A-Z2-7]{16}");
    assertThat(key.secretAccessKey()).hasSize(40);
    assertThat(store(key.accessKeyId())).doesNotContain(key.secretAccessKey());
    world.iam(i -> i.createAccessKey(r -> r.userName("ann")));
    assertThatThrownBy(() -> world.iam(i -> i.createAccessKey(r -> r.userName("ann"))))
        .hasMessageContaining("Cannot exceed quota for AccessKeysPerUser: 2");
    world.iam(
        i ->
            i.updateAccessKey(
                r -> r.userName("ann").accessKeyId(key.accessKeyId()).status(StatusType.INACTIVE)));
    assertThat(
            world
                .iam(i -> i.getAccessKeyLastUsed(r -> r.accessKeyId(key.accessKeyId())))
                .accessKeyLastUsed()
                .serviceName())
        .isEqualTo("N/A");
  }

  private String store(String keyId) {
    return world
        .store
        .snapshot()
        .find(Tables.ACCESS_KEYS, IamWorld.ROOT.globalScope().key(keyId))
        .orElseThrow()
        .sealedSecret();
  }

  /** A call that is refused, and what AWS says of it. */
  record Refused(String name, Function<IamClient, ?> call, String code, String text) {
    @Override
    public String toString() {
      return name;
    }
  }

  static List<Refused> refused() {
    String policy = "arn:aws:iam::111122223333:policy/none";
    String trustless = document("{'Effect':'Allow','Principal':'*','Action':'s3:GetObject'}");
    return List.of(
        new Refused(
            "missing role",
            i -> i.getRole(r -> r.roleName("no")),
            "NoSuchEntity",
            "The role with name no cannot be found."),
        new Refused(
            "missing group",
            i -> i.getGroup(r -> r.groupName("no")),
            "NoSuchEntity",
            "The group with name no cannot be found."),
        new Refused(
            "missing profile",
            i -> i.getInstanceProfile(r -> r.instanceProfileName("no")),
            "NoSuchEntity",
            "Instance Profile no cannot be found."),
        new Refused(
            "missing policy",
            i -> i.getPolicy(r -> r.policyArn(policy)),
            "NoSuchEntity",
            "Policy " + policy + " was not found."),
        new Refused(
            "attach missing policy",
            i -> i.attachUserPolicy(r -> r.userName("ann").policyArn(policy)),
            "NoSuchEntity",
            "Policy " + policy + " does not exist or is not attachable."),
        new Refused(
            "attach service's policy",
            i ->
                i.attachUserPolicy(
                    r ->
                        r.userName("ann")
                            .policyArn(
                                "arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy")),
            "PolicyNotAttachable",
            "Cannot attach a Service Role Policy to a Customer Role."),
        new Refused(
            "bad arn",
            i -> i.getPolicy(r -> r.policyArn("nonsense-nonsense-nonsense")),
            "ValidationError",
            "Invalid ARN:  Could not be parsed!"),
        new Refused(
            "user twice",
            i -> i.createUser(r -> r.userName("ANN")),
            "EntityAlreadyExists",
            "User with name ANN already exists."),
        new Refused(
            "bad name",
            i -> i.createUser(r -> r.userName("a b")),
            "ValidationError",
            "The specified value for userName is invalid."),
        new Refused(
            "long name",
            i -> i.createUser(r -> r.userName("a".repeat(65))),
            "ValidationError",
            "must have length less than or equal to 64"),
        new Refused(
            "bad path",
            i -> i.createUser(r -> r.userName("b").path("x")),
            "ValidationError",
            "The specified value for path is invalid."),
        new Refused(
            "not JSON",
            i -> i.putUserPolicy(r -> r.userName("ann").policyName("p").policyDocument("{")),
            "MalformedPolicyDocument",
            "Syntax errors in policy."),
        new Refused(
            "old version",
            i ->
                i.createPolicy(
                    r ->
                        r.policyName("q")
                            .policyDocument(
                                "{\"Version\":\"2008-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}}")),
            "MalformedPolicyDocument",
            "Policy document must be version 2012-10-17 or greater."),
        new Refused(
            "trust without sts",
            i -> i.createRole(r -> r.roleName("r").assumeRolePolicyDocument(trustless)),
            "MalformedPolicyDocument",
            "AssumeRole policy may only specify STS AssumeRole actions."),
        new Refused(
            "trust in nobody",
            i ->
                i.createRole(
                    r ->
                        r.roleName("r")
                            .assumeRolePolicyDocument(
                                document(
                                    "{'Effect':'Allow','Principal':{'AWS':'arn:aws:iam::111122223333:role/no'},'Action':'sts:AssumeRole'}"))),
            "MalformedPolicyDocument",
            "Invalid principal in policy: \"AWS\":\"arn:aws:iam::111122223333:role/no\""),
        new Refused(
            "service-linked twice",
            i -> i.createServiceLinkedRole(r -> r.awsServiceName("ecs.amazonaws.com")),
            "InvalidInput",
            "Service role name AWSServiceRoleForECS has been taken in this account, please try a"
                + " different suffix."),
        new Refused(
            "change service-linked",
            i ->
                i.attachRolePolicy(
                    r ->
                        r.roleName("AWSServiceRoleForECS")
                            .policyArn("arn:aws:iam::aws:policy/AdministratorAccess")),
            "UnmodifiableEntity",
            "only modifiable by AWS"),
        new Refused(
            "tags twice",
            i ->
                i.tagUser(
                    r ->
                        r.userName("ann")
                            .tags(t -> t.key("a").value("1"), t -> t.key("A").value("2"))),
            "InvalidInput",
            "Duplicate tag keys found."));
  }

  @ParameterizedTest
  @MethodSource("refused")
  void refusesInAwsWords(Refused refused) {
    world.user("ann");
    world.iam(i -> i.createServiceLinkedRole(r -> r.awsServiceName("ecs.amazonaws.com")));
    assertThatThrownBy(() -> world.iam(refused.call()::apply)).hasMessageContaining(refused.text());
  }

  @Test
  void entitiesAndVersionsOfAPolicyComeInPages() {
    String document = IamWorld.document("{'Effect':'Allow','Action':'s3:*','Resource':'*'}");
    String arn =
        world
            .iam(i -> i.createPolicy(r -> r.policyName("p").policyDocument(document)))
            .policy()
            .arn();
    world.user("ann");
    world.user("bob");
    world.iam(i -> i.createGroup(r -> r.groupName("dev")));
    world.iam(i -> i.attachUserPolicy(r -> r.userName("ann").policyArn(arn)));
    world.iam(i -> i.attachGroupPolicy(r -> r.groupName("dev").policyArn(arn)));
    world.iam(i -> i.putUserPermissionsBoundary(r -> r.userName("bob").permissionsBoundary(arn)));

    var first = world.iam(i -> i.listEntitiesForPolicy(r -> r.policyArn(arn).maxItems(1)));
    assertThat(first.isTruncated()).isTrue();
    assertThat(first.policyGroups()).extracting(PolicyGroup::groupName).containsExactly("dev");
    assertThat(first.hasPolicyUsers()).as("an empty list is one").isTrue();
    var rest =
        world.iam(i -> i.listEntitiesForPolicy(r -> r.policyArn(arn).marker(first.marker())));
    assertThat(rest.policyUsers()).extracting(PolicyUser::userName).containsExactly("ann");
    var held =
        world.iam(
            i ->
                i.listEntitiesForPolicy(
                    r -> r.policyArn(arn).policyUsageFilter(PolicyUsageType.PERMISSIONS_BOUNDARY)));
    assertThat(held.policyUsers()).extracting(PolicyUser::userName).containsExactly("bob");
    assertThat(held.policyGroups()).isEmpty();

    for (int n = 0; n < 3; n++) {
      world.iam(i -> i.createPolicyVersion(r -> r.policyArn(arn).policyDocument(document)));
    }
    var newest = world.iam(i -> i.listPolicyVersions(r -> r.policyArn(arn).maxItems(3)));
    assertThat(newest.versions())
        .extracting(PolicyVersion::versionId)
        .containsExactly("v4", "v3", "v2");
    assertThat(
            world
                .iam(i -> i.listPolicyVersions(r -> r.policyArn(arn).marker(newest.marker())))
                .versions())
        .extracting(PolicyVersion::versionId)
        .containsExactly("v1");
  }

  @Test
  void aGroupThatIsRenamedKeepsItsPeopleAndTheirPermissions() {
    world.user("ann");
    world.iam(i -> i.createGroup(r -> r.groupName("dev")));
    world.iam(i -> i.createGroup(r -> r.groupName("ops")));
    world.iam(i -> i.addUserToGroup(r -> r.groupName("dev").userName("ann")));
    assertThatThrownBy(
            () -> world.iam(i -> i.updateGroup(r -> r.groupName("dev").newGroupName("OPS"))))
        .isInstanceOf(EntityAlreadyExistsException.class);
    world.iam(i -> i.updateGroup(r -> r.groupName("dev").newGroupName("web").newPath("/a/")));
    assertThat(world.iam(i -> i.listGroupsForUser(r -> r.userName("ann"))).groups())
        .extracting(Group::arn)
        .containsExactly("arn:aws:iam::111122223333:group/a/web");
    assertThatThrownBy(() -> world.iam(i -> i.getGroup(r -> r.groupName("dev"))))
        .isInstanceOf(NoSuchEntityException.class);
  }

  @Test
  void simulationsSayWhichContextIsMissing() {
    String document =
        IamWorld.document(
            "{'Effect':'Allow','Action':'s3:*','Resource':'arn:aws:s3:::${aws:PrincipalTag/team}',"
                + "'Condition':{'StringEquals':{'s3:Prefix':'x'}}}");
    assertThat(
            world
                .iam(i -> i.getContextKeysForCustomPolicy(r -> r.policyInputList(document)))
                .contextKeyNames())
        .containsExactly("aws:PrincipalTag/team", "s3:Prefix");
    ContextEntry prefix =
        ContextEntry.builder()
            .contextKeyName("s3:prefix")
            .contextKeyType(ContextKeyTypeEnum.STRING)
            .contextKeyValues("x")
            .build();
    assertThat(
            world
                .iam(
                    i ->
                        i.simulateCustomPolicy(
                            r ->
                                r.policyInputList(document)
                                    .actionNames("s3:ListBucket")
                                    .contextEntries(prefix)))
                .evaluationResults()
                .getFirst()
                .missingContextValues())
        .containsExactly("aws:PrincipalTag/team");
  }

  @Test
  void whatOnlyAwsCanMakeIsListedAsNothing() {
    world.user("ann");
    assertThat(world.iam(i -> i.listMFADevices(r -> r.userName("ann"))).hasMfaDevices()).isTrue();
    assertThat(world.iam(i -> i.listSigningCertificates(r -> r.userName("ann"))).certificates())
        .isEmpty();
    assertThatThrownBy(() -> world.iam(i -> i.listSSHPublicKeys(r -> r.userName("nobody"))))
        .isInstanceOf(NoSuchEntityException.class);
    assertThatThrownBy(() -> world.iam(i -> i.getAccountPasswordPolicy(r -> {})))
        .isInstanceOf(NoSuchEntityException.class);
    Tag reserved = Tag.builder().key("aws:x").value("y").build();
    assertThatThrownBy(() -> world.iam(i -> i.tagUser(r -> r.userName("ann").tags(reserved))))
        .isInstanceOf(InvalidInputException.class);
  }
}
