package gantry.app.machine;

import gantry.acs.TaskPayload;
import gantry.node.RegistryCredentials;
import gantry.node.RoleClients;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.EcrClient;
import software.amazon.awssdk.services.ecs.model.LaunchType;

/**
 * Our registry as this machine's Docker reaches it: on loopback. The login is the execution role's,
 * as on AWS; a task without one pulls as its container instance, which here is the account itself.
 * On Fargate, whose machines are nobody's, it has no login.
 */
record OwnRegistry(int apiPort, RoleClients roles) implements RegistryCredentials {

  private static final Pattern ECR_HOST =
      Pattern.compile("(\\d{12})\\.dkr\\.ecr\\.([a-z0-9-]+)\\..*");

  @Override
  public boolean isOurs(String registryHost) {
    return registryHost.equals("localhost:" + apiPort)
        || registryHost.equals("127.0.0.1:" + apiPort);
  }

  @Override
  public String pullHost() {
    return "localhost:" + apiPort;
  }

  @Override
  public @Nullable Login login(TaskPayload task, String originalHost) {
    String role = task.definition().executionRoleArn();
    if (role == null && task.launchType() == LaunchType.FARGATE) {
      return null;
    }
    Matcher host = ECR_HOST.matcher(originalHost);
    String region = host.matches() ? host.group(2) : task.region();
    String token =
        roles
            .as(role, task.taskId(), task.account(), region, EcrClient.class)
            .getAuthorizationToken()
            .authorizationData()
            .getFirst()
            .authorizationToken();
    String[] parts =
        new String(Base64.getDecoder().decode(token), StandardCharsets.UTF_8).split(":", 2);
    return new Login(parts[0], parts[1]);
  }
}
