package gantry.app.bench;

import gantry.traffic.lb.LoadBalancers;
import gantry.traffic.lb.RoutingTable;
import gantry.traffic.lb.RoutingTable.Action;
import gantry.traffic.lb.RoutingTable.Balancer;
import gantry.traffic.lb.RoutingTable.BalancerSettings;
import gantry.traffic.lb.RoutingTable.Certificate;
import gantry.traffic.lb.RoutingTable.GroupSettings;
import gantry.traffic.lb.RoutingTable.HealthCheck;
import gantry.traffic.lb.RoutingTable.Kind;
import gantry.traffic.lb.RoutingTable.Listener;
import gantry.traffic.lb.RoutingTable.Protocol;
import gantry.traffic.lb.RoutingTable.Rule;
import gantry.traffic.lb.RoutingTable.Target;
import gantry.traffic.lb.RoutingTable.TargetGroup;
import gantry.traffic.lb.RoutingTable.TlsPolicy;
import gantry.traffic.lb.RoutingTable.Version;
import gantry.traffic.lb.SocketRooms;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The process that {@link AlbBench} measures: our load balancer with one worker. A line on its
 * input makes it change a rule of a thousand, a hundred times, and say what that took.
 */
final class AlbServer {

  private static final int RULES = 1000;
  private static final int CHANGES = 100;

  /** The nearest to what the other two are told. */
  private static final TlsPolicy POLICY =
      new TlsPolicy(
          List.of("TLSv1.2", "TLSv1.3"),
          List.of(
              "TLS_AES_128_GCM_SHA256",
              "TLS_AES_256_GCM_SHA384",
              "TLS_CHACHA20_POLY1305_SHA256",
              "ECDHE-ECDSA-AES128-GCM-SHA256",
              "ECDHE-ECDSA-AES256-GCM-SHA384"),
          false);

  private AlbServer() {}

  static void serve(Path folder)
      throws IOException, GeneralSecurityException, InterruptedException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(folder.resolve("k.p12"))) {
      store.load(in, "secret".toCharArray());
    }
    Certificate certificate =
        new Certificate(
            "cert",
            (PrivateKey) store.getKey("k", "secret".toCharArray()),
            List.of((X509Certificate) store.getCertificate("k")));
    try (LoadBalancers balancers =
        new LoadBalancers(
            new LoadBalancers.Config(
                1, SocketRooms.HOST_ONLY, "127.0.0.1", folder, new byte[16], "", report -> {}))) {
      balancers.apply(table(certificate, 0));
      // A line is the sign to change a rule of a thousand, again and again.
      System.in.read();
      List<Double> millis = new ArrayList<>();
      List<Double> cpu = new ArrayList<>();
      var threads = ManagementFactory.getThreadMXBean();
      for (int i = 1; i <= CHANGES; i++) {
        RoutingTable next = table(certificate, i);
        long before = System.nanoTime();
        long cpuBefore = threads.getCurrentThreadCpuTime();
        balancers.apply(next);
        cpu.add((threads.getCurrentThreadCpuTime() - cpuBefore) / 1e6);
        millis.add((System.nanoTime() - before) / 1e6);
        TimeUnit.MILLISECONDS.sleep(20);
      }
      millis.sort(null);
      cpu.sort(null);
      System.out.printf(
          Locale.ROOT,
          "a change of one of %d rules: %.2f ms CPU (longest %.2f), median %.2f ms, longest %.2f ms,"
              + " %d times%n",
          RULES,
          cpu.get(cpu.size() / 2),
          cpu.getLast(),
          millis.get(millis.size() / 2),
          millis.getLast(),
          CHANGES);
      Thread.currentThread().join();
    }
  }

  private static RoutingTable table(Certificate certificate, int changed) {
    Rule all = new Rule("rule", 0, List.of(), Action.Forward.to("tg"));
    List<Rule> rules = new ArrayList<>();
    for (int i = 1; i <= RULES && changed > 0; i++) {
      rules.add(
          new Rule(
              "rule/" + i,
              i,
              List.of(
                  new RoutingTable.Condition.Path(
                      List.of("/service-" + i + (i == changed ? "/v" + changed : "") + "/*"))),
              Action.Forward.to("tg")));
    }
    rules.add(all);
    return new RoutingTable(
        1 + changed,
        List.of(
            new Balancer(
                "lb",
                "app/bench/1",
                "000000000000",
                "us-east-1",
                Kind.APPLICATION,
                "bench.us-east-1.elb.amazonaws.com",
                "bench.us-east-1.elb.localhost",
                List.of(),
                BalancerSettings.DEFAULTS,
                List.of(
                    new Listener("listener/1", AlbPeers.OURS, Protocol.HTTP, rules),
                    new Listener(
                        "listener/2",
                        AlbPeers.OURS_TLS,
                        Protocol.HTTPS,
                        POLICY,
                        List.of("cert"),
                        List.of(),
                        List.of(all),
                        Map.of(),
                        true,
                        Duration.ofSeconds(350))))),
        List.of(
            new TargetGroup(
                "tg",
                "targetgroup/tg/1",
                Protocol.HTTP,
                Version.HTTP1,
                SocketRooms.HOST,
                HealthCheck.DEFAULTS,
                GroupSettings.DEFAULTS,
                List.of(new Target("127.0.0.1", AlbPeers.BACKEND, "127.0.0.1", "az1", false)))),
        List.of(certificate));
  }
}
