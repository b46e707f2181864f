package gantry.node.secrets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class SecretReferenceTest {

  private static final String ARN = "arn:aws:secretsmanager:eu-west-1:1:secret:db-AbCdEf";

  @Test
  void readsAllForms() {
    assertThat(SecretReference.parse("/a/b"))
        .isEqualTo(new SecretReference.Parameter("/a/b", null));
    assertThat(SecretReference.parse("arn:aws:ssm:eu-west-1:1:parameter/a").region())
        .isEqualTo("eu-west-1");
    assertThat(SecretReference.parse(ARN))
        .isEqualTo(new SecretReference.Secret(ARN, "eu-west-1", null, null, null));
    assertThat(SecretReference.parse(ARN + ":user::"))
        .isEqualTo(new SecretReference.Secret(ARN, "eu-west-1", "user", null, null));
    assertThat(SecretReference.parse(ARN + "::AWSPREVIOUS:"))
        .isEqualTo(new SecretReference.Secret(ARN, "eu-west-1", null, "AWSPREVIOUS", null));
    assertThatThrownBy(() -> SecretReference.parse("arn:aws:s3:::bucket/key"))
        .hasMessageContaining("neither");
  }

  @Test
  void readsMembersOfASecret() throws IOException {
    assertThat(SecretValues.members("{\"a\":\"b\",\"n\":5432,\"o\":{\"x\":[1]}}"))
        .containsEntry("a", "b")
        .containsEntry("n", "5432")
        .containsEntry("o", "{\"x\":[1]}");
    assertThatThrownBy(() -> SecretValues.members("plain")).isInstanceOf(IOException.class);
  }
}
