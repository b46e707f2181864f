package gantry.sim;

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
import gantry.traffic.lb.RoutingTable.Version;
import gantry.traffic.lb.SocketRooms;
import java.io.IOException;
import java.io.InputStream;
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
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The application load balancer beside nginx and HAProxy: the same backends in the same run, each
 * proxy alone on the first core with one worker, load (wrk) and backends (nginx) on the second. Says
 * requests a second, the proxy's CPU time for each, and the 99th percentile.
 */
@SuppressWarnings("StringConcatToTextBlock")
public final class AlbBench {

  private static final int FIRST_PORT = 21410;
  private static final int BACKEND = FIRST_PORT;
  private static final int OURS = FIRST_PORT + 1;
  private static final int OURS_TLS = FIRST_PORT + 2;
  private static final int NGINX = FIRST_PORT + 3;
  private static final int NGINX_TLS = FIRST_PORT + 4;
  private static final int HAPROXY = FIRST_PORT + 5;
  private static final int HAPROXY_TLS = FIRST_PORT + 6;
  private static final int CONNECTIONS = 64;
  private static final long TICKS_A_SECOND = 100;

  private record Result(double requests, double cpuMicros, String p99) {}

  private AlbBench() {}

  public static void main(String[] args) throws Exception {
    if (args.length > 0 && args[0].equals("serve")) {
      serve(Path.of(args[1]));
      return;
    }
    int seconds = args.length > 0 ? Integer.parseInt(args[0]) : 8;
    Path folder = Files.createTempDirectory("alb-bench");
    List<Process> started = new ArrayList<>();
    try {
      prepare(folder);
      started.add(start(folder, "taskset", "-c", "1", "nginx", "-c", folder + "/backend.conf"));
      Process ours =
          start(
              folder,
              "taskset",
              "-c",
              "0",
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "-XX:+UseSerialGC",
              "-Xms256m",
              "-Xmx256m",
              "-XX:+UseCompactObjectHeaders",
              "--sun-misc-unsafe-memory-access=allow",
              "-Dio.netty.noUnsafe=false",
              "--enable-native-access=ALL-UNNAMED",
              "-cp",
              System.getProperty("java.class.path"),
              AlbBench.class.getName(),
              "serve",
              folder.toString());
      Process nginx = start(folder, "taskset", "-c", "0", "nginx", "-c", folder + "/proxy.conf");
      Process haproxy =
          start(folder, "taskset", "-c", "0", "haproxy", "-f", folder + "/haproxy.cfg");
      started.addAll(List.of(ours, nginx, haproxy));
      for (int port : new int[] {BACKEND, OURS, NGINX, HAPROXY}) {
        awaitPort(port);
      }
      // The JIT needs to have seen the work.
      warm("http", OURS, "/1k", false, 120_000);
      warm("http", OURS, "/64k", false, 30_000);
      for (String size : List.of("/1k", "/64k")) {
        System.out.println(size.substring(1) + "B answers, " + CONNECTIONS + " connections");
        print("gantry", measure(ours, "http", OURS, size, seconds, false));
        print("nginx", measure(nginx, "http", NGINX, size, seconds, false));
        print("haproxy", measure(haproxy, "http", HAPROXY, size, seconds, false));
      }
      warm("https", OURS_TLS, "/1k", true, 8_000);
      System.out.println("TLS, a new connection for each request (ECDSA P-256, 1 kB)");
      print("gantry", measure(ours, "https", OURS_TLS, "/1k", seconds, true));
      print("nginx", measure(nginx, "https", NGINX_TLS, "/1k", seconds, true));
      print("haproxy", measure(haproxy, "https", HAPROXY_TLS, "/1k", seconds, true));
    } finally {
      for (Process process : started) {
        process.descendants().forEach(ProcessHandle::destroy);
        process.destroy();
      }
    }
  }

  private static void print(String who, Result r) {
    System.out.printf(
        Locale.ROOT,
        "  %-8s %9.0f requests/s  %6.1f us CPU each  p99 %s%n",
        who,
        r.requests,
        r.cpuMicros,
        r.p99);
  }

  private static Result measure(
      Process proxy, String scheme, int port, String path, int seconds, boolean close)
      throws IOException, InterruptedException {
    long before = ticks(proxy);
    String report = load(scheme, port, path, seconds, close);
    long used = ticks(proxy) - before;
    double rate = Double.parseDouble(find(report, "Requests/sec:\\s+([0-9.]+)"));
    long count = Long.parseLong(find(report, "(\\d+) requests in"));
    if (report.contains("Non-2xx") || report.contains("Socket errors")) {
      System.out.println(report);
    }
    return new Result(
        rate,
        used * 1e6 / TICKS_A_SECOND / Math.max(1, count),
        find(report, "99%\\s+(\\S+)"));
  }

  /** Until so many requests were served, for at most a minute and a half. */
  private static void warm(String scheme, int port, String path, boolean close, long requests)
      throws IOException, InterruptedException {
    long done = 0;
    for (int i = 0; i < 18 && done < requests; i++) {
      done += Long.parseLong(find(load(scheme, port, path, 5, close), "(\\d+) requests in"));
    }
  }

  private static String load(String scheme, int port, String path, int seconds, boolean close)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "taskset",
                "-c",
                "1",
                "wrk",
                "-t1",
                "-c" + CONNECTIONS,
                "-d" + seconds + "s",
                "--latency"));
    if (close) {
      command.addAll(List.of("-H", "Connection: close"));
    }
    command.add(scheme + "://127.0.0.1:" + port + path);
    Process wrk = new ProcessBuilder(command).redirectErrorStream(true).start();
    String out = new String(wrk.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    wrk.waitFor();
    return out;
  }

  private static String find(String text, String pattern) {
    Matcher m = Pattern.compile(pattern).matcher(text);
    if (!m.find()) {
      throw new IllegalStateException("not in wrk's report: " + pattern + "\n" + text);
    }
    return m.group(1);
  }

  /** User and system time of a process and its children. */
  private static long ticks(Process process) throws IOException {
    long all = ticks(process.pid());
    for (ProcessHandle child : process.descendants().toList()) {
      all += ticks(child.pid());
    }
    return all;
  }

  private static long ticks(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
  }

  private static Process start(Path folder, String... command) throws IOException {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()))
        .start();
  }

  private static void awaitPort(int port) throws InterruptedException {
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (true) {
      try {
        new java.net.Socket(java.net.InetAddress.getLoopbackAddress(), port).close();
        return;
      } catch (IOException notYet) {
        if (System.nanoTime() > end) {
          throw new IllegalStateException("nothing listens on " + port, notYet);
        }
        TimeUnit.MILLISECONDS.sleep(50);
      }
    }
  }

  private static void prepare(Path folder) throws IOException, InterruptedException {
    Files.writeString(folder.resolve("1k"), "x".repeat(1024));
    Files.writeString(folder.resolve("64k"), "x".repeat(65536));
    run(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-keyout", folder + "/key.pem", "-out", folder + "/cert.pem", "-days", "2", "-subj",
        "/CN=localhost");
    Files.writeString(
        folder.resolve("both.pem"),
        Files.readString(folder.resolve("cert.pem")) + Files.readString(folder.resolve("key.pem")));
    run(
        "openssl", "pkcs12", "-export", "-in", folder + "/cert.pem", "-inkey", folder + "/key.pem",
        "-out", folder + "/k.p12", "-passout", "pass:secret", "-name", "k");
    String common =
        "daemon off; worker_processes 1; pid %s/%s.pid; error_log %s/%s.err; user root;\n"
            + "events { worker_connections 4096; }\n";
    Files.writeString(
        folder.resolve("backend.conf"),
        common.formatted(folder, "backend", folder, "backend")
            + """
            http { access_log off; sendfile on; keepalive_requests 1000000000; tcp_nodelay on;
              open_file_cache max=10;
              server { listen 127.0.0.1:%d; root %s; default_type text/plain; } }
            """
                .formatted(BACKEND, folder));
    Files.writeString(
        folder.resolve("proxy.conf"),
        common.formatted(folder, "proxy", folder, "proxy")
            + """
            http { access_log off; keepalive_requests 1000000000; tcp_nodelay on;
              upstream b { server 127.0.0.1:%d; keepalive 128; keepalive_requests 1000000000; }
              server { listen 127.0.0.1:%d; listen 127.0.0.1:%d ssl;
                ssl_certificate %s/cert.pem; ssl_certificate_key %s/key.pem; ssl_protocols TLSv1.2 TLSv1.3;
                location / { proxy_pass http://b; proxy_http_version 1.1; proxy_set_header Connection "";
                  proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                  proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Port $server_port;
                  proxy_set_header X-Amzn-Trace-Id Root=1-$request_id; } } }
            """
                .formatted(BACKEND, NGINX, NGINX_TLS, folder, folder));
    Files.writeString(
        folder.resolve("haproxy.cfg"),
        """
        global
          nbthread 1
          maxconn 8192
        defaults
          mode http
          timeout connect 10s
          timeout client 60s
          timeout server 60s
          option forwardfor
          http-reuse always
        frontend f
          bind 127.0.0.1:%d
          bind 127.0.0.1:%d ssl crt %s/both.pem
          unique-id-format %%{+X}o\\ %%ci:%%cp_%%fi:%%fp_%%Ts_%%rt:%%pid
          http-request set-header X-Forwarded-Proto %%[ssl_fc,iif(https,http)]
          http-request set-header X-Forwarded-Port %%[dst_port]
          http-request set-header X-Amzn-Trace-Id Root=1-%%[uuid()]
          default_backend b
        backend b
          server s 127.0.0.1:%d
        """
            .formatted(HAPROXY, HAPROXY_TLS, folder, BACKEND));
  }

  private static void run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IllegalStateException(String.join(" ", command) + ": " + said);
    }
  }

  // --- the process that is measured ----------------------------------------------------------

  private static void serve(Path folder)
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
                1, SocketRooms.HOST_ONLY, "127.0.0.1", folder, new byte[16], report -> {}))) {
      Rule all = new Rule("rule", 0, List.of(), Action.Forward.to("tg"));
      balancers.apply(
          new RoutingTable(
              1,
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
                          new Listener("listener/1", OURS, Protocol.HTTP, List.of(all)),
                          new Listener(
                              "listener/2",
                              OURS_TLS,
                              Protocol.HTTPS,
                              "ELBSecurityPolicy-TLS13-1-2-2021-06",
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
                      List.of(new Target("127.0.0.1", BACKEND, "127.0.0.1", "az1", false)))),
              List.of(certificate)));
      Thread.currentThread().join();
    }
  }
}
