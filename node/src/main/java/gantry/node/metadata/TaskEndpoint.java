package gantry.node.metadata;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import gantry.acs.TaskPayload;
import gantry.node.RoleClients;
import gantry.node.TaskCredentials;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.Failure;
import software.amazon.awssdk.services.ecs.model.GetTaskProtectionRequest;
import software.amazon.awssdk.services.ecs.model.GetTaskProtectionResponse;
import software.amazon.awssdk.services.ecs.model.ProtectedTask;
import software.amazon.awssdk.services.ecs.model.UpdateTaskProtectionRequest;
import software.amazon.awssdk.services.ecs.model.UpdateTaskProtectionResponse;

/**
 * Answers what containers ask of 169.254.170.2. Who asks is said by the secret key in the path,
 * which only that container's environment holds.
 */
public final class TaskEndpoint {

  private static final Logger log = LoggerFactory.getLogger(TaskEndpoint.class);
  private static final JsonFactory JSON = new JsonFactory();

  private final Function<String, @Nullable Subject> byContainerKey;
  private final Function<String, @Nullable TaskPayload> byCredentialsKey;
  private final SessionCache sessions;
  private final RoleClients clients;
  private final RateLimit limit;

  public TaskEndpoint(
      Function<String, @Nullable Subject> byContainerKey,
      Function<String, @Nullable TaskPayload> byCredentialsKey,
      TaskCredentials credentials,
      RoleClients clients,
      Clock clock) {
    this.byContainerKey = byContainerKey;
    this.byCredentialsKey = byCredentialsKey;
    this.sessions = new SessionCache(credentials, clock);
    this.clients = clients;
    this.limit = new RateLimit(clock);
  }

  public void forget(String taskArn) {
    sessions.forget(taskArn);
  }

  public Reply answer(Asked asked) {
    String path = asked.path();
    int question = path.indexOf('?');
    String query = question < 0 ? "" : path.substring(question + 1);
    path = question < 0 ? path : path.substring(0, question);
    if (path.startsWith("/v2/credentials") || path.startsWith("/v1/credentials")) {
      return asked.method().equals("GET") ? credentials(path, query) : notAllowed();
    }
    if (path.startsWith("/v3/") || path.startsWith("/v4/")) {
      return asked.method().equals("GET") || asked.method().equals("HEAD")
          ? metadata(path)
          : notAllowed();
    }
    if (path.startsWith("/api/")) {
      return api(asked, path);
    }
    return Reply.text(404, "404 page not found\n");
  }

  private static Reply notAllowed() {
    return Reply.text(405, "Method Not Allowed\n");
  }

  private Reply metadata(String path) {
    int version = path.charAt(2) - '0';
    String rest = path.substring(4);
    int slash = rest.indexOf('/');
    String key = slash < 0 ? rest : rest.substring(0, slash);
    String what = slash < 0 ? "" : rest.substring(slash);
    Subject subject = byContainerKey.apply(key);
    if (subject == null) {
      return Reply.json(
          404,
          "\"V"
              + version
              + " container metadata handler: unable to get container ID from request: unable to"
              + " get docker ID from v"
              + version
              + " endpoint ID: no task has this endpoint\"");
    }
    if (!limit.allows(key)) {
      return Reply.text(429, "You have reached the maximum request limit.\n");
    }
    return switch (what) {
      case "", "/" -> Reply.json(200, MetadataDocuments.container(subject, version));
      case "/task" -> Reply.json(200, MetadataDocuments.task(subject, version, false));
      case "/taskWithTags" -> Reply.json(200, MetadataDocuments.task(subject, version, true));
      case "/stats" -> Reply.json(200, MetadataDocuments.stats(subject));
      case "/task/stats" -> Reply.json(200, MetadataDocuments.taskStats(subject));
      default -> Reply.text(404, "404 page not found\n");
    };
  }

  private Reply credentials(String path, String query) {
    String key = path.replaceFirst("^/v[12]/credentials/?", "");
    if (key.isEmpty() && query.startsWith("id=")) {
      key = query.substring(3);
    }
    if (key.isEmpty()) {
      return credentialsError(400, "NoIdInRequest", "CredentialsV2Request: No ID in the request");
    }
    TaskPayload task = byCredentialsKey.apply(key);
    String role = task == null ? null : task.definition().taskRoleArn();
    if (task == null || role == null) {
      return credentialsError(
          400, "InvalidIdInRequest", "CredentialsV2Request: Credentials not found");
    }
    TaskCredentials.Session session;
    try {
      session = sessions.session(task.taskArn(), role);
    } catch (SdkException e) {
      log.warn("task {}: no session of {}: {}", task.taskId(), role, e.getMessage());
      return credentialsError(
          503,
          "CredentialsUninitialized",
          "CredentialsV2Request: Credentials uninitialized for ID: " + e.getMessage());
    }
    return Reply.json(
        200,
        write(
            json -> {
              json.writeStartObject();
              json.writeStringField("RoleArn", session.roleArn());
              json.writeStringField("AccessKeyId", session.accessKeyId());
              json.writeStringField("SecretAccessKey", session.secretAccessKey());
              json.writeStringField("Token", session.token());
              json.writeStringField(
                  "Expiration", session.expiration().truncatedTo(ChronoUnit.SECONDS).toString());
              json.writeEndObject();
            }));
  }

  private static Reply credentialsError(int status, String code, String message) {
    return Reply.json(
        status,
        write(
            json -> {
              json.writeStartObject();
              json.writeStringField("code", code);
              json.writeStringField("message", message);
              json.writeNumberField("HTTPErrorCode", status);
              json.writeEndObject();
            }));
  }

  // --- scale-in protection ---

  private Reply api(Asked asked, String path) {
    String rest = path.substring("/api/".length());
    int slash = rest.indexOf('/');
    if (slash < 0 || !rest.substring(slash).equals("/task-protection/v1/state")) {
      return Reply.text(404, "404 page not found\n");
    }
    Subject subject = byContainerKey.apply(rest.substring(0, slash));
    if (subject == null) {
      return protectionError(
          404, null, "ResourceNotFoundException", "Failed to find a task for the request");
    }
    TaskPayload task = subject.task();
    String role = task.definition().taskRoleArn();
    Wish wish = null;
    if (asked.method().equals("PUT")) {
      try {
        wish = wish(asked.body());
      } catch (IOException e) {
        return protectionError(
            400,
            null,
            "InvalidParameterException",
            "UpdateTaskProtection: failed to decode request");
      }
      if (wish.enabled() == null) {
        return protectionError(
            400,
            task.taskArn(),
            "InvalidParameterException",
            "Invalid request: does not contain 'ProtectionEnabled' field");
      }
    } else if (!asked.method().equals("GET")) {
      return notAllowed();
    }
    if (role == null) {
      return protectionError(
          403,
          task.taskArn(),
          "AccessDeniedException",
          "Invalid Request: no task IAM role credentials available for task");
    }
    try {
      EcsClient ecs =
          clients.as(role, task.taskId(), task.account(), task.region(), EcsClient.class);
      if (wish == null) {
        GetTaskProtectionResponse answer =
            ecs.getTaskProtection(
                GetTaskProtectionRequest.builder()
                    .cluster(task.clusterArn())
                    .tasks(task.taskArn())
                    .build());
        return protection(
            first(answer.failures()),
            answer.protectedTasks().isEmpty() ? null : answer.protectedTasks().getFirst());
      }
      UpdateTaskProtectionResponse answer =
          ecs.updateTaskProtection(
              UpdateTaskProtectionRequest.builder()
                  .cluster(task.clusterArn())
                  .tasks(task.taskArn())
                  .protectionEnabled(wish.enabled())
                  .expiresInMinutes(wish.minutes())
                  .build());
      return protection(
          first(answer.failures()),
          answer.protectedTasks().isEmpty() ? null : answer.protectedTasks().getFirst());
    } catch (AwsServiceException e) {
      String code =
          e.awsErrorDetails() == null ? "ServerException" : e.awsErrorDetails().errorCode();
      String said =
          e.awsErrorDetails() == null ? e.getMessage() : e.awsErrorDetails().errorMessage();
      return protectionError(
          e.statusCode() >= 400 ? e.statusCode() : 500, task.taskArn(), code, String.valueOf(said));
    } catch (UnsupportedOperationException e) {
      return protectionError(
          400, task.taskArn(), "UnsupportedFeatureException", String.valueOf(e.getMessage()));
    }
  }

  private static @Nullable Failure first(java.util.List<Failure> failures) {
    return failures.isEmpty() ? null : failures.getFirst();
  }

  private static Reply protection(@Nullable Failure failure, @Nullable ProtectedTask task) {
    return Reply.json(
        200,
        write(
            json -> {
              json.writeStartObject();
              if (failure != null) {
                json.writeObjectFieldStart("failure");
                json.writeStringField("Arn", failure.arn());
                json.writeStringField("Detail", failure.detail());
                json.writeStringField("Reason", failure.reason());
                json.writeEndObject();
              } else if (task != null) {
                json.writeObjectFieldStart("protection");
                Instant until = task.expirationDate();
                json.writeStringField("ExpirationDate", until == null ? null : until.toString());
                json.writeBooleanField(
                    "ProtectionEnabled", Boolean.TRUE.equals(task.protectionEnabled()));
                json.writeStringField("TaskArn", task.taskArn());
                json.writeEndObject();
              }
              json.writeEndObject();
            }));
  }

  private static Reply protectionError(
      int status, @Nullable String arn, String code, String message) {
    return Reply.json(
        status,
        write(
            json -> {
              json.writeStartObject();
              json.writeStringField("requestID", UUID.randomUUID().toString());
              json.writeObjectFieldStart("error");
              if (arn != null) {
                json.writeStringField("Arn", arn);
              }
              json.writeStringField("Code", code);
              json.writeStringField("Message", message);
              json.writeEndObject();
              json.writeEndObject();
            }));
  }

  private record Wish(@Nullable Boolean enabled, @Nullable Integer minutes) {}

  private static Wish wish(String body) throws IOException {
    Boolean enabled = null;
    Integer minutes = null;
    try (JsonParser parser = JSON.createParser(body)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new IOException("not an object");
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        JsonToken value = parser.nextToken();
        switch (name) {
          case "ProtectionEnabled" -> {
            if (value != JsonToken.VALUE_TRUE && value != JsonToken.VALUE_FALSE) {
              throw new IOException("ProtectionEnabled is not a boolean");
            }
            enabled = value == JsonToken.VALUE_TRUE;
          }
          case "ExpiresInMinutes" -> {
            if (value != JsonToken.VALUE_NUMBER_INT && value != JsonToken.VALUE_NULL) {
              throw new IOException("ExpiresInMinutes is not a whole number");
            }
            minutes = value == JsonToken.VALUE_NULL ? null : parser.getIntValue();
          }
          default -> throw new IOException("unknown member " + name);
        }
      }
    }
    return new Wish(enabled, minutes);
  }

  private interface Body {
    void write(com.fasterxml.jackson.core.JsonGenerator json) throws IOException;
  }

  private static String write(Body body) {
    StringWriter text = new StringWriter();
    try (var json = JSON.createGenerator(text)) {
      body.write(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }
}
