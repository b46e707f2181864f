package gantry.services.ecr;

import gantry.services.AesGcmSecretBox;
import gantry.services.Caller;
import gantry.services.Clients;
import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.ServiceContext.Endpoint;
import gantry.services.ecr.EcrTables.RepositoryRow;
import gantry.services.iam.Iam;
import gantry.services.iam.IamAuthorizer.Mode;
import gantry.services.sts.Sts;
import gantry.state.Controller;
import gantry.state.Feed;
import gantry.state.Ids;
import gantry.state.MemoryStore;
import gantry.state.Scope;
import gantry.state.SeededIds;
import gantry.state.Store;
import gantry.state.Table;
import gantry.state.Tx;
import gantry.state.View;
import gantry.state.VirtualTime;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.services.ecr.EcrClient;
import software.amazon.awssdk.services.ecr.model.ImageTagMutability;
import software.amazon.awssdk.services.ecr.model.Repository;

/** A registry with its data plane on a port of loopback, and a small client of it. */
final class World implements AutoCloseable {

  static final Scope HOME = new Scope("000000000000", "us-east-1");

  final VirtualTime time = new VirtualTime();
  final Ids ids = new SeededIds(1);
  private final Store memory = MemoryStore.of(time, tables(ids));
  final Store store = new Failable();
  final JdkServer server;
  final EcrHost host;
  final Registry registry;
  final Tokens tokens;
  final EcrClient ecr;
  final Path folder;
  final HttpClient client = HttpClient.newHttpClient();

  World(Path folder) throws IOException {
    this(folder, EcrSettings.open(HOME));
  }

  World(Path folder, EcrSettings settings) throws IOException {
    this.folder = folder;
    server = new JdkServer(http -> http.respond(503, new byte[0]));
    host =
        new EcrHost(
            new ServiceContext(
                store,
                time,
                time,
                ids,
                new NoClients(),
                folder,
                new Endpoint("127.0.0.1", server.port())),
            settings);
    registry = host.registry;
    tokens = host.tokens;
    ecr = host.client();
    server.use(host.dataPlane());
  }

  /** While set, the tables take no writes. */
  volatile boolean logUnavailable;

  /** Runs before the next write: what another request does in between. */
  volatile @Nullable Runnable beforeNextWrite;

  private final class Failable implements Store {

    @Override
    public View snapshot() {
      return memory.snapshot();
    }

    @Override
    public <R> R write(Function<Tx, R> writer) {
      if (logUnavailable) {
        throw new LogUnavailable("no space left on device", new IOException());
      }
      Runnable first = beforeNextWrite;
      if (first != null) {
        beforeNextWrite = null;
        first.run();
      }
      return memory.write(writer);
    }

    @Override
    public Feed feed() {
      return memory.feed();
    }

    @Override
    public void close() {
      memory.close();
    }
  }

  /** The registry's tables, and IAM's and STS's, which say who a caller is. */
  static List<Table<?>> tables(Ids ids) {
    SecretBox box = new AesGcmSecretBox(new byte[AesGcmSecretBox.KEY_BYTES], ids);
    List<Table<?>> tables = new ArrayList<>(EcrTables.all());
    tables.addAll(Iam.hosted(box).tables());
    tables.addAll(Sts.hosted(box, (issuer, keyId) -> null).tables());
    return tables;
  }

  /** Settings of a registry that wants credentials. */
  static EcrSettings closed() {
    return new EcrSettings(
        HOME, false, null, Mode.AUDIT, ImagesInUse.NONE, Upstream.NONE, Set.of());
  }

  /** Other services, of which there are none here. */
  static final class NoClients implements Clients {
    @Override
    public <C extends SdkClient> C as(String principal, Scope scope, Class<C> client) {
      throw new UnsupportedOperationException("no " + client);
    }

    @Override
    public <C extends SdkClient> C asRole(
        String principal, String roleArn, String sessionName, Scope scope, Class<C> client) {
      throw new UnsupportedOperationException("no " + client);
    }
  }

  /** Calls the API as a user of that account and region. */
  <R> R as(Scope scope, Function<EcrClient, R> call) {
    Caller caller =
        new Caller(
            scope.account(),
            scope.region(),
            "arn:aws:iam::" + scope.account() + ":user/dev",
            "AIDATEST",
            null,
            Map.of(),
            "request",
            "127.0.0.1",
            null);
    return ScopedValue.where(Caller.CURRENT, caller).call(() -> call.apply(ecr));
  }

  <R> R call(Function<EcrClient, R> call) {
    return as(HOME, call);
  }

  /** Runs the controllers until there is nothing more to do now. */
  void settle() {
    for (boolean more = true; more; ) {
      long before = store.snapshot().revision();
      for (Controller controller : host.controllers()) {
        if (!(controller instanceof Collector)) {
          controller.all(store.snapshot()).toList().forEach(controller::reconcile);
        }
      }
      more = store.snapshot().revision() != before;
    }
  }

  World repository(String name) {
    return repository(HOME, name, ImageTagMutability.MUTABLE);
  }

  World repository(Scope scope, String name, ImageTagMutability mutability) {
    store.write(
        tx -> {
          tx.put(
              EcrTables.REPOSITORIES,
              scope.key(name),
              new RepositoryRow(
                  Repository.builder()
                      .repositoryName(name)
                      .registryId(scope.account())
                      .repositoryArn(Registry.arn(scope, name))
                      .createdAt(time.instant())
                      .imageTagMutability(mutability)
                      .build(),
                  Map.of(),
                  null,
                  null,
                  null,
                  null,
                  null));
          return null;
        });
    return this;
  }

  // ---- a client

  HttpResponse<byte[]> send(String method, String path, byte[] body, String... headers)
      throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(path.startsWith("http") ? path : server.url() + path))
            .method(
                method,
                body.length == 0 ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    try {
      return client.send(request.build(), BodyHandlers.ofByteArray());
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  /** Sends a body without saying its length. */
  HttpResponse<byte[]> stream(String method, String path, byte[] body, String... headers)
      throws IOException {
    try {
      return client.send(
          HttpRequest.newBuilder(URI.create(server.url() + path))
              .method(method, BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body)))
              .headers(headers)
              .build(),
          BodyHandlers.ofByteArray());
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  HttpResponse<byte[]> get(String path, String... headers) throws IOException {
    return send("GET", path, new byte[0], headers);
  }

  HttpResponse<byte[]> head(String path) throws IOException {
    return send("HEAD", path, new byte[0]);
  }

  HttpResponse<byte[]> post(String path) throws IOException {
    return send("POST", path, new byte[0]);
  }

  HttpResponse<byte[]> delete(String path) throws IOException {
    return send("DELETE", path, new byte[0]);
  }

  static String header(HttpResponse<?> response, String name) {
    return response.headers().firstValue(name).orElse("");
  }

  static String text(HttpResponse<byte[]> response) {
    return new String(response.body(), StandardCharsets.UTF_8);
  }

  /** The code of the first error of a refusal. */
  static String code(HttpResponse<byte[]> response) {
    Map<String, Object> json = Json.object(response.body());
    return json == null
        ? text(response)
        : String.valueOf(Json.children(json, "errors").getFirst().get("code"));
  }

  /** Pushes a blob as docker does (POST, then PUT with the whole) and returns its digest. */
  Digest pushBlob(String repository, byte[] content) throws IOException {
    Digest digest = Digest.of(content);
    String location = header(post("/v2/" + repository + "/blobs/uploads/"), "Location");
    HttpResponse<byte[]> done =
        send(
            "PUT",
            location + "?digest=" + digest,
            content,
            "Content-Type",
            "application/octet-stream");
    if (done.statusCode() != 201) {
      throw new IOException(done.statusCode() + " " + text(done));
    }
    return digest;
  }

  HttpResponse<byte[]> pushManifest(String repository, String reference, byte[] bytes, String type)
      throws IOException {
    return send(
        "PUT", "/v2/" + repository + "/manifests/" + reference, bytes, "Content-Type", type);
  }

  /** Pushes an image with one layer of that content; returns its digest. */
  Digest pushImage(String repository, String reference, String content) throws IOException {
    byte[] manifest = image(repository, content);
    HttpResponse<byte[]> response =
        pushManifest(repository, reference, manifest, Manifest.OCI_MANIFEST);
    if (response.statusCode() != 201) {
      throw new IOException(response.statusCode() + " " + text(response));
    }
    return Digest.of(manifest);
  }

  /** Pushes what an image needs; returns its manifest. */
  byte[] image(String repository, String content) throws IOException {
    byte[] config =
        ("{\"architecture\":\"amd64\",\"os\":\"linux\",\"x\":\"" + content + "\"}")
            .getBytes(StandardCharsets.UTF_8);
    byte[] layer = content.getBytes(StandardCharsets.UTF_8);
    pushBlob(repository, config);
    pushBlob(repository, layer);
    return Manifests.image(config, layer);
  }

  @Override
  public void close() {
    server.close();
    client.close();
    store.close();
  }
}
