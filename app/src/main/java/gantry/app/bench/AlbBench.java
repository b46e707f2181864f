package gantry.app.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * {@code gantry bench alb [SECONDS] [ROUNDS]}: the application load balancer beside nginx and
 * HAProxy: the same backend in the same run, turn about, each proxy alone on the first core with
 * one worker, load (wrk) and backend (nginx) on the second. Says requests a second, the proxy's CPU
 * time for each, and the 99th percentile: the median of the rounds. Last, what a change of a table
 * of a thousand rules costs while requests flow.
 */
@SuppressWarnings("StringConcatToTextBlock")
public final class AlbBench {

  private static final int FIRST_PORT = 21410;
  static final int BACKEND = FIRST_PORT;
  static final int OURS = FIRST_PORT + 1;
  static final int OURS_TLS = FIRST_PORT + 2;
  private static final int NGINX = FIRST_PORT + 3;
  private static final int NGINX_TLS = FIRST_PORT + 4;
  private static final int HAPROXY = FIRST_PORT + 5;
  private static final int HAPROXY_TLS = FIRST_PORT + 6;
  private static final int CONNECTIONS = 64;
  private static final long TICKS_A_SECOND = 100;

  /**
   * One round.
   *
   * @param kernelMicros what of the CPU time went by in the kernel
   * @param compilerMicros what of it the JIT took, which does so only in a program's first minutes
   * @param idle of the proxy's core; of the load's
   */
  private record Result(
      double requests,
      double cpuMicros,
      double kernelMicros,
      double compilerMicros,
      double p99Millis,
      double idle,
      double loadIdle) {}

  /** CPU time of a process in ticks. */
  private record Ticks(long user, long kernel, long compiler) {
    Ticks plus(Ticks more) {
      return new Ticks(user + more.user, kernel + more.kernel, compiler + more.compiler);
    }
  }

  /** A core's time in ticks since it runs. */
  private record Core(long idle, long all) {
    double idleSince(Core before) {
      return 100.0 * (idle - before.idle) / Math.max(1, all - before.all);
    }
  }

  /** One of the three. */
  private record Proxy(String name, Process process, int port, int tlsPort) {}

  private AlbBench() {}

  public static void main(String[] args) throws Exception {
    if (args.length > 0 && args[0].equals("serve")) {
      AlbServer.serve(Path.of(args[1]));
      return;
    }
    int seconds = args.length > 0 ? Integer.parseInt(args[0]) : 5;
    int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 3;
    Path folder = Files.createTempDirectory("alb-bench");
    List<Process> started = new ArrayList<>();
    try {
      prepare(folder);
      started.add(start(folder, "taskset", "-c", "1", "nginx", "-c", folder + "/backend.conf"));
      Process ours =
          new ProcessBuilder(
                  "taskset",
                  "-c",
                  "0",
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:+UseSerialGC",
                  "-Xms256m",
                  "-Xmx256m",
                  "-XX:+UseCompactObjectHeaders",
                  "--sun-misc-unsafe-memory-access=allow",
                  "--enable-native-access=ALL-UNNAMED",
                  "-cp",
                  System.getProperty("java.class.path"),
                  AlbBench.class.getName(),
                  "serve",
                  folder.toString())
              .redirectError(ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()))
              .start();
      started.add(ours);
      List<Proxy> proxies =
          List.of(
              new Proxy("gantry", ours, OURS, OURS_TLS),
              new Proxy(
                  "nginx",
                  start(folder, "taskset", "-c", "0", "nginx", "-c", folder + "/proxy.conf"),
                  NGINX,
                  NGINX_TLS),
              new Proxy(
                  "haproxy",
                  start(folder, "taskset", "-c", "0", "haproxy", "-f", folder + "/haproxy.cfg"),
                  HAPROXY,
                  HAPROXY_TLS));
      proxies.forEach(proxy -> started.add(proxy.process()));
      awaitPort(BACKEND);
      for (Proxy proxy : proxies) {
        awaitPort(proxy.port());
      }
      // The JIT needs to have seen the work.
      warm(ours, "http", OURS, "/1k", false, 100_000);
      warm(ours, "http", OURS, "/64k", false, 30_000);
      warm(ours, "https", OURS_TLS, "/1k", true, 20_000);
      System.out.println("load average before: " + loadAverage());
      for (String size : List.of("1k", "64k")) {
        compare(size + "B answers, kept connections", proxies, "/" + size, false, seconds, rounds);
      }
      ceiling();
      compare(
          "TLS 1.3, a full handshake for each request, 1 kB",
          proxies,
          "/1k",
          true,
          seconds,
          rounds);
      change(ours);
      System.out.println("load average after: " + loadAverage());
    } finally {
      for (Process process : started) {
        process.descendants().forEach(ProcessHandle::destroy);
        process.destroy();
      }
    }
  }

  private static void compare(
      String what, List<Proxy> proxies, String path, boolean tls, int seconds, int rounds)
      throws IOException, InterruptedException {
    System.out.println(what + ", " + CONNECTIONS + " clients");
    Map<String, List<Result>> seen = new LinkedHashMap<>();
    for (int i = 0; i < rounds; i++) {
      for (Proxy proxy : proxies) {
        seen.computeIfAbsent(proxy.name(), name -> new ArrayList<>())
            .add(
                measure(
                    proxy.process(),
                    tls ? "https" : "http",
                    tls ? proxy.tlsPort() : proxy.port(),
                    path,
                    seconds,
                    tls));
      }
    }
    seen.forEach(
        (name, results) ->
            System.out.printf(
                Locale.ROOT,
                "  %-8s %9.0f requests/s  %6.1f us CPU each, %6.1f in the kernel, %.1f for the JIT  p99 %.2f ms  core"
                    + " idle %.0f %%, the load's %.0f %%%n",
                name,
                median(results.stream().map(Result::requests)),
                median(results.stream().map(Result::cpuMicros)),
                median(results.stream().map(Result::kernelMicros)),
                median(results.stream().map(Result::compilerMicros)),
                median(results.stream().map(Result::p99Millis)),
                median(results.stream().map(Result::idle)),
                median(results.stream().map(Result::loadIdle))));
  }

  /** What the keys alone cost on the proxies' core: no server can shake more hands than that. */
  private static void ceiling() throws IOException, InterruptedException {
    Process speed =
        new ProcessBuilder(
                "taskset",
                "-c",
                "0",
                "openssl",
                "speed",
                "-seconds",
                "1",
                "ecdsap256",
                "ecdhx25519")
            .redirectErrorStream(true)
            .start();
    String said =
        new String(speed.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    speed.waitFor();
    double signs = Double.parseDouble(find(said, "nistp256\\)\\s+\\S+\\s+\\S+\\s+([0-9.]+)"));
    double exchanges = Double.parseDouble(find(said, "X25519\\)\\s+\\S+\\s+([0-9.]+)"));
    System.out.printf(
        Locale.ROOT,
        "openssl on the proxies' core: %.0f P-256 signatures/s, %.0f X25519 exchanges/s: a handshake"
            + " is one and two of them, %.0f us, so at most %.0f/s without anything else%n",
        signs,
        exchanges,
        1e6 * (1 / signs + 2 / exchanges),
        1 / (1 / signs + 2 / exchanges));
  }

  private static double median(Stream<Double> values) {
    List<Double> sorted = values.sorted().toList();
    return sorted.get(sorted.size() / 2);
  }

  private static String loadAverage() throws IOException {
    return Files.readString(Path.of("/proc/loadavg")).strip();
  }

  /** Tells the process that is measured to change its rules, while requests flow. */
  private static void change(Process ours) throws IOException, InterruptedException {
    ours.getOutputStream().write('\n');
    ours.getOutputStream().flush();
    String report = load("http", OURS, "/1k", 5, false);
    String said = ours.inputReader().readLine();
    boolean lost = report.contains("Non-2xx") || report.contains("Socket errors");
    System.out.printf(
        "%s; of %s requests meanwhile %s%n",
        said, find(report, "(\\d+) requests in"), lost ? "SOME FAILED\n" + report : "none failed");
  }

  private static Result measure(
      Process proxy, String scheme, int port, String path, int seconds, boolean close)
      throws IOException, InterruptedException {
    Ticks before = ticks(proxy);
    Core proxies = core(0);
    Core loads = core(1);
    String report = load(scheme, port, path, seconds, close);
    Ticks after = ticks(proxy);
    double micros = 1e6 / TICKS_A_SECOND;
    double kernel = micros * (after.kernel() - before.kernel());
    double used = micros * (after.user() - before.user()) + kernel;
    double rate = Double.parseDouble(find(report, "Requests/sec:\\s+([0-9.]+)"));
    long count = Long.parseLong(find(report, "(\\d+) requests in"));
    if (report.contains("Non-2xx") || report.contains("Socket errors")) {
      System.out.println(report);
    }
    return new Result(
        rate,
        used / Math.max(1, count),
        kernel / Math.max(1, count),
        micros * Math.max(0, after.compiler() - before.compiler()) / Math.max(1, count),
        millis(find(report, "\n +99%\\s+(\\S+)")),
        core(0).idleSince(proxies),
        core(1).idleSince(loads));
  }

  private static double millis(String text) {
    double number = Double.parseDouble(text.replaceAll("[a-z]", ""));
    return text.endsWith("us") ? number / 1000 : text.endsWith("ms") ? number : number * 1000;
  }

  /** Until so many requests were served and the JIT rests; for a minute and a half at most. */
  private static void warm(
      Process ours, String scheme, int port, String path, boolean close, long requests)
      throws IOException, InterruptedException {
    double served = 0;
    for (int i = 0; i < 30; i++) {
      Result now = measure(ours, scheme, port, path, 3, close);
      served += 3 * now.requests();
      if (served > requests && now.compilerMicros() < 0.1 * now.cpuMicros()) {
        return;
      }
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
    String out =
        new String(wrk.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
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
  private static Ticks ticks(Process process) throws IOException {
    Ticks all = ticks(process.pid());
    for (ProcessHandle child : process.descendants().toList()) {
      all = all.plus(ticks(child.pid()));
    }
    return all;
  }

  private static Ticks ticks(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return new Ticks(Long.parseLong(fields[11]), Long.parseLong(fields[12]), compiler(pid));
  }

  /** The threads that compile, of a Java program. */
  private static long compiler(long pid) throws IOException {
    long all = 0;
    try (Stream<Path> tasks = Files.list(Path.of("/proc/" + pid + "/task"))) {
      for (Path task : tasks.toList()) {
        if (Files.readString(task.resolve("comm")).matches("C[12] Compiler.*\\s*")) {
          String stat = Files.readString(task.resolve("stat"));
          String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
          all += Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
        }
      }
    } catch (java.nio.file.NoSuchFileException ended) {
      // A thread that compiles may end when there is nothing to do.
      return all;
    }
    return all;
  }

  private static Core core(int number) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/stat"))) {
      String[] fields = line.split(" +", -1);
      if (fields[0].equals("cpu" + number)) {
        long all = 0;
        for (int i = 1; i <= 8; i++) {
          all += Long.parseLong(fields[i]);
        }
        return new Core(Long.parseLong(fields[4]) + Long.parseLong(fields[5]), all);
      }
    }
    throw new IllegalStateException("no core " + number);
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
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        folder + "/key.pem",
        "-out",
        folder + "/cert.pem",
        "-days",
        "2",
        "-subj",
        "/CN=localhost");
    Files.writeString(
        folder.resolve("both.pem"),
        Files.readString(folder.resolve("cert.pem")) + Files.readString(folder.resolve("key.pem")));
    run(
        "openssl",
        "pkcs12",
        "-export",
        "-in",
        folder + "/cert.pem",
        "-inkey",
        folder + "/key.pem",
        "-out",
        folder + "/k.p12",
        "-passout",
        "pass:secret",
        "-name",
        "k");
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
    String said =
        new String(
            process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IllegalStateException(String.join(" ", command) + ": " + said);
    }
  }
}
