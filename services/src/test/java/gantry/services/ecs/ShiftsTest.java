package gantry.services.ecs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.ecs.model.AdvancedConfiguration;
import software.amazon.awssdk.services.ecs.model.CreateServiceRequest;
import software.amazon.awssdk.services.ecs.model.DeploymentConfiguration;
import software.amazon.awssdk.services.ecs.model.InvalidParameterException;
import software.amazon.awssdk.services.ecs.model.LoadBalancer;
import software.amazon.awssdk.services.ecs.model.ServiceDeployment;
import software.amazon.awssdk.services.ecs.model.ServiceDeploymentLifecycleStage;
import software.amazon.awssdk.services.ecs.model.UnsupportedFeatureException;

/** BLUE_GREEN, LINEAR and CANARY from the first stage to the last, on virtual time. */
class ShiftsTest {

  private static final String BLUE = PretendedBalancer.GROUP;
  private static final String GREEN = PretendedBalancer.GREEN;
  private static final String RULE = PretendedBalancer.RULE;
  private static final String TEST = PretendedBalancer.TEST_LISTENER;

  private World world = new World();

  private void start(Consumer<DeploymentConfiguration.Builder> configuration) {
    world.cluster();
    world.balancer.rules();
    world.fargateNode(16_384, 32_768);
    for (String each : List.of("app:1", "app:2", "app:3", "missing:1", "exit-1")) {
      world.definition("web", each);
    }
    world.service(
        "web",
        "web:1",
        2,
        r -> {
          World.fargate(r);
          r.deploymentConfiguration(configuration);
          r.loadBalancers(balancer());
        });
    world.until(w -> done("SUCCESSFUL"), Duration.ofMinutes(3));
  }

  static LoadBalancer balancer() {
    return LoadBalancer.builder()
        .targetGroupArn(BLUE)
        .containerName("app")
        .containerPort(8080)
        .advancedConfiguration(
            a ->
                a.alternateTargetGroupArn(GREEN)
                    .productionListenerRule(RULE)
                    .testListenerRule(TEST)
                    .roleArn("arn:aws:iam::123456789012:role/ecs"))
        .build();
  }

  private void update(String definition) {
    world.call(ecs -> ecs.updateService(r -> r.service("web").taskDefinition(definition)));
  }

  private ServiceDeployment deployment() {
    String arn =
        world
            .call(ecs -> ecs.listServiceDeployments(r -> r.service("web")))
            .serviceDeployments()
            .getFirst()
            .serviceDeploymentArn();
    return world
        .call(ecs -> ecs.describeServiceDeployments(r -> r.serviceDeploymentArns(arn)))
        .serviceDeployments()
        .getFirst();
  }

  private boolean done(String status) {
    return status.equals(deployment().statusAsString());
  }

  private boolean at(ServiceDeploymentLifecycleStage stage) {
    return deployment().lifecycleStage() == stage;
  }

  private List<String> running(String group) {
    Set<String> serving = world.balancer.serving(group);
    return world.rows().stream()
        .filter(row -> row.isRunning() && row.eni() != null)
        .filter(row -> serving.contains(row.eni().privateIp()))
        .map(row -> row.task().taskDefinitionArn().replaceAll(".*/", ""))
        .distinct()
        .toList();
  }

  private String stop(String type) {
    String arn = deployment().serviceDeploymentArn();
    return world
        .call(ecs -> ecs.stopServiceDeployment(r -> r.serviceDeploymentArn(arn).stopType(type)))
        .serviceDeploymentArn();
  }

  /** Whoever asks for production traffic is answered. */
  private void nobodyIsLost() {
    for (String group : List.of(BLUE, GREEN)) {
      if (world.balancer.share(RULE, group) > 0) {
        assertThat(world.balancer.serving(group)).as("who serves " + group).isNotEmpty();
      }
    }
  }

  @Test
  void theFirstRevisionHasAllTraffic() {
    start(c -> c.strategy("BLUE_GREEN").bakeTimeInMinutes(5));
    assertThat(world.balancer.share(RULE, BLUE)).isEqualTo(100);
    assertThat(world.balancer.share(TEST, BLUE)).isEqualTo(100);
    assertThat(running(BLUE)).containsExactly("web:1");
    ServiceDeployment made = deployment();
    assertThat(made.sourceServiceRevisions()).isEmpty();
    assertThat(made.targetServiceRevision().requestedProductionTrafficWeight()).isEqualTo(100);
    assertThat(made.lifecycleStageAsString()).isEqualTo("CLEAN_UP");
  }

  @Test
  void blueGreenGoesThroughEveryStage() {
    start(c -> c.strategy("BLUE_GREEN").bakeTimeInMinutes(5));
    update("web:2");
    world.until(w -> at(ServiceDeploymentLifecycleStage.SCALE_UP), Duration.ofMinutes(1));
    world.run(Duration.ofSeconds(2));
    assertThat(world.balancer.share(RULE, BLUE)).isEqualTo(100);
    assertThat(world.balancer.share(TEST, BLUE)).isEqualTo(100);
    world.until(w -> at(ServiceDeploymentLifecycleStage.BAKE_TIME), Duration.ofMinutes(2));
    assertThat(world.balancer.share(RULE, GREEN)).isEqualTo(100);
    assertThat(world.balancer.share(TEST, GREEN)).isEqualTo(100);
    assertThat(running(GREEN)).containsExactly("web:2");
    assertThat(running(BLUE)).containsExactly("web:1");
    ServiceDeployment baking = deployment();
    assertThat(baking.statusAsString()).isEqualTo("IN_PROGRESS");
    assertThat(baking.targetServiceRevision().requestedProductionTrafficWeight()).isEqualTo(100);
    assertThat(baking.targetServiceRevision().requestedTestTrafficWeight()).isEqualTo(100);
    assertThat(baking.targetServiceRevision().requestedTaskCount()).isEqualTo(2);
    assertThat(baking.sourceServiceRevisions())
        .singleElement()
        .satisfies(
            blue -> {
              assertThat(blue.requestedProductionTrafficWeight()).isZero();
              assertThat(blue.requestedTestTrafficWeight()).isZero();
              assertThat(blue.runningTaskCount()).isEqualTo(2);
              assertThat(blue.requestedTaskCount()).isEqualTo(2);
            });
    world.run(Duration.ofMinutes(4));
    assertThat(running(BLUE)).containsExactly("web:1");
    world.until(w -> done("SUCCESSFUL"), Duration.ofMinutes(3));
    assertThat(running(BLUE)).isEmpty();
    assertThat(world.service("web").deployments()).hasSize(1);
    assertThat(world.service("web").runningCount()).isEqualTo(2);
    assertThat(world.events("web"))
        .anyMatch(
            each ->
                each.endsWith(
                    "has 0 percent of production traffic and 100 percent of" + " test traffic."))
        .anyMatch(each -> each.endsWith("has reached a steady state."));
    // And back again: the groups have changed roles.
    update("web:3");
    world.until(w -> done("SUCCESSFUL"), Duration.ofMinutes(10));
    assertThat(world.balancer.share(RULE, BLUE)).isEqualTo(100);
    assertThat(running(BLUE)).containsExactly("web:3");
    String revision = deployment().targetServiceRevision().arn();
    assertThat(
            world
                .call(ecs -> ecs.describeServiceRevisions(r -> r.serviceRevisionArns(revision)))
                .serviceRevisions()
                .getFirst()
                .resolvedConfiguration()
                .loadBalancers())
        .singleElement()
        .satisfies(
            each -> {
              assertThat(each.targetGroupArn()).isEqualTo(BLUE);
              assertThat(each.productionListenerRule()).isEqualTo(RULE);
            });
  }

  private List<Double> shares(Duration time, Duration each) {
    List<Double> shares = new ArrayList<>();
    for (long at = 0; at < time.toSeconds(); at += each.toSeconds()) {
      world.run(each);
      nobodyIsLost();
      double share = Math.round(world.balancer.share(RULE, GREEN) * 10) / 10.0;
      if (shares.isEmpty() || shares.getLast() != share) {
        shares.add(share);
      }
    }
    return shares;
  }

  @Test
  void linearMovesInEqualSteps() {
    start(
        c ->
            c.strategy("LINEAR")
                .bakeTimeInMinutes(2)
                .linearConfiguration(l -> l.stepPercent(30.0).stepBakeTimeInMinutes(3)));
    update("web:2");
    assertThat(shares(Duration.ofMinutes(14), Duration.ofSeconds(5)))
        .containsExactly(0.0, 30.0, 60.0, 90.0, 100.0);
    world.until(w -> done("SUCCESSFUL"), Duration.ofMinutes(1));
  }

  @Test
  void aCanaryOfATenthOfAPercentComesBeforeTheRest() {
    start(
        c ->
            c.strategy("CANARY")
                .canaryConfiguration(l -> l.canaryPercent(0.1).canaryBakeTimeInMinutes(60)));
    update("web:2");
    world.until(w -> w.balancer.share(RULE, GREEN) > 0, Duration.ofMinutes(2));
    assertThat(world.balancer.share(RULE, GREEN)).isEqualTo(0.1);
    assertThat(deployment().targetServiceRevision().requestedProductionTrafficWeight())
        .isEqualTo(0.1);
    world.run(Duration.ofMinutes(58));
    assertThat(at(ServiceDeploymentLifecycleStage.PRODUCTION_TRAFFIC_SHIFT)).isTrue();
    assertThat(world.balancer.share(RULE, GREEN)).isEqualTo(0.1);
    world.until(w -> done("SUCCESSFUL"), Duration.ofMinutes(4));
    assertThat(world.balancer.share(RULE, GREEN)).isEqualTo(100);
  }

  @ParameterizedTest
  @EnumSource(
      value = ServiceDeploymentLifecycleStage.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = {"RECONCILE_SERVICE", "UNKNOWN_TO_SDK_VERSION"})
  void stoppedInAnyStageItGoesBackToBlue(ServiceDeploymentLifecycleStage stage) {
    start(
        c ->
            c.strategy("CANARY")
                .bakeTimeInMinutes(5)
                .canaryConfiguration(l -> l.canaryPercent(20.0).canaryBakeTimeInMinutes(5)));
    update("web:2");
    killAt(stage);
    stop("ROLLBACK");
    world.restart();
    assertThat(deployment().statusAsString()).isEqualTo("ROLLBACK_IN_PROGRESS");
    assertThat(world.service("web").currentServiceDeployment())
        .isEqualTo(deployment().serviceDeploymentArn());
    world.run(Duration.ofSeconds(1));
    if (stage != ServiceDeploymentLifecycleStage.CLEAN_UP) {
      // At once: blue never went away.
      assertThat(world.balancer.share(RULE, BLUE)).isEqualTo(100);
      assertThat(world.balancer.share(TEST, BLUE)).isEqualTo(100);
    }
    for (int i = 0; i < 120 && !done("ROLLBACK_SUCCESSFUL"); i++) {
      nobodyIsLost();
      world.run(Duration.ofSeconds(1));
    }
    ServiceDeployment back = deployment();
    assertThat(back.statusAsString()).isEqualTo("ROLLBACK_SUCCESSFUL");
    assertThat(back.sourceServiceRevisions().getFirst().requestedProductionTrafficWeight())
        .isEqualTo(100);
    assertThat(back.targetServiceRevision().requestedProductionTrafficWeight()).isZero();
    assertThat(world.balancer.share(RULE, BLUE)).isEqualTo(100);
    assertThat(running(BLUE)).containsExactly("web:1");
    assertThat(running(GREEN)).isEmpty();
    assertThat(world.service("web").taskDefinition()).endsWith("web:1");
    assertThat(world.service("web").deployments()).hasSize(1);
  }

  /** Ends the program as soon as the store has the stage: some last for one transaction only. */
  private void killAt(ServiceDeploymentLifecycleStage stage) {
    boolean[] reached = {false};
    var watch =
        world
            .store
            .feed()
            .subscribe(
                world.store.snapshot().revision(),
                commit -> {
                  if (!reached[0] && at(stage)) {
                    reached[0] = true;
                    world.kill();
                  }
                });
    world.until(w -> reached[0], Duration.ofMinutes(20));
    watch.close();
    assertThat(deployment().lifecycleStage()).isEqualTo(stage);
  }

  @ParameterizedTest
  @EnumSource(
      value = ServiceDeploymentLifecycleStage.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = {"RECONCILE_SERVICE", "UNKNOWN_TO_SDK_VERSION"})
  void killedInAnyStageItGoesOnAfterTheStart(ServiceDeploymentLifecycleStage stage) {
    start(
        c ->
            c.strategy("LINEAR")
                .bakeTimeInMinutes(2)
                .linearConfiguration(l -> l.stepPercent(40.0).stepBakeTimeInMinutes(1)));
    update("web:2");
    killAt(stage);
    world.run(Duration.ofSeconds(30));
    assertThat(deployment().lifecycleStage()).isEqualTo(stage);
    world.restart();
    for (int i = 0; i < 900 && !done("SUCCESSFUL"); i++) {
      nobodyIsLost();
      world.run(Duration.ofSeconds(1));
    }
    assertThat(deployment().statusAsString()).isEqualTo("SUCCESSFUL");
    assertThat(world.balancer.share(RULE, GREEN)).isEqualTo(100);
    assertThat(running(GREEN)).containsExactly("web:2");
    assertThat(world.service("web").runningCount()).isEqualTo(2);
    // Four tasks in all were ever started: nothing was done twice.
    assertThat(world.rows().stream().filter(r -> r.task().startedAt() != null)).hasSize(4);
  }

  @ParameterizedTest
  @ValueSource(strings = {"BLUE_GREEN", "LINEAR", "CANARY"})
  void aRevisionThatCannotStartNeverGetsTraffic(String strategy) {
    start(c -> c.strategy(strategy).bakeTimeInMinutes(1));
    for (String bad : List.of("web:4", "web:5")) {
      update(bad);
      world.until(w -> done("ROLLBACK_SUCCESSFUL"), Duration.ofMinutes(5));
      assertThat(world.balancer.share(RULE, BLUE)).isEqualTo(100);
      assertThat(world.service("web").taskDefinition()).endsWith("web:1");
      assertThat(deployment().statusReason()).contains("ECS deployment failed");
    }
    update("web:2");
    world.until(w -> done("SUCCESSFUL"), Duration.ofMinutes(90));
    assertThat(world.balancer.share(RULE, GREEN)).isEqualTo(100);
  }

  @Test
  void greenThatFallsIllInTheBakeTimeLosesItsTraffic() {
    start(
        c ->
            c.strategy("BLUE_GREEN")
                .bakeTimeInMinutes(30)
                .deploymentCircuitBreaker(b -> b.enable(true).rollback(true)));
    update("web:2");
    world.until(w -> at(ServiceDeploymentLifecycleStage.BAKE_TIME), Duration.ofMinutes(2));
    world.run(Duration.ofSeconds(10));
    for (int i = 0; i < 600 && !done("ROLLBACK_IN_PROGRESS"); i++) {
      world.balancer.sick.addAll(greens());
      world.run(Duration.ofSeconds(1));
    }
    assertThat(deployment().statusAsString()).isEqualTo("ROLLBACK_IN_PROGRESS");
    assertThat(deployment().deploymentCircuitBreaker().statusAsString()).isEqualTo("TRIGGERED");
    world.run(Duration.ofSeconds(1));
    assertThat(world.balancer.share(RULE, BLUE)).isEqualTo(100);
    world.until(w -> done("ROLLBACK_SUCCESSFUL"), Duration.ofMinutes(3));
  }

  private List<String> greens() {
    return world.rows().stream()
        .filter(row -> row.task().taskDefinitionArn().endsWith("web:2") && row.eni() != null)
        .map(row -> row.eni().privateIp())
        .toList();
  }

  @Test
  void aNewerDeploymentReconcilesFirst() {
    start(
        c ->
            c.strategy("LINEAR")
                .linearConfiguration(l -> l.stepPercent(50.0).stepBakeTimeInMinutes(10)));
    update("web:2");
    world.until(w -> w.balancer.share(RULE, GREEN) == 50, Duration.ofMinutes(2));
    String first = deployment().serviceDeploymentArn();
    update("web:3");
    assertThat(deployment().lifecycleStageAsString()).isEqualTo("RECONCILE_SERVICE");
    assertThat(deployment().sourceServiceRevisions()).hasSize(2);
    world.run(Duration.ofSeconds(1));
    assertThat(world.balancer.share(RULE, BLUE)).isEqualTo(100);
    world.until(w -> w.balancer.share(RULE, GREEN) == 50, Duration.ofMinutes(3));
    assertThat(running(GREEN)).containsExactly("web:3");
    world.until(w -> done("SUCCESSFUL"), Duration.ofMinutes(30));
    assertThat(
            world
                .call(ecs -> ecs.describeServiceDeployments(r -> r.serviceDeploymentArns(first)))
                .serviceDeployments()
                .getFirst()
                .statusAsString())
        .isEqualTo("STOPPED");
  }

  @Test
  void abortLeavesBothColoursAsTheyAre() {
    start(
        c ->
            c.strategy("CANARY")
                .canaryConfiguration(l -> l.canaryPercent(25.0).canaryBakeTimeInMinutes(10)));
    update("web:2");
    world.until(w -> w.balancer.share(RULE, GREEN) == 25, Duration.ofMinutes(2));
    stop("ABORT");
    world.run(Duration.ofMinutes(30));
    assertThat(deployment().statusAsString()).isEqualTo("STOPPED");
    assertThat(world.balancer.share(RULE, GREEN)).isEqualTo(25);
    assertThat(running(BLUE)).containsExactly("web:1");
    assertThat(running(GREEN)).containsExactly("web:2");
    assertThatThrownBy(() -> stop("ROLLBACK")).hasMessageContaining("cannot be stopped");
    update("web:3");
    world.until(w -> done("SUCCESSFUL"), Duration.ofMinutes(30));
    assertThat(running(GREEN)).containsExactly("web:3");
  }

  @Test
  void aRuleThatIsGoneIsSaidAndTriedAgain() {
    start(c -> c.strategy("BLUE_GREEN"));
    var rule = world.balancer.rules.remove(RULE);
    assertThatThrownBy(() -> update("web:2")).hasMessageContaining("does not exist");
    world.balancer.rules.put(RULE, rule);
    update("web:2");
    world.balancer.rules.remove(RULE);
    world.until(
        w ->
            at(ServiceDeploymentLifecycleStage.POST_TEST_TRAFFIC_SHIFT)
                || w.events("web").stream().anyMatch(each -> each.contains("RuleNotFound")),
        Duration.ofMinutes(2));
    world.run(Duration.ofMinutes(2));
    assertThat(world.events("web"))
        .filteredOn(each -> each.contains("RuleNotFound"))
        .singleElement()
        .asString()
        .contains("was unable to shift traffic");
    assertThat(new Why(world.core).why("web").getFirst().print())
        .contains("waiting for the listener rules")
        .contains("RuleNotFound");
    world.balancer.rules.put(RULE, rule);
    world.until(w -> done("SUCCESSFUL"), Duration.ofMinutes(5));
  }

  @Test
  void whyTellsTheStageTheWeightsAndTheWait() {
    start(c -> c.strategy("BLUE_GREEN").bakeTimeInMinutes(10));
    update("web:2");
    world.run(Duration.ofSeconds(4));
    assertThat(new Why(world.core).why("web").getFirst().print())
        .contains("stage SCALE_UP of BLUE_GREEN since 2026-")
        .contains(": 0 % of production and 0 % of test traffic on the new revision")
        .contains("0 % of " + RULE + " goes to " + GREEN + ", the rest to " + BLUE)
        .contains("waiting for 2 tasks to");
    world.until(w -> at(ServiceDeploymentLifecycleStage.BAKE_TIME), Duration.ofMinutes(2));
    assertThat(new Why(world.core).why("web").getFirst().print())
        .contains("BAKE_TIME with 100 % of production and 100 % of test traffic")
        .contains("until ");
  }

  @Test
  void aRollingDeploymentStaysWhereTheTrafficIs() {
    start(c -> c.strategy("BLUE_GREEN"));
    update("web:2");
    world.until(w -> done("SUCCESSFUL"), Duration.ofMinutes(5));
    world.call(
        ecs ->
            ecs.updateService(
                r ->
                    r.service("web")
                        .taskDefinition("web:3")
                        .deploymentConfiguration(c -> c.strategy("ROLLING"))));
    for (int i = 0; i < 300 && !done("SUCCESSFUL"); i++) {
      nobodyIsLost();
      world.run(Duration.ofSeconds(1));
    }
    assertThat(running(GREEN)).containsExactly("web:3");
    assertThat(deployment().lifecycleStage()).isNull();
    update("web:4");
    world.until(
        w -> w.primary("web").rolloutStateAsString().equals("FAILED"), Duration.ofMinutes(5));
    assertThat(running(GREEN)).containsExactly("web:3");
  }

  @Test
  void scalingDuringTheBakeTimeScalesBoth() {
    start(c -> c.strategy("BLUE_GREEN").bakeTimeInMinutes(10));
    update("web:2");
    world.until(w -> at(ServiceDeploymentLifecycleStage.BAKE_TIME), Duration.ofMinutes(2));
    world.call(ecs -> ecs.updateService(r -> r.service("web").desiredCount(3)));
    world.run(Duration.ofMinutes(2));
    assertThat(world.balancer.serving(BLUE)).hasSize(3);
    assertThat(world.balancer.serving(GREEN)).hasSize(3);
    world.nodes.values().iterator().next().kill(world.tasks("RUNNING").getFirst().taskArn());
    world.run(Duration.ofMinutes(2));
    assertThat(world.balancer.serving(BLUE)).hasSize(3);
    assertThat(world.balancer.serving(GREEN)).hasSize(3);
    world.until(w -> done("SUCCESSFUL"), Duration.ofMinutes(10));
    assertThat(world.service("web").runningCount()).isEqualTo(3);
  }

  @Test
  void withoutABalancerTheStagesPass() {
    world.cluster();
    world.fargateNode(16_384, 32_768);
    world.definition("web", "app:1");
    world.definition("web", "app:2");
    world.service(
        "web",
        "web:1",
        1,
        r -> {
          World.fargate(r);
          r.deploymentConfiguration(c -> c.strategy("LINEAR").bakeTimeInMinutes(2));
        });
    world.until(w -> done("SUCCESSFUL"), Duration.ofMinutes(2));
    update("web:2");
    world.until(w -> at(ServiceDeploymentLifecycleStage.BAKE_TIME), Duration.ofMinutes(2));
    assertThat(deployment().targetServiceRevision().requestedProductionTrafficWeight()).isNull();
    world.until(w -> done("SUCCESSFUL"), Duration.ofMinutes(4));
  }

  @Test
  void killedWhileItReconciles() {
    start(
        c ->
            c.strategy("LINEAR")
                .linearConfiguration(l -> l.stepPercent(50.0).stepBakeTimeInMinutes(10)));
    update("web:2");
    world.until(w -> w.balancer.share(RULE, GREEN) == 50, Duration.ofMinutes(2));
    world.kill();
    update("web:3");
    world.run(Duration.ofSeconds(5));
    assertThat(world.balancer.share(RULE, GREEN)).isEqualTo(50);
    world.restart();
    world.run(Duration.ofSeconds(1));
    assertThat(world.balancer.share(RULE, BLUE)).isEqualTo(100);
    world.until(w -> done("SUCCESSFUL"), Duration.ofMinutes(30));
    assertThat(running(GREEN)).containsExactly("web:3");
  }

  private void refused(
      Consumer<CreateServiceRequest.Builder> more, Class<? extends Throwable> error, String words) {
    assertThatThrownBy(
            () ->
                world.service(
                    "other",
                    "web:1",
                    1,
                    r -> {
                      World.fargate(r);
                      r.loadBalancers(balancer());
                      more.accept(r);
                    }))
        .isInstanceOf(error)
        .hasMessageContaining(words);
  }

  private static Consumer<CreateServiceRequest.Builder> configured(
      Consumer<DeploymentConfiguration.Builder> configuration) {
    return r -> r.deploymentConfiguration(configuration);
  }

  @Test
  void whatCannotBeMeantIsRefused() {
    start(c -> c.strategy("BLUE_GREEN"));
    Class<InvalidParameterException> invalid = InvalidParameterException.class;
    Class<UnsupportedFeatureException> unsupported = UnsupportedFeatureException.class;
    refused(configured(c -> c.strategy("PURPLE")), invalid, "strategy should be one of");
    refused(
        configured(c -> c.strategy("BLUE_GREEN").bakeTimeInMinutes(1441)), invalid, "0 and 1440");
    refused(configured(c -> c.strategy("ROLLING").bakeTimeInMinutes(5)), unsupported, "ROLLING");
    refused(
        configured(c -> c.strategy("BLUE_GREEN").linearConfiguration(l -> l.stepPercent(10.0))),
        invalid,
        "only valid with the LINEAR");
    refused(
        configured(c -> c.strategy("LINEAR").linearConfiguration(l -> l.stepPercent(2.9))),
        invalid,
        "stepPercent must be a multiple of 0.1 between 3.0 and 100.0");
    refused(
        configured(c -> c.strategy("CANARY").canaryConfiguration(l -> l.canaryPercent(5.05))),
        invalid,
        "canaryPercent must be a multiple of 0.1");
    refused(
        configured(
            c ->
                c.strategy("BLUE_GREEN")
                    .lifecycleHooks(
                        h ->
                            h.hookTargetArn("arn:aws:lambda:us-east-1:123456789012:function:f")
                                .lifecycleStagesWithStrings("POST_SCALE_UP"))),
        unsupported,
        "AWS Lambda is not here");
    refused(
        configured(c -> c.strategy("BLUE_GREEN").alarms(a -> a.enable(true).alarmNames("x"))),
        unsupported,
        "alarms");
    refused(
        r ->
            r.deploymentConfiguration(c -> c.strategy("CANARY"))
                .loadBalancers(
                    balancer().toBuilder()
                        .advancedConfiguration((AdvancedConfiguration) null)
                        .build()),
        invalid,
        "advancedConfiguration is required");
    refused(
        r ->
            r.deploymentConfiguration(c -> c.strategy("CANARY"))
                .loadBalancers(
                    balancer().toBuilder()
                        .advancedConfiguration(
                            balancer().advancedConfiguration().toBuilder()
                                .productionListenerRule(RULE + "9")
                                .build())
                        .build()),
        invalid,
        "does not exist");
    assertThat(world.service("web").deploymentConfiguration().strategyAsString())
        .isEqualTo("BLUE_GREEN");
  }
}
