package gantry.app.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** A small client of the distribution protocol. */
final class Pushes implements AutoCloseable {

  static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
  static final String INDEX = "application/vnd.oci.image.index.v1+json";
  private static final String LAYER = "application/vnd.oci.image.layer.v1.tar";

  private final String url;
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  Pushes(String url) {
    this.url = url;
  }

  static String digest(byte[] bytes) {
    try {
      return "sha256:"
          + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  HttpResponse<byte[]> send(String method, String path, byte[] body, String... headers)
      throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(path.startsWith("http") ? path : url + path))
            .method(method, BodyPublishers.ofByteArray(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    try {
      return client.send(request.build(), BodyHandlers.ofByteArray());
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  private static HttpResponse<byte[]> good(HttpResponse<byte[]> answer) throws IOException {
    if (answer.statusCode() >= 300) {
      throw new IOException(
          answer.request().method()
              + " "
              + answer.uri()
              + ": "
              + answer.statusCode()
              + " "
              + new String(answer.body(), UTF_8));
    }
    return answer;
  }

  /** As docker does: POST, PATCH, PUT. */
  String blob(String repository, byte[] content) throws IOException {
    String digest = digest(content);
    String location =
        location(good(send("POST", "/v2/" + repository + "/blobs/uploads/", new byte[0])));
    location = location(good(send("PATCH", location, content)));
    good(
        send(
            "PUT",
            location + (location.contains("?") ? "&" : "?") + "digest=" + digest,
            new byte[0]));
    return digest;
  }

  private static String location(HttpResponse<byte[]> answer) {
    return answer.headers().firstValue("location").orElseThrow();
  }

  static byte[] config(String architecture) {
    return ("{\"os\":\"linux\",\"architecture\":\""
            + architecture
            + "\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}")
        .getBytes(UTF_8);
  }

  static byte[] manifest(byte[] config, List<byte[]> layers) {
    List<String> said = new ArrayList<>();
    for (byte[] layer : layers) {
      said.add(descriptor(LAYER, layer));
    }
    return ("{\"schemaVersion\":2,\"mediaType\":\""
            + MANIFEST
            + "\",\"config\":"
            + descriptor("application/vnd.oci.image.config.v1+json", config)
            + ",\"layers\":["
            + String.join(",", said)
            + "]}")
        .getBytes(UTF_8);
  }

  private static String descriptor(String type, byte[] content) {
    return "{\"mediaType\":\""
        + type
        + "\",\"digest\":\""
        + digest(content)
        + "\",\"size\":"
        + content.length
        + "}";
  }

  /** Pushes an image; returns its digest. */
  String image(String repository, String tag, String architecture, byte[]... layers)
      throws IOException {
    byte[] config = config(architecture);
    blob(repository, config);
    for (byte[] layer : layers) {
      blob(repository, layer);
    }
    byte[] manifest = manifest(config, List.of(layers));
    put(repository, tag, MANIFEST, manifest);
    return digest(manifest);
  }

  void put(String repository, String reference, String type, byte[] manifest) throws IOException {
    good(
        send(
            "PUT",
            "/v2/" + repository + "/manifests/" + reference,
            manifest,
            "Content-Type",
            type));
  }

  byte[] get(String path) throws IOException {
    return good(send("GET", path, new byte[0])).body();
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}
