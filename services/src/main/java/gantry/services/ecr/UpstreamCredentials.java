package gantry.services.ecr;

import gantry.services.Clients;
import gantry.state.Scope;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import software.amazon.awssdk.services.ecr.model.EcrException;
import software.amazon.awssdk.services.ecr.model.SecretNotFoundException;
import software.amazon.awssdk.services.ecr.model.UnableToAccessSecretException;
import software.amazon.awssdk.services.ecr.model.UnableToDecryptSecretValueException;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.secretsmanager.model.ResourceNotFoundException;
import software.amazon.awssdk.services.secretsmanager.model.SecretsManagerException;

/** What an upstream registry is shown, from a secret of Secrets Manager as at AWS. */
final class UpstreamCredentials {

  private static final String PRINCIPAL = "pullthroughcache.ecr.amazonaws.com";
  private static final String SECRET_PREFIX = "ecr-pullthroughcache/";

  private final Clients clients;

  UpstreamCredentials(Clients clients) {
    this.clients = clients;
  }

  record Credential(String username, String accessToken) {

    /** For a header. */
    String basic() {
      return "Basic "
          + Base64.getEncoder()
              .encodeToString((username + ":" + accessToken).getBytes(StandardCharsets.UTF_8));
    }
  }

  /**
   * Reads the secret of a rule.
   *
   * @throws EcrException in AWS's words, when it is not there or holds something else
   */
  Credential read(Scope scope, String arn) {
    String text;
    try {
      text =
          clients
              .as(PRINCIPAL, scope, SecretsManagerClient.class)
              .getSecretValue(request -> request.secretId(arn))
              .secretString();
    } catch (ResourceNotFoundException e) {
      throw SecretNotFoundException.builder()
          .message("The secret '" + arn + "' does not exist")
          .cause(e)
          .build();
    } catch (SecretsManagerException e) {
      throw UnableToAccessSecretException.builder()
          .message("The secret '" + arn + "' cannot be read: " + e.getMessage())
          .cause(e)
          .build();
    }
    Map<String, Object> json = text == null ? null : Json.object(text);
    String username = json == null ? null : Json.text(json, "username");
    String token = json == null ? null : Json.text(json, "accessToken");
    if (username == null || token == null) {
      throw UnableToDecryptSecretValueException.builder()
          .message("The secret '" + arn + "' does not hold username and accessToken")
          .build();
    }
    return new Credential(username, token);
  }

  /** Checks what a rule is about to name. */
  void check(Scope scope, String arn) {
    if (!arn.contains(":secret:" + SECRET_PREFIX)) {
      throw EcrErrors.invalid(
          "credentialArn", "the secret's name must begin with " + SECRET_PREFIX);
    }
    read(scope, arn);
  }
}
