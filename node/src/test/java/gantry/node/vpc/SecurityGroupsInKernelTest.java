package gantry.node.vpc;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.acs.network.NetworkPlan;
import gantry.node.vpc.DropCounters.Direction;
import gantry.node.vpc.Plans.VpcPlan;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Security groups with real packets between real namespaces. */
@Tag("docker")
@SuppressWarnings("NullAway") // a test that asks for what it did not make may fail with a null
class SecurityGroupsInKernelTest {

  private final Plans plans = new Plans();
  private final VpcPlan vpc = plans.vpc("vpc-0a", "10.0.0.0/16");

  private NetworkPlan twoTasks() {
    plans.subnet(vpc, "subnet-0a", "10.0.1.0/24");
    plans.subnet(vpc, "subnet-0b", "10.0.2.0/24");
    plans.group(vpc, "sg-0c", plans.allOut());
    plans.group(vpc, "sg-0d", plans.allOut(), plans.tcp(8080, "sg-0c"));
    plans.eni(vpc, "eni-0c", "subnet-0a", "10.0.1.5", "sg-0c");
    plans.eni(vpc, "eni-0d", "subnet-0b", "10.0.2.5", "sg-0d");
    return plans.plan();
  }

  @Test
  void a_rule_lets_in_what_it_names_and_nothing_else() throws Exception {
    try (Lab lab = new Lab()) {
      NetworkPlan plan = twoTasks();
      lab.apply(plan);
      lab.task(plan, "vpc-0a", "eni-0c");
      lab.task(plan, "vpc-0a", "eni-0d");
      lab.serve("eni-0d", 8080);
      lab.serve("eni-0d", 8081);
      lab.serve("eni-0c", 8080);

      assertThat(lab.hear("eni-0c", "10.0.2.5", 8080)).isEqualTo("eni-0d saw 10.0.1.5");
      assertThat(lab.ask("eni-0c", "10.0.2.5", 8081)).isEqualTo("refused");
      assertThat(lab.ask("eni-0d", "10.0.1.5", 8080)).isEqualTo("refused");
      assertThat(lab.hear("eni-0d", "10.0.2.5", 8081)).isEqualTo("eni-0d saw 10.0.2.5");

      DropCounters drops = lab.network.dropCounters();
      assertThat(drops.ofGroup("vpc-0a", "sg-0d", Direction.INGRESS)).isPositive();
      assertThat(drops.ofGroup("vpc-0a", "sg-0c", Direction.INGRESS)).isPositive();
      assertThat(drops.ofGroup("vpc-0a", "sg-0c", Direction.EGRESS)).isZero();
      assertThat(drops.recent("vpc-0a"))
          .anySatisfy(
              denied -> {
                assertThat(denied.from()).isEqualTo("10.0.1.5");
                assertThat(denied.to()).isEqualTo("10.0.2.5");
                assertThat(denied.port()).isEqualTo(8081);
                assertThat(denied.protocol()).isEqualTo(6);
              });
    }
  }

  @Test
  void a_change_counts_for_new_connections_within_100_ms_and_cuts_none() throws Exception {
    try (Lab lab = new Lab()) {
      NetworkPlan plan = twoTasks();
      lab.apply(plan);
      lab.task(plan, "vpc-0a", "eni-0c");
      lab.task(plan, "vpc-0a", "eni-0d");
      lab.serve("eni-0d", 8080);
      try (Socket kept = lab.connect("eni-0c", "10.0.2.5", 8080)) {
        assertThat(Lab.line(kept)).isEqualTo("eni-0d saw 10.0.1.5");

        // The quickest: whatever else this machine does can only add to it.
        List<Long> millis = new java.util.ArrayList<>();
        for (int i = 0; i < 9; i++) {
          if (i % 2 == 0) {
            plans.group(vpc, "sg-0d", plans.allOut());
          } else {
            plans.group(vpc, "sg-0d", plans.allOut(), plans.tcp(8080, "sg-0c"));
          }
          long begin = System.nanoTime();
          lab.apply(plans.plan());
          millis.add(Duration.ofNanos(System.nanoTime() - begin).toMillis());
        }
        millis.sort(null);
        System.out.println("security group changes were in the kernel after (ms) " + millis);
        assertThat(millis.getFirst()).isLessThan(100);

        assertThat(lab.ask("eni-0c", "10.0.2.5", 8080)).isEqualTo("refused");
        assertThat(Lab.echo(kept, "still here")).isEqualTo("still here");

        plans.group(vpc, "sg-0d", plans.allOut(), plans.tcp(8080, "10.0.1.5/32"));
        lab.apply(plans.plan());
        assertThat(lab.hear("eni-0c", "10.0.2.5", 8080)).isEqualTo("eni-0d saw 10.0.1.5");
      }
    }
  }

  @Test
  void a_reference_to_a_group_follows_its_members() throws Exception {
    try (Lab lab = new Lab()) {
      NetworkPlan plan = twoTasks();
      lab.apply(plan);
      lab.task(plan, "vpc-0a", "eni-0d");
      lab.serve("eni-0d", 8080);

      plans.group(vpc, "sg-0e", plans.allOut());
      plans.eni(vpc, "eni-0e", "subnet-0a", "10.0.1.6", "sg-0e");
      plan = plans.plan();
      lab.apply(plan);
      lab.task(plan, "vpc-0a", "eni-0e");
      assertThat(lab.ask("eni-0e", "10.0.2.5", 8080)).isEqualTo("refused");

      plans.eni(vpc, "eni-0e", "subnet-0a", "10.0.1.6", "sg-0c", "sg-0e");
      lab.apply(plans.plan());
      assertThat(lab.hear("eni-0e", "10.0.2.5", 8080)).isEqualTo("eni-0d saw 10.0.1.6");

      vpc.enis.remove("eni-0e");
      lab.kill("eni-0e");
      lab.network.detach("eni-0e");
      plans.eni(vpc, "eni-0f", "subnet-0a", "10.0.1.6", "sg-0e");
      plan = plans.plan();
      lab.apply(plan);
      lab.task(plan, "vpc-0a", "eni-0f");
      assertThat(lab.ask("eni-0f", "10.0.2.5", 8080)).isEqualTo("refused");
    }
  }

  @Test
  void no_egress_rule_lets_nothing_out_and_nobody_sends_as_another() throws Exception {
    try (Lab lab = new Lab()) {
      twoTasks();
      plans.group(vpc, "sg-0c");
      NetworkPlan plan = plans.plan();
      lab.apply(plan);
      lab.task(plan, "vpc-0a", "eni-0c");
      lab.task(plan, "vpc-0a", "eni-0d");
      lab.serve("eni-0d", 8080);
      assertThat(lab.ask("eni-0c", "10.0.2.5", 8080)).isEqualTo("refused");
      assertThat(lab.network.dropCounters().ofGroup("vpc-0a", "sg-0c", Direction.EGRESS))
          .isPositive();

      // The resolver and metadata are never filtered.
      lab.serve(
          "dns", lab.sockets.listen("vpc-0a", new java.net.InetSocketAddress("10.0.1.2", 53)));
      lab.serve("metadata", lab.sockets.listen("vpc-0a", gantry.node.NetnsSockets.TASK_METADATA));
      assertThat(lab.hear("eni-0c", "10.0.1.2", 53)).isEqualTo("dns saw 10.0.1.5");
      assertThat(lab.hear("eni-0c", "169.254.170.2", 80)).isEqualTo("metadata saw 10.0.1.5");

      // A second address of its own invention does not get past the router.
      plans.group(vpc, "sg-0c", plans.allOut());
      plans.group(vpc, "sg-0d", plans.allOut(), plans.tcp(8080, "0.0.0.0/0"));
      lab.apply(plans.plan());
      new Commands().ipOf(lab.pid("eni-0c"), List.of("addr add 10.0.1.77/32 dev eth0"));
      assertThat(lab.hear("eni-0c", "10.0.2.5", 8080)).isEqualTo("eni-0d saw 10.0.1.5");
      new Commands()
          .ipOf(
              lab.pid("eni-0c"),
              List.of("route replace default via 10.0.1.1 dev eth0 src 10.0.1.77"));
      assertThat(lab.ask("eni-0c", "10.0.2.5", 8080)).isEqualTo("refused");
    }
  }

  @Test
  void vpcs_with_the_same_block_do_not_meet() throws Exception {
    try (Lab lab = new Lab()) {
      twoTasks();
      VpcPlan other = plans.vpc("vpc-0b", "10.0.0.0/16");
      plans.subnet(other, "subnet-0c", "10.0.2.0/24");
      plans.group(other, "sg-0f", plans.allOut(), plans.tcp(8080, "0.0.0.0/0"));
      plans.eni(other, "eni-1d", "subnet-0c", "10.0.2.5", "sg-0f");
      plans.eni(other, "eni-1e", "subnet-0c", "10.0.2.6", "sg-0f");
      NetworkPlan plan = plans.plan();
      lab.apply(plan);
      lab.task(plan, "vpc-0a", "eni-0c");
      lab.task(plan, "vpc-0b", "eni-1d");
      lab.task(plan, "vpc-0b", "eni-1e");
      lab.serve("eni-1d", 8080);
      assertThat(lab.hear("eni-1e", "10.0.2.5", 8080)).isEqualTo("eni-1d saw 10.0.2.6");
      assertThat(lab.ask("eni-0c", "10.0.2.5", 8080)).isEqualTo("refused");
      lab.task(plan, "vpc-0a", "eni-0d");
      lab.serve("eni-0d", 8080);
      assertThat(lab.hear("eni-0c", "10.0.2.5", 8080)).isEqualTo("eni-0d saw 10.0.1.5");
    }
  }

  @Test
  void a_second_program_finds_everything_as_it_stands_and_cuts_nothing() throws Exception {
    try (Lab lab = new Lab()) {
      NetworkPlan plan = twoTasks();
      lab.apply(plan);
      lab.task(plan, "vpc-0a", "eni-0c");
      lab.task(plan, "vpc-0a", "eni-0d");
      lab.serve("eni-0d", 8080);
      try (Socket kept = lab.connect("eni-0c", "10.0.2.5", 8080)) {
        assertThat(Lab.line(kept)).isEqualTo("eni-0d saw 10.0.1.5");
        lab.network.close();
        KernelReader reader = new KernelReader(new Commands());
        String router = lab.settings.names().router("vpc-0a");
        VpcReconciler.Standing before = reader.read(router);

        lab.network = new VpcNetwork(lab.settings);
        lab.apply(plan);
        lab.network.attach("task", Plans.payload(plan, "vpc-0a", "eni-0c"), lab.pid("eni-0c"));
        assertThat(reader.read(router)).isEqualTo(before);
        assertThat(Lab.echo(kept, "still here")).isEqualTo("still here");
        assertThat(lab.hear("eni-0c", "10.0.2.5", 8080)).isEqualTo("eni-0d saw 10.0.1.5");

        // What is in the kernel is spelled as the compiler spells it.
        KernelPlan.Namespace wanted =
            new VpcCompiler(lab.settings)
                .compile(plan, java.util.Set.of("eni-0c", "eni-0d"))
                .namespaces()
                .get(router);
        assertThat(before.addresses()).isEqualTo(wanted.addresses());
        assertThat(before.routes()).isEqualTo(wanted.routes());
        assertThat(before.rules()).isEqualTo(wanted.rules());
      }
    }
  }

  @Test
  void fifty_tasks_come_and_go_and_leave_nothing() throws Exception {
    try (Lab lab = new Lab()) {
      plans.subnet(vpc, "subnet-0a", "10.0.1.0/24");
      plans.group(vpc, "sg-0c", plans.allOut(), plans.tcp(8080, "sg-0c"));
      for (int i = 0; i < 50; i++) {
        plans.eni(vpc, "eni-" + (100 + i), "subnet-0a", "10.0.1." + (10 + i), "sg-0c");
      }
      NetworkPlan plan = plans.plan();
      lab.apply(plan);
      KernelReader reader = new KernelReader(new Commands());
      String router = lab.settings.names().router("vpc-0a");
      long begin = System.nanoTime();
      for (int i = 0; i < 50; i++) {
        lab.task(plan, "vpc-0a", "eni-" + (100 + i));
      }
      System.out.println(
          "50 interfaces attached in " + (System.nanoTime() - begin) / 1_000_000 + " ms");
      lab.serve("eni-100", 8080);
      assertThat(lab.hear("eni-149", "10.0.1.10", 8080)).isEqualTo("eni-100 saw 10.0.1.59");
      // Half of the tasks die first and are detached then; half the other way round.
      for (int i = 0; i < 50; i++) {
        String eni = "eni-" + (100 + i);
        if (i % 2 == 0) {
          lab.kill(eni);
        }
        lab.network.detach(eni);
      }
      vpc.enis.clear();
      lab.apply(plans.plan());
      assertThat(reader.links(router)).isEmpty();
    }
  }

  @Test
  void everything_can_be_removed() throws Exception {
    Lab lab = new Lab();
    NetworkPlan plan = twoTasks();
    lab.apply(plan);
    lab.task(plan, "vpc-0a", "eni-0c");
    lab.close();
    assertThat(new KernelReader(new Commands()).namespaces(lab.settings.names().prefix()))
        .isEmpty();
    assertThat(Files.exists(Path.of("/sys/class/net", lab.settings.names().hostLink()))).isFalse();
    assertThat(new Commands().run("nft", "list", "tables"))
        .doesNotContain(lab.settings.names().hostTable());
    assertThat(new Commands().run("iptables", "-w", "-S", "DOCKER-USER"))
        .doesNotContain(lab.settings.names().hostLink());
  }
}
