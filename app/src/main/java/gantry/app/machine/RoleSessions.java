package gantry.app.machine;

import gantry.node.TaskCredentials;
import gantry.services.Clients;
import gantry.state.Scope;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.model.Credentials;

/** Sessions of task roles: assumed by the service that the role trusts, named after the task. */
record RoleSessions(Clients clients) implements TaskCredentials {

  @Override
  public Session session(String taskArn, String roleArn) {
    String taskId = taskArn.substring(taskArn.lastIndexOf('/') + 1);
    String[] arn = taskArn.split(":", 6);
    Scope scope = new Scope(arn[4], arn[3]);
    Credentials credentials =
        clients
            .as(InsideRoles.TASKS, scope, StsClient.class)
            .assumeRole(request -> request.roleArn(roleArn).roleSessionName(taskId))
            .credentials();
    return new Session(
        roleArn,
        credentials.accessKeyId(),
        credentials.secretAccessKey(),
        credentials.sessionToken(),
        credentials.expiration());
  }
}
