package gantry.services.iam;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.AccessKeys;
import gantry.services.Authorizer.Call;
import gantry.services.Caller;
import gantry.services.iam.IamAuthorizer.Mode;
import gantry.services.iam.policy.Policy;
import gantry.services.iam.policy.PolicyKind;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.services.cloudwatchlogs.model.PutLogEventsRequest;
import software.amazon.awssdk.services.ec2.model.CreateSubnetRequest;
import software.amazon.awssdk.services.ecs.model.CreateServiceRequest;
import software.amazon.awssdk.services.ecs.model.DescribeServicesRequest;
import software.amazon.awssdk.services.ecs.model.ListClustersRequest;
import software.amazon.awssdk.services.ecs.model.RegisterTaskDefinitionRequest;
import software.amazon.awssdk.services.ecs.model.RunTaskRequest;
import software.amazon.awssdk.services.ecs.model.SubmitTaskStateChangeRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RegisterTargetsRequest;
import software.amazon.awssdk.services.iam.model.AttachRolePolicyRequest;
import software.amazon.awssdk.services.iam.model.CreateRoleRequest;
import software.amazon.awssdk.services.iam.model.CreateUserRequest;
import software.amazon.awssdk.services.iam.model.GetUserRequest;
import software.amazon.awssdk.services.secretsmanager.model.GetSecretValueRequest;
import software.amazon.awssdk.services.ssm.model.GetParametersRequest;

class IamAuthorizerTest {

  private final IamWorld world = new IamWorld();
  private final IamAccessKeys keys = new IamAccessKeys(world.store, world.time, world.box);
  private final IamAuthorizer enforce = authorizer(Mode.ENFORCE);

  private IamAuthorizer authorizer(Mode mode) {
    return new IamAuthorizer(
        world.store, world.time, mode, keys, new AuthorizationMessages(world.box), Map.of());
  }

  private static String operation(SdkRequest request) {
    String name = request.getClass().getSimpleName();
    return name.substring(0, name.length() - "Request".length());
  }

  private void check(Caller who, String service, SdkRequest request) {
    enforce.check(new Call(who, service, operation(request), request));
  }

  private void refused(Caller who, String service, SdkRequest request, String text) {
    assertThatThrownBy(() -> check(who, service, request)).hasMessageContaining(text);
  }

  private void allowed(Caller who, String service, SdkRequest request) {
    assertThatCode(() -> check(who, service, request)).doesNotThrowAnyException();
  }

  @Test
  void theResourceOfACallComesFromItsMembers() {
    String ecs = "arn:aws:ecs:us-east-1:111122223333:";
    Map<SdkRequest, List<String>> expected =
        Map.of(
            DescribeServicesRequest.builder()
                .cluster("prod")
                .services("a", ecs + "service/prod/b")
                .build(),
            List.of(ecs + "service/prod/a", ecs + "service/prod/b"),
            DescribeServicesRequest.builder().cluster(ecs + "cluster/prod").services("a").build(),
            List.of(ecs + "service/prod/a"),
            RunTaskRequest.builder().cluster("prod").taskDefinition("web:3").build(),
            List.of(ecs + "task-definition/web:3"),
            ListClustersRequest.builder().build(),
            List.of("*"),
            CreateServiceRequest.builder().serviceName("web").taskDefinition("web:3").build(),
            List.of(ecs + "service/default/web"));
    expected.forEach(
        (request, arns) ->
            assertThat(
                    ResourceRules.resources(
                        "ecs", operation(request), IamWorld.ROOT, new Members(request)))
                .isEqualTo(arns));
    assertThat(
            ResourceRules.resources(
                "iam",
                "CreateUser",
                IamWorld.ROOT,
                new Members(CreateUserRequest.builder().userName("ann").build())))
        .containsExactly("arn:aws:iam::111122223333:user/ann");
    assertThat(
            ResourceRules.resources(
                "iam",
                "CreateUser",
                IamWorld.ROOT,
                new Members(CreateUserRequest.builder().path("/a/b/").userName("ann").build())))
        .containsExactly("arn:aws:iam::111122223333:user/a/b/ann");
    assertThat(
            ResourceRules.resources(
                "ssm",
                "GetParameters",
                IamWorld.ROOT,
                new Members(GetParametersRequest.builder().names("/a/b", "c").build())))
        .containsExactly(
            "arn:aws:ssm:us-east-1:111122223333:parameter/a/b",
            "arn:aws:ssm:us-east-1:111122223333:parameter/c");
    assertThat(
            ResourceRules.resources(
                "logs",
                "DescribeLogGroups",
                IamWorld.ROOT,
                new Members(GetUserRequest.builder().build())))
        .containsExactly("arn:aws:logs:us-east-1:111122223333:log-group::log-stream:");
    Caller ann = world.user("ann");
    assertThat(
            ResourceRules.resources(
                "iam", "GetUser", ann, new Members(GetUserRequest.builder().build())))
        .as("who names no user means himself")
        .containsExactly(ann.arn());
  }

  @Test
  void anUnallowedCallIsRefusedInItsServicesWords() {
    Caller ann = world.user("ann");
    SdkRequest describe = DescribeServicesRequest.builder().services("web").build();
    assertThatThrownBy(() -> check(ann, "ecs", describe))
        .isInstanceOfSatisfying(
            AwsServiceException.class,
            e -> {
              assertThat(e.awsErrorDetails().errorCode()).isEqualTo("AccessDeniedException");
              assertThat(e.statusCode()).isEqualTo(400);
              assertThat(e.awsErrorDetails().errorMessage())
                  .isEqualTo(
                      "User: arn:aws:iam::111122223333:user/ann is not authorized to perform:"
                          + " ecs:DescribeServices on resource:"
                          + " arn:aws:ecs:us-east-1:111122223333:service/default/web because no"
                          + " identity-based policy allows the ecs:DescribeServices action");
            });
    assertThatThrownBy(() -> check(ann, "iam", GetUserRequest.builder().userName("bob").build()))
        .isInstanceOfSatisfying(
            AwsServiceException.class,
            e -> {
              assertThat(e.awsErrorDetails().errorCode()).isEqualTo("AccessDenied");
              assertThat(e.statusCode()).isEqualTo(403);
            });
    assertThatThrownBy(
            () -> check(ann, "ec2", CreateSubnetRequest.builder().vpcId("vpc-1").build()))
        .isInstanceOfSatisfying(
            AwsServiceException.class,
            e -> {
              assertThat(e.awsErrorDetails().errorCode()).isEqualTo("UnauthorizedOperation");
              String text = e.awsErrorDetails().errorMessage();
              String blob = text.substring(text.lastIndexOf(' ') + 1);
              assertThat(
                      world
                          .sts(
                              IamWorld.ROOT,
                              s -> s.decodeAuthorizationMessage(r -> r.encodedMessage(blob)))
                          .decodedMessage())
                  .contains("\"explicitDeny\":false", "ec2:CreateSubnet", "vpc/vpc-1");
            });
    assertThatThrownBy(
            () ->
                world.sts(
                    IamWorld.ROOT, s -> s.decodeAuthorizationMessage(r -> r.encodedMessage("x"))))
        .isInstanceOf(
            software.amazon.awssdk.services.sts.model.InvalidAuthorizationMessageException.class);
  }

  @Test
  void policiesOfUsersAndGroupsDecide() {
    Caller ann = world.user("ann");
    SdkRequest describe = DescribeServicesRequest.builder().cluster("prod").services("web").build();
    world.iam(i -> i.createGroup(r -> r.groupName("ops")));
    world.iam(
        i ->
            i.attachGroupPolicy(
                r -> r.groupName("ops").policyArn("arn:aws:iam::aws:policy/AmazonECS_FullAccess")));
    refused(ann, "ecs", describe, "no identity-based policy allows");
    world.iam(i -> i.addUserToGroup(r -> r.groupName("ops").userName("ann")));
    allowed(ann, "ecs", describe);
    world.allow(
        "ann",
        "{'Sid':'NotProd','Effect':'Deny','Action':'ecs:*','Resource':'*','Condition':{'ArnEquals':{'ecs:cluster':'arn:aws:ecs:*:*:cluster/prod'}}}");
    refused(ann, "ecs", describe, "with an explicit deny in an identity-based policy");
    allowed(ann, "ecs", DescribeServicesRequest.builder().cluster("test").services("web").build());
  }

  @Test
  void whoHandsOnARoleMustBeAllowedTo() {
    Caller ann = world.user("ann");
    world.allow("ann", "{'Effect':'Allow','Action':'ecs:*','Resource':'*'}");
    SdkRequest register =
        RegisterTaskDefinitionRequest.builder()
            .family("web")
            .taskRoleArn("arn:aws:iam::111122223333:role/web")
            .build();
    refused(
        ann,
        "ecs",
        register,
        "is not authorized to perform: iam:PassRole on resource:"
            + " arn:aws:iam::111122223333:role/web");
    world.allow(
        "ann",
        "{'Effect':'Allow','Action':'iam:PassRole','Resource':'arn:aws:iam::111122223333:role/web','Condition':{'StringEquals':{'iam:PassedToService':'ecs-tasks.amazonaws.com'}}}");
    allowed(ann, "ecs", register);
    SdkRequest override =
        RunTaskRequest.builder()
            .taskDefinition("web:1")
            .overrides(o -> o.executionRoleArn("arn:aws:iam::111122223333:role/admin"))
            .build();
    refused(ann, "ecs", override, "iam:PassRole on resource: arn:aws:iam::111122223333:role/admin");
  }

  /** A role for each service: it reads its own secret, not its neighbour's. */
  @Test
  void aServiceReadsItsSecretAndIsRefusedItsNeighbours() {
    String trust =
        "{'Effect':'Allow','Principal':{'Service':'ecs-tasks.amazonaws.com'},'Action':'sts:AssumeRole'}";
    for (String name : List.of("a", "b")) {
      world.role(name, trust);
      world.iam(
          i ->
              i.putRolePolicy(
                  r ->
                      r.roleName(name)
                          .policyName("own")
                          .policyDocument(
                              IamWorld.document(
                                  "{'Effect':'Allow','Action':'secretsmanager:GetSecretValue','Resource':'arn:aws:secretsmanager:us-east-1:111122223333:secret:"
                                      + name
                                      + "/*'}",
                                  "{'Effect':'Allow','Action':'ssm:GetParameters','Resource':'arn:aws:ssm:us-east-1:111122223333:parameter/"
                                      + name
                                      + "/*'}"))));
    }
    Caller a = session("a");
    String own = "arn:aws:secretsmanager:us-east-1:111122223333:secret:a/db-AbCdEf";
    String other = "arn:aws:secretsmanager:us-east-1:111122223333:secret:b/db-AbCdEf";
    allowed(a, "secretsmanager", GetSecretValueRequest.builder().secretId(own).build());
    allowed(a, "ssm", GetParametersRequest.builder().names("/a/x", "/a/y").build());
    refused(a, "secretsmanager", GetSecretValueRequest.builder().secretId(other).build(), other);
    refused(
        a, "ssm", GetParametersRequest.builder().names("/a/x", "/b/y").build(), "parameter/b/y");
    var denial = enforce.denials().list().getFirst();
    assertThat(denial.principal()).isEqualTo("arn:aws:iam::111122223333:role/a");
    assertThat(denial.remedy())
        .isEqualTo(
            "{\"Effect\":\"Allow\",\"Action\":\"secretsmanager:GetSecretValue\",\"Resource\":\""
                + other
                + "\"}");
    world.iam(
        i ->
            i.putRolePolicy(
                r ->
                    r.roleName("a")
                        .policyName("remedy")
                        .policyDocument(
                            IamWorld.document(Objects.requireNonNull(denial.remedy())))));
    allowed(a, "secretsmanager", GetSecretValueRequest.builder().secretId(other).build());
  }

  private Caller session(String role) {
    var credentials =
        world
            .sts(
                Caller.service("ecs-tasks.amazonaws.com", IamWorld.SCOPE, "r"),
                s ->
                    s.assumeRole(
                        r ->
                            r.roleArn("arn:aws:iam::111122223333:role/" + role)
                                .roleSessionName("0123456789abcdef")))
            .credentials();
    AccessKeys.AccessKey key = Objects.requireNonNull(keys.find(credentials.accessKeyId()));
    return new Caller(
        IamWorld.ACCOUNT,
        "us-east-1",
        key.principal().arn(),
        key.principal().userId(),
        credentials.accessKeyId(),
        key.principal().tags(),
        "r",
        null,
        null);
  }

  @Test
  void boundariesAndSessionPoliciesHoldWhatPoliciesAllow() {
    Caller ann = world.user("ann");
    world.allow("ann", "{'Effect':'Allow','Action':'*','Resource':'*'}");
    String boundary =
        world
            .iam(
                i ->
                    i.createPolicy(
                        r ->
                            r.policyName("only-ecs")
                                .policyDocument(
                                    IamWorld.document(
                                        "{'Effect':'Allow','Action':'ecs:*','Resource':'*'}"))))
            .policy()
            .arn();
    world.iam(
        i -> i.putUserPermissionsBoundary(r -> r.userName("ann").permissionsBoundary(boundary)));
    allowed(ann, "ecs", ListClustersRequest.builder().build());
    refused(
        ann,
        "iam",
        GetUserRequest.builder().userName("bob").build(),
        "because no permissions boundary allows the iam:GetUser action");
  }

  @Test
  void auditLetsPassAndWritesDownOnce() {
    IamAuthorizer audit = authorizer(Mode.AUDIT);
    Caller ann = world.user("ann");
    Call call = new Call(ann, "ecs", "ListClusters", ListClustersRequest.builder().build());
    String said = null;
    for (int n = 0; n < 3; n++) {
      said = audit.check(call);
    }
    assertThat(said).contains("is not authorized to perform: ecs:ListClusters");
    assertThat(audit.denials().list())
        .singleElement()
        .satisfies(
            denial -> {
              assertThat(denial.count()).isEqualTo(3);
              assertThat(denial.enforced()).isFalse();
              assertThat(denial.remedy())
                  .isEqualTo(
                      "{\"Effect\":\"Allow\",\"Action\":\"ecs:ListClusters\",\"Resource\":\"*\"}");
            });
    Call byRoot =
        new Call(IamWorld.ROOT, "ecs", "ListClusters", ListClustersRequest.builder().build());
    assertThat(enforce.check(byRoot)).isNull();
  }

  @Test
  void aServiceMayWhatItsServiceLinkedRoleMay() {
    Caller ecs = Caller.service("ecs.amazonaws.com", IamWorld.SCOPE, "r");
    allowed(ecs, "elasticloadbalancing", RegisterTargetsRequest.builder().build());
    allowed(ecs, "ecs", SubmitTaskStateChangeRequest.builder().cluster("prod").build());
    refused(
        ecs,
        "iam",
        CreateUserRequest.builder().userName("mallory").build(),
        "User: ecs.amazonaws.com is not authorized to perform: iam:CreateUser on resource:"
            + " arn:aws:iam::111122223333:user/mallory because no identity-based policy allows the"
            + " iam:CreateUser action");
    assertThat(enforce.denials().list().getLast().remedy())
        .as("what ECS may do is not the customer's to say")
        .isNull();
    Caller cache = Caller.service("pullthroughcache.ecr.amazonaws.com", IamWorld.SCOPE, "r");
    allowed(cache, "secretsmanager", secret("111122223333", "ecr-pullthroughcache/hub"));
    refused(
        cache,
        "secretsmanager",
        secret("444455556666", "ecr-pullthroughcache/hub"),
        "because no identity-based policy allows the secretsmanager:GetSecretValue action");
    refused(
        cache,
        "secretsmanager",
        secret("111122223333", "app/db"),
        "because no identity-based policy allows the secretsmanager:GetSecretValue action");
  }

  @Test
  void aPolicyOfTheCatalogueIsTheSameByItselfAndAmongAll() {
    AwsManaged.all()
        .forEach(
            row ->
                assertThat(AwsManaged.text(row.policy().arn()))
                    .isEqualTo(row.versions().getLast().document()));
    assertThat(AwsManaged.text("arn:aws:iam::aws:policy/NoSuch")).isNull();
  }

  private static GetSecretValueRequest secret(String account, String name) {
    return GetSecretValueRequest.builder()
        .secretId("arn:aws:secretsmanager:us-east-1:" + account + ":secret:" + name + "-AbCdEf")
        .build();
  }

  @Test
  void aServiceWithoutARoleMayWhatThePolicyOfAResourceLetsIt() {
    Caller events = Caller.service("events.amazonaws.com", IamWorld.SCOPE, "r");
    String policy =
        IamWorld.document(
            "{'Effect':'Allow','Principal':{'Service':'events.amazonaws.com'},'Action':'logs:PutLogEvents','Resource':'*'}");
    ResourceSource group =
        new ResourceSource() {
          @Override
          public List<Policy> policies(View view, Scope scope, String arn) {
            return arn.contains(":log-group:open:")
                ? List.of(
                    new Policy(
                        "open",
                        Policy.Type.RESOURCE,
                        Documents.compiled(policy, PolicyKind.RESOURCE)))
                : List.of();
          }
        };
    IamAuthorizer judge =
        new IamAuthorizer(
            world.store,
            world.time,
            Mode.AUDIT,
            keys,
            new AuthorizationMessages(world.box),
            Map.of("logs", group));
    assertThat(judge.check(put(events, "open"))).isNull();
    assertThat(judge.check(put(events, "closed")))
        .startsWith("User: events.amazonaws.com is not authorized to perform: logs:PutLogEvents")
        .endsWith("because no resource-based policy allows the logs:PutLogEvents action");
    assertThat(judge.denials().list().getLast().remedy())
        .isEqualTo(
            "{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"events.amazonaws.com\"},"
                + "\"Action\":\"logs:PutLogEvents\",\"Resource\":"
                + "\"arn:aws:logs:us-east-1:111122223333:log-group:closed:log-stream:s\"}");
  }

  private static Call put(Caller who, String group) {
    return new Call(
        who,
        "logs",
        "PutLogEvents",
        PutLogEventsRequest.builder().logGroupName(group).logStreamName("s").build());
  }

  @Test
  void requestTagsAndKeysOfTheServiceAreConditions() {
    Caller ann = world.user("ann");
    world.allow(
        "ann",
        "{'Effect':'Allow','Action':'iam:CreateRole','Resource':'*','Condition':{'StringEquals':{'aws:RequestTag/team':'red'}}}",
        "{'Effect':'Allow','Action':'iam:AttachRolePolicy','Resource':'arn:aws:iam::111122223333:role/web','Condition':{'ArnEquals':{'iam:PolicyARN':'arn:aws:iam::aws:policy/ReadOnlyAccess'}}}");
    allowed(
        ann,
        "iam",
        CreateRoleRequest.builder().roleName("x").tags(t -> t.key("team").value("red")).build());
    refused(
        ann,
        "iam",
        CreateRoleRequest.builder().roleName("x").tags(t -> t.key("team").value("blue")).build(),
        "iam:CreateRole");
    refused(ann, "iam", CreateRoleRequest.builder().roleName("x").build(), "iam:CreateRole");
    allowed(
        ann,
        "iam",
        AttachRolePolicyRequest.builder()
            .roleName("web")
            .policyArn("arn:aws:iam::aws:policy/ReadOnlyAccess")
            .build());
    refused(
        ann,
        "iam",
        AttachRolePolicyRequest.builder()
            .roleName("web")
            .policyArn("arn:aws:iam::aws:policy/AdministratorAccess")
            .build(),
        "iam:AttachRolePolicy");
  }

  @Test
  void theUseOfAKeyIsWrittenDownOnceAMinute() {
    Caller ann = world.user("ann");
    String id = world.iam(i -> i.createAccessKey(r -> r.userName("ann"))).accessKey().accessKeyId();
    Caller withKey =
        new Caller(
            ann.account(), "us-east-1", ann.arn(), ann.userId(), id, Map.of(), "r", null, null);
    IamAuthorizer audit = authorizer(Mode.AUDIT);
    audit.check(new Call(withKey, "ecs", "ListClusters", ListClustersRequest.builder().build()));
    var first = world.iam(i -> i.getAccessKeyLastUsed(r -> r.accessKeyId(id))).accessKeyLastUsed();
    assertThat(first.serviceName()).isEqualTo("ecs");
    assertThat(first.region()).isEqualTo("us-east-1");
    long revision = world.store.snapshot().revision();
    world.time.advance(Duration.ofSeconds(59));
    audit.check(new Call(withKey, "ecs", "ListClusters", ListClustersRequest.builder().build()));
    assertThat(world.store.snapshot().revision()).isEqualTo(revision);
    world.time.advance(Duration.ofSeconds(1));
    audit.check(
        new Call(
            withKey,
            "iam",
            "ListUsers",
            software.amazon.awssdk.services.iam.model.ListUsersRequest.builder().build()));
    assertThat(
            world
                .iam(i -> i.getAccessKeyLastUsed(r -> r.accessKeyId(id)))
                .accessKeyLastUsed()
                .serviceName())
        .isEqualTo("iam");
  }

  /** As the program's own parts act for a task: no key, the service as its agent. */
  private static Caller inside(String role, String service) {
    return new Caller(
        IamWorld.ACCOUNT,
        "us-east-1",
        "arn:aws:sts::" + IamWorld.ACCOUNT + ":assumed-role/" + role + "/task",
        role + ":task",
        null,
        Map.of(),
        "r",
        service,
        service);
  }

  @Test
  void whatAServiceDoesAsARoleIsTheRolesToDoAndTheRoleMustTrustIt() {
    var list = ListClustersRequest.builder().build();
    Caller task = inside("worker", "ecs-tasks.amazonaws.com");
    refused(task, "ecs", list, "because no identity-based policy allows the ecs:ListClusters");
    world.role(
        "worker",
        "{'Effect':'Allow','Principal':{'Service':'ecs-tasks.amazonaws.com'},'Action':'sts:AssumeRole'}");
    refused(task, "ecs", list, "because no identity-based policy allows the ecs:ListClusters");
    world.iam(
        i ->
            i.putRolePolicy(
                r ->
                    r.roleName("worker")
                        .policyName("own")
                        .policyDocument(
                            IamWorld.document(
                                "{'Effect':'Allow','Action':'ecs:ListClusters','Resource':'*'}"))));
    allowed(task, "ecs", list);
    refused(
        inside("worker", "ec2.amazonaws.com"),
        "ecs",
        list,
        "User: ec2.amazonaws.com is not authorized to perform: sts:AssumeRole on resource:"
            + " arn:aws:iam::111122223333:role/worker");
    assertThat(enforce.denials().list().getLast().remedy())
        .isEqualTo(
            "{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"ec2.amazonaws.com\"},"
                + "\"Action\":\"sts:AssumeRole\"}");
  }
}
