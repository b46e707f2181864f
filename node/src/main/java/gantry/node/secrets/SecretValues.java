package gantry.node.secrets;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import gantry.acs.TaskPayload;
import gantry.node.RoleClients;
import gantry.node.docker.Reasons;
import java.io.IOException;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.secretsmanager.model.GetSecretValueRequest;
import software.amazon.awssdk.services.secretsmanager.model.GetSecretValueResponse;
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.ssm.model.GetParametersRequest;
import software.amazon.awssdk.services.ssm.model.GetParametersResponse;

/** Fetches what {@code secrets} and the like name, as the task's execution role. */
public final class SecretValues {

  private static final JsonFactory JSON = new JsonFactory();

  private final RoleClients clients;

  public SecretValues(RoleClients clients) {
    this.clients = clients;
  }

  /** The value cannot be had; the message is the task's reason. */
  public static final class Unavailable extends Exception {
    private static final long serialVersionUID = 1L;

    Unavailable(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  public String value(TaskPayload task, String valueFrom) throws Unavailable {
    String role = task.definition().executionRoleArn();
    SecretReference reference;
    try {
      reference = SecretReference.parse(valueFrom);
    } catch (IllegalArgumentException e) {
      throw new Unavailable(failed("invalid valueFrom: " + e.getMessage()), e);
    }
    try {
      return switch (reference) {
        case SecretReference.Parameter it -> parameter(task, role, it);
        case SecretReference.Secret it -> secret(task, role, it);
      };
    } catch (AwsServiceException e) {
      String code = e.awsErrorDetails() == null ? "" : e.awsErrorDetails().errorCode() + ": ";
      throw new Unavailable(
          failed("unable to retrieve secret from " + valueFrom + ": " + code + said(e)), e);
    } catch (UnsupportedOperationException e) {
      throw new Unavailable(
          failed("the service that keeps " + valueFrom + " is not there: " + e.getMessage()), e);
    }
  }

  private static String said(AwsServiceException e) {
    return e.awsErrorDetails() == null || e.awsErrorDetails().errorMessage() == null
        ? String.valueOf(e.getMessage())
        : e.awsErrorDetails().errorMessage();
  }

  private String parameter(
      TaskPayload task, @Nullable String role, SecretReference.Parameter parameter)
      throws Unavailable {
    SsmClient ssm =
        clients.as(role, task.taskId(), task.account(), region(task, parameter), SsmClient.class);
    GetParametersResponse answer =
        ssm.getParameters(
            GetParametersRequest.builder().names(parameter.name()).withDecryption(true).build());
    if (answer.parameters().isEmpty()) {
      throw new Unavailable(
          failed("unable to retrieve secret from ssm: invalid parameters: " + parameter.name()),
          null);
    }
    return answer.parameters().getFirst().value();
  }

  private String secret(TaskPayload task, @Nullable String role, SecretReference.Secret secret)
      throws Unavailable {
    SecretsManagerClient manager =
        clients.as(
            role, task.taskId(), task.account(), region(task, secret), SecretsManagerClient.class);
    GetSecretValueResponse answer =
        manager.getSecretValue(
            GetSecretValueRequest.builder()
                .secretId(secret.id())
                .versionStage(secret.versionStage())
                .versionId(secret.versionId())
                .build());
    String text = answer.secretString();
    if (text == null) {
      throw new Unavailable(failed("secret " + secret.id() + " is binary, not text"), null);
    }
    String key = secret.jsonKey();
    if (key == null) {
      return text;
    }
    Map<String, String> members;
    try {
      members = members(text);
    } catch (IOException e) {
      throw new Unavailable(
          failed(
              "retrieved secret from Secrets Manager did not contain json, but a json key was"
                  + " asked: "
                  + secret.id()),
          e);
    }
    String value = members.get(key);
    if (value == null) {
      throw new Unavailable(
          failed(
              "retrieved secret from Secrets Manager did not contain json key "
                  + key
                  + "; it has "
                  + members.keySet()),
          null);
    }
    return value;
  }

  /** The login that {@code repositoryCredentials} names. */
  public gantry.node.RegistryCredentials.Login login(TaskPayload task, String secretArn)
      throws Unavailable {
    Map<String, String> members;
    try {
      members = members(value(task, secretArn));
    } catch (IOException e) {
      throw new Unavailable(failed("secret " + secretArn + " is not JSON"), e);
    }
    String username = members.get("username");
    String password = members.get("password");
    if (username == null || password == null) {
      throw new Unavailable(
          failed("secret " + secretArn + " does not hold both username and password"), null);
    }
    return new gantry.node.RegistryCredentials.Login(username, password);
  }

  private static String region(TaskPayload task, SecretReference reference) {
    String named = reference.region();
    return named == null ? task.region() : named;
  }

  private static String failed(String why) {
    return Reasons.resources("unable to pull secrets or registry auth: " + why);
  }

  /** The members of a JSON object; what is not text is kept as its JSON. */
  static Map<String, String> members(String text) throws IOException {
    Map<String, String> members = new LinkedHashMap<>();
    try (JsonParser parser = JSON.createParser(text)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new IOException("not a JSON object");
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        JsonToken token = parser.nextToken();
        if (token == JsonToken.START_OBJECT || token == JsonToken.START_ARRAY) {
          StringWriter inner = new StringWriter();
          try (var generator = JSON.createGenerator(inner)) {
            generator.copyCurrentStructure(parser);
          }
          members.put(name, inner.toString());
        } else {
          members.put(name, parser.getText());
        }
      }
    }
    return members;
  }
}
