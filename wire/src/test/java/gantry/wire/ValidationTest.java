package gantry.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.Objects;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.cloudwatchlogs.model.CreateLogGroupRequest;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.CreateServiceRequest;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.iam.model.CreateRoleRequest;
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.ssm.model.GetParametersRequest;
import software.amazon.awssdk.services.ssm.model.PutParameterRequest;
import software.amazon.awssdk.services.ssm.model.Tag;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.model.AssumeRoleRequest;

class ValidationTest {

  private static void check(
      Class<? extends SdkClient> client, String operation, Protocol protocol, SdkRequest request) {
    Operation found =
        Objects.requireNonNull(ServiceModel.of(client).operation(operation), operation);
    Validation.check(found, protocol, request);
  }

  private static WireException refused(
      Class<? extends SdkClient> client, String operation, Protocol protocol, SdkRequest request) {
    return Objects.requireNonNull(
        catchThrowableOfType(
            WireException.class, () -> check(client, operation, protocol, request)));
  }

  @Test
  void saysItInAwsWords() {
    WireException e =
        refused(
            StsClient.class,
            "AssumeRole",
            Protocol.AWS_QUERY,
            AssumeRoleRequest.builder()
                .roleArn("arn:aws:iam::123456789012:role/r")
                .roleSessionName("a:b")
                .build());
    assertThat(e.code()).isEqualTo("ValidationError");
    assertThat(e.status()).isEqualTo(400);
    assertThat(e.text())
        .isEqualTo(
            "1 validation error detected: Value 'a:b' at 'roleSessionName' failed to satisfy"
                + " constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*");
  }

  @Test
  void countsAllViolations() {
    WireException e =
        refused(
            SsmClient.class,
            "PutParameter",
            Protocol.AWS_JSON_1_1,
            PutParameterRequest.builder()
                .type("Text")
                .tags(Tag.builder().key("").value("v").build())
                .build());
    assertThat(e.code()).isEqualTo("ValidationException");
    assertThat(e.text())
        .startsWith("4 validation errors detected: ")
        .contains("Value null at 'name' failed to satisfy constraint: Member must not be null")
        .contains("Value null at 'value' failed to satisfy constraint: Member must not be null")
        .contains(
            "Value 'Text' at 'type' failed to satisfy constraint: Member must satisfy enum value"
                + " set: [String, StringList, SecureString]")
        .contains("at 'tags.1.member.key' failed to satisfy constraint");
  }

  @Test
  void iamLeavesOutTheEnumsValues() {
    WireException e =
        refused(
            IamClient.class,
            "CreateRole",
            Protocol.AWS_QUERY,
            CreateRoleRequest.builder()
                .roleName("r".repeat(65))
                .assumeRolePolicyDocument("{}")
                .maxSessionDuration(1)
                .build());
    assertThat(e.text())
        .contains(
            "'roleName' failed to satisfy constraint: Member must have length less than or equal to"
                + " 64")
        .contains(
            "Value '1' at 'maxSessionDuration' failed to satisfy constraint: Member must have value"
                + " greater than or equal to 3600");
  }

  @Test
  void iamHasItsOwnWordsForNamesAndPaths() {
    CreateRoleRequest.Builder role =
        CreateRoleRequest.builder().roleName("a role").assumeRolePolicyDocument("{}");
    assertThat(refused(IamClient.class, "CreateRole", Protocol.AWS_QUERY, role.build()).text())
        .isEqualTo(
            "The specified value for roleName is invalid. It must contain only alphanumeric"
                + " characters and/or the following: +=,.@_-");
    role.roleName("role").path("x");
    assertThat(refused(IamClient.class, "CreateRole", Protocol.AWS_QUERY, role.build()).text())
        .isEqualTo(
            "The specified value for path is invalid. It must begin and end with / and contain only"
                + " alphanumeric characters and/or / characters.");
    role.roleName("a role");
    assertThat(refused(IamClient.class, "CreateRole", Protocol.AWS_QUERY, role.build()).text())
        .startsWith("2 validation errors detected: ");
  }

  @Test
  void elementsThatAreScalarsNameTheirList() {
    WireException e =
        refused(
            SsmClient.class,
            "GetParameters",
            Protocol.AWS_JSON_1_1,
            GetParametersRequest.builder().names("a", "").build());
    assertThat(e.text())
        .contains(
            "Value '[a, ]' at 'names' failed to satisfy constraint: Member must satisfy constraint:"
                + " [Member must have length");
  }

  @Test
  void logsHaveACodeOfTheirOwn() {
    assertThat(
            refused(
                    CloudWatchLogsClient.class,
                    "CreateLogGroup",
                    Protocol.AWS_JSON_1_1,
                    CreateLogGroupRequest.builder().logGroupName("a b").build())
                .code())
        .isEqualTo("InvalidParameterException");
  }

  @Test
  void ecsChecksForItself() {
    assertThatCode(
            () ->
                check(
                    EcsClient.class,
                    "CreateService",
                    Protocol.AWS_JSON_1_1,
                    CreateServiceRequest.builder().build()))
        .doesNotThrowAnyException();
  }
}
