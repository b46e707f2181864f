package gantry.app.bench;

import gantry.app.Folders;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/**
 * The processes that {@link AlbBench} sets beside each other: ours, nginx and HAProxy on the first
 * core with one worker each, all with the same certificate and ALB's headers; the backend and the
 * paced load on the second.
 */
@SuppressWarnings("StringConcatToTextBlock")
final class AlbPeers implements AutoCloseable {

  /** The first of the seven ports, where the usual ones are taken. */
  private static final String PORT_PROPERTY = "gantry.bench.alb.port";

  private static final int FIRST_PORT = Integer.getInteger(PORT_PROPERTY, 21410);
  static final int BACKEND = FIRST_PORT;
  static final int OURS = FIRST_PORT + 1;
  static final int OURS_TLS = FIRST_PORT + 2;
  private static final int NGINX = FIRST_PORT + 3;
  private static final int NGINX_TLS = FIRST_PORT + 4;
  private static final int HAPROXY = FIRST_PORT + 5;
  private static final int HAPROXY_TLS = FIRST_PORT + 6;

  /** How long they may take to end. */
  private static final int END_SECONDS = 5;

  static final int PROXIES_CORE = 0;
  static final int LOADS_CORE = 1;

  /** One of the three. */
  record Proxy(String name, Process process, int port, int tlsPort) {}

  private final List<Process> started = new CopyOnWriteArrayList<>();
  private final Path folder;
  final List<Proxy> proxies;
  private final Process load;

  AlbPeers() throws IOException, InterruptedException {
    folder = Files.createTempDirectory("alb-bench");
    // Whoever ends the benchmark with a signal is not to be left with its processes.
    Runtime.getRuntime().addShutdownHook(new Thread(this::close));
    prepare();
    start(LOADS_CORE, "nginx", "-c", folder + "/backend.conf");
    // ./gantry's own options, but for a heap that is not half of the machine.
    Process ours =
        java(
            PROXIES_CORE,
            List.of("-Xms256m", "-Xmx256m"),
            AlbBench.class.getName(),
            "serve",
            folder.toString());
    proxies =
        List.of(
            new Proxy("gantry", ours, OURS, OURS_TLS),
            new Proxy(
                "nginx",
                start(PROXIES_CORE, "nginx", "-c", folder + "/proxy.conf"),
                NGINX,
                NGINX_TLS),
            new Proxy(
                "haproxy",
                start(PROXIES_CORE, "haproxy", "-f", folder + "/haproxy.cfg"),
                HAPROXY,
                HAPROXY_TLS));
    // Room for all that a run allocates: a pause of the load's own would be taken for the server's.
    load =
        java(
            LOADS_CORE,
            List.of("-Xms640m", "-Xmx640m", "-Xmn512m"),
            AlbBench.class.getName(),
            "load");
    await(BACKEND);
    for (Proxy proxy : proxies) {
      await(proxy.port());
    }
  }

  Proxy ours() {
    return proxies.getFirst();
  }

  /** A run of the paced load. */
  PacedLoad.Found paced(PacedLoad.Run run) throws IOException {
    return PacedLoad.Found.parse(tell(load, run.line()));
  }

  /** Has our process change its rules; {@link #line} reads what it says of that in the end. */
  void change() throws IOException {
    ours().process().getOutputStream().write('\n');
    ours().process().getOutputStream().flush();
  }

  String line() throws IOException {
    return said(ours().process());
  }

  private String tell(Process process, String line) throws IOException {
    process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.US_ASCII));
    process.getOutputStream().flush();
    return said(process);
  }

  private String said(Process process) throws IOException {
    String answer = process.inputReader().readLine();
    if (answer == null) {
      throw new IOException("a process of the benchmark ended: " + Files.readString(log()));
    }
    return answer;
  }

  private Path log() {
    return folder.resolve("log");
  }

  private Process java(int core, List<String> heap, String... rest) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "taskset",
                "-c",
                Integer.toString(core),
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:+UseCompactObjectHeaders",
                "-XX:-UsePerfData",
                "-D" + PORT_PROPERTY + "=" + FIRST_PORT,
                "-Dio.netty.leakDetection.level=disabled", // as Main sets it
                "--sun-misc-unsafe-memory-access=allow",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path")));
    command.addAll(heap);
    command.addAll(Arrays.asList(rest));
    Process process =
        new ProcessBuilder(command)
            .redirectError(ProcessBuilder.Redirect.appendTo(log().toFile()))
            .start();
    started.add(process);
    return process;
  }

  private Process start(int core, String... command) throws IOException {
    List<String> pinned = new ArrayList<>(List.of("taskset", "-c", Integer.toString(core)));
    pinned.addAll(Arrays.asList(command));
    Process process =
        new ProcessBuilder(pinned)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
            .start();
    started.add(process);
    return process;
  }

  private void await(int port) throws IOException, InterruptedException {
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (true) {
      try {
        new Socket(InetAddress.getLoopbackAddress(), port).close();
        return;
      } catch (IOException notYet) {
        if (System.nanoTime() > end) {
          throw new IOException(
              "nothing listens on " + port + ": " + Files.readString(log()), notYet);
        }
        TimeUnit.MILLISECONDS.sleep(50);
      }
    }
  }

  private void prepare() throws IOException, InterruptedException {
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
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", command) + ": " + said);
    }
  }

  @Override
  public void close() {
    for (Process process : started) {
      process.descendants().forEach(ProcessHandle::destroy);
      process.destroy();
    }
    try {
      for (Process process : started) {
        if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
          process.destroyForcibly();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Folders.delete(folder);
  }
}
