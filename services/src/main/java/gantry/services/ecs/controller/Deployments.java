package gantry.services.ecs.controller;

import gantry.services.ServiceContext;
import gantry.services.ecs.Arns;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.rows.DeploymentRow;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TaskDefinitionRow;
import gantry.services.ecs.rows.TrafficShift;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Tx;
import gantry.state.View;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.ContainerImage;
import software.amazon.awssdk.services.ecs.model.DeploymentConfiguration;
import software.amazon.awssdk.services.ecs.model.DeploymentRolloutState;
import software.amazon.awssdk.services.ecs.model.Service;
import software.amazon.awssdk.services.ecs.model.ServiceDeployment;
import software.amazon.awssdk.services.ecs.model.ServiceDeploymentAlarms;
import software.amazon.awssdk.services.ecs.model.ServiceDeploymentCircuitBreaker;
import software.amazon.awssdk.services.ecs.model.ServiceDeploymentRollbackMonitorsStatus;
import software.amazon.awssdk.services.ecs.model.ServiceDeploymentStatus;
import software.amazon.awssdk.services.ecs.model.ServiceRevision;
import software.amazon.awssdk.services.ecs.model.ServiceRevisionSummary;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.ecs.model.VersionConsistency;

/** Makes deployments with the revision they run and the record that stays of them. */
public final class Deployments {

  private static final String LETTERS =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

  private final ServiceContext context;

  public Deployments(ServiceContext context) {
    this.context = context;
  }

  /** {@code ecs-svc/} and nineteen digits. */
  public String newId() {
    return "ecs-svc/" + digits(19);
  }

  private String digits(int count) {
    StringBuilder digits = new StringBuilder();
    digits.append((char) ('1' + context.ids().below(9)));
    for (int i = 1; i < count; i++) {
      digits.append((char) ('0' + context.ids().below(10)));
    }
    return digits.toString();
  }

  private String mixed(int count) {
    StringBuilder id = new StringBuilder();
    for (int i = 0; i < count; i++) {
      id.append(LETTERS.charAt(context.ids().below(LETTERS.length())));
    }
    return id.toString();
  }

  /** A snapshot of what a service is to run. */
  public ServiceRevision revision(
      Scope scope, ServiceRow row, TaskDefinition definition, Instant now) {
    Service service = row.service();
    return ServiceRevision.builder()
        .serviceRevisionArn(Arns.serviceRevision(scope, row.cluster(), row.name(), digits(19)))
        .serviceArn(service.serviceArn())
        .clusterArn(service.clusterArn())
        .taskDefinition(definition.taskDefinitionArn())
        .capacityProviderStrategy(service.capacityProviderStrategy())
        .launchType(service.launchTypeAsString())
        .platformVersion(service.platformVersion())
        .platformFamily(service.platformFamily())
        .loadBalancers(service.loadBalancers())
        .serviceRegistries(service.serviceRegistries())
        .networkConfiguration(service.networkConfiguration())
        .containerImages(
            definition.containerDefinitions().stream()
                .map(
                    each ->
                        ContainerImage.builder()
                            .containerName(each.name())
                            .image(each.image())
                            .build())
                .toList())
        .serviceConnectConfiguration(row.serviceConnect())
        .volumeConfigurations(row.volumes())
        .createdAt(now)
        .build();
  }

  /** Whether tags have to be resolved to digests before more than one task starts. */
  static boolean resolvesDigests(TaskDefinition definition) {
    for (ContainerDefinition container : definition.containerDefinitions()) {
      if (container.versionConsistency() != VersionConsistency.DISABLED
          && !container.image().contains("@sha256:")) {
        return true;
      }
    }
    return false;
  }

  /**
   * The service with a new primary deployment; the one before is drained from now on, and when it
   * was still under way it has been superseded.
   */
  public ServiceRow begin(
      Tx tx,
      Scope scope,
      ServiceRow row,
      ServiceRevision asked,
      TaskDefinition definition,
      String reason,
      Instant now) {
    String id = newId();
    TrafficShift shift =
        Shifts.begin(row.deployments(), asked, row.service().deploymentConfiguration(), now);
    ServiceRevision revision = Shifts.resolved(asked, shift);
    String deploymentArn = Arns.serviceDeployment(scope, row.cluster(), row.name(), mixed(21));
    DeploymentRow made =
        DeploymentRow.begun(id, revision, deploymentArn, now)
            .edit()
            .rollout(
                DeploymentRolloutState.IN_PROGRESS,
                reason.isEmpty() ? "ECS deployment " + id + " in progress." : reason)
            .pinned(!resolvesDigests(definition), Map.of())
            .traffic(shift)
            .done();
    List<DeploymentRow> deployments = new ArrayList<>();
    deployments.add(made);
    for (DeploymentRow old : row.deployments()) {
      if (old.primary() && old.inProgress()) {
        record(
            tx,
            scope,
            old.decides(),
            each ->
                each.toBuilder()
                    .status(ServiceDeploymentStatus.STOPPED)
                    .statusReason("Superseded by a newer deployment.")
                    .stoppedAt(now)
                    .finishedAt(now)
                    .updatedAt(now)
                    .build());
      }
      deployments.add(old.edit().primary(false).updatedAt(now).done());
    }
    if (row.balancing()) {
      ServiceTelling telling = new ServiceTelling(context, tx, scope, row, now);
      telling.say("stopped AZ Rebalancing.");
      telling.action("INFO", "SERVICE_REBALANCING_STOPPED", Map.of());
    }
    tx.put(EcsTables.SERVICE_REVISIONS, scope.key(revision.serviceRevisionArn()), revision);
    put(tx, scope, row, made, deploymentArn, now);
    Shifts.record(tx, scope, made, now);
    Outbox.deployment(
        tx,
        scope,
        row.service().serviceArn(),
        "INFO",
        "SERVICE_DEPLOYMENT_IN_PROGRESS",
        id,
        "ECS deployment " + id + " in progress.",
        now);
    return row.with(deployments).withSteady(false, false);
  }

  private static void put(
      Tx tx, Scope scope, ServiceRow row, DeploymentRow made, String arn, Instant now) {
    DeploymentConfiguration configuration = row.service().deploymentConfiguration();
    boolean breaker =
        configuration != null
            && configuration.deploymentCircuitBreaker() != null
            && Boolean.TRUE.equals(configuration.deploymentCircuitBreaker().enable());
    List<ServiceRevisionSummary> sources = new ArrayList<>();
    DeploymentRow serving = Shifts.source(row.deployments());
    for (DeploymentRow old : row.deployments()) {
      // The one that serves comes first: the traffic's weights are its and the target's.
      sources.add(
          old.equals(serving) ? 0 : sources.size(),
          ServiceRevisionSummary.builder().arn(old.revision().serviceRevisionArn()).build());
    }
    tx.put(
        EcsTables.SERVICE_DEPLOYMENTS,
        scope.key(
            row.cluster()
                + "/"
                + row.name()
                + "/"
                // Newest first: the time runs backwards in the key.
                + EcsTables.padded(9_999_999_999_999L - now.toEpochMilli(), 13)
                + arn.substring(arn.lastIndexOf('/'))),
        ServiceDeployment.builder()
            .serviceDeploymentArn(arn)
            .serviceArn(row.service().serviceArn())
            .clusterArn(row.service().clusterArn())
            .createdAt(now)
            .startedAt(now)
            .updatedAt(now)
            .sourceServiceRevisions(sources)
            .targetServiceRevision(
                ServiceRevisionSummary.builder()
                    .arn(made.revision().serviceRevisionArn())
                    .requestedTaskCount(row.service().desiredCount())
                    .runningTaskCount(0)
                    .pendingTaskCount(0)
                    .build())
            .status(ServiceDeploymentStatus.IN_PROGRESS)
            .deploymentConfiguration(configuration)
            .deploymentCircuitBreaker(
                ServiceDeploymentCircuitBreaker.builder()
                    .status(
                        breaker
                            ? ServiceDeploymentRollbackMonitorsStatus.MONITORING
                            : ServiceDeploymentRollbackMonitorsStatus.DISABLED)
                    .failureCount(0)
                    .threshold(
                        gantry.services.ecs.planner.ServiceView.Breaker.threshold(
                            row.service().desiredCount() == null
                                ? 0
                                : row.service().desiredCount()))
                    .build())
            .alarms(
                ServiceDeploymentAlarms.builder()
                    .status(ServiceDeploymentRollbackMonitorsStatus.DISABLED)
                    .alarmNames(List.of())
                    .triggeredAlarmNames(List.of())
                    .build())
            .build());
  }

  /** Changes the record of a deployment. */
  static void record(Tx tx, Scope scope, String arn, UnaryOperator<ServiceDeployment> change) {
    Row<ServiceDeployment> found = find(tx, scope, arn);
    if (found != null) {
      tx.put(EcsTables.SERVICE_DEPLOYMENTS, found.key(), change.apply(found.value()));
    }
  }

  public static @Nullable Row<ServiceDeployment> find(View view, Scope scope, String arn) {
    return view.lookup(EcsTables.SERVICE_DEPLOYMENT_ARNS, scope, arn).findFirst().orElse(null);
  }

  /** A service is gone, and with it what is known of its deployments. */
  public static void forget(Tx tx, Scope scope, String cluster, String service) {
    for (Row<ServiceDeployment> row :
        EcsTables.under(tx, EcsTables.SERVICE_DEPLOYMENTS, scope, cluster + "/" + service + "/")
            .toList()) {
      tx.delete(EcsTables.SERVICE_DEPLOYMENTS, row.key());
    }
    String revisions = Arns.serviceRevision(scope, cluster, service, "");
    for (Row<ServiceRevision> row :
        EcsTables.under(tx, EcsTables.SERVICE_REVISIONS, scope, revisions).toList()) {
      tx.delete(EcsTables.SERVICE_REVISIONS, row.key());
    }
  }

  /** Its record is past its time; its revision goes too, unless the service still has it. */
  static void forget(Tx tx, Row<ServiceDeployment> record) {
    Scope scope = record.key().scope();
    String revision = record.value().targetServiceRevision().arn();
    Arns.Parts arn = Arns.parse(record.value().serviceArn());
    ServiceRow service = arn == null ? null : tx.get(EcsTables.SERVICES, scope.key(arn.path()));
    if (service == null
        || service.deployments().stream()
            .noneMatch(each -> each.revision().serviceRevisionArn().equals(revision))) {
      tx.delete(EcsTables.SERVICE_REVISIONS, scope.key(revision));
    }
  }

  /** The revision of the newest deployment that won, other than the given one. */
  static @Nullable ServiceRevision lastWon(
      View view, Scope scope, ServiceRow row, String exceptRevision) {
    return EcsTables.under(
            view, EcsTables.SERVICE_DEPLOYMENTS, scope, row.cluster() + "/" + row.name() + "/")
        .map(Row::value)
        .filter(
            each ->
                each.status() == ServiceDeploymentStatus.SUCCESSFUL
                    && !each.targetServiceRevision().arn().equals(exceptRevision))
        .findFirst()
        .map(
            each ->
                view.get(
                    EcsTables.SERVICE_REVISIONS, scope.key(each.targetServiceRevision().arn())))
        .orElse(null);
  }

  public static @Nullable TaskDefinition definition(
      View view, Scope scope, ServiceRevision revision) {
    Arns.Parts arn = Arns.parse(revision.taskDefinition());
    if (arn == null) {
      return null;
    }
    int colon = arn.path().lastIndexOf(':');
    Key key =
        EcsTables.taskDefinition(
            scope,
            arn.path().substring(0, colon),
            Integer.parseInt(arn.path().substring(colon + 1)));
    TaskDefinitionRow row = view.get(EcsTables.TASK_DEFINITIONS, key);
    return row == null ? null : row.definition();
  }
}
