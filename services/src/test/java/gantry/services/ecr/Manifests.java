package gantry.services.ecr;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Manifests for tests. */
final class Manifests {

  static final String CONFIG = "application/vnd.oci.image.config.v1+json";
  static final String LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

  private Manifests() {}

  static byte[] image(byte[] config, byte[]... layers) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("schemaVersion", 2);
    json.put("mediaType", Manifest.OCI_MANIFEST);
    json.put("config", descriptor(config, CONFIG));
    List<Object> list = new ArrayList<>();
    for (byte[] layer : layers) {
      list.add(descriptor(layer, LAYER));
    }
    json.put("layers", list);
    return Json.write(json);
  }

  static byte[] artifact(
      byte[] config, String configType, @Nullable String artifactType, byte @Nullable [] subject) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("schemaVersion", 2);
    json.put("mediaType", Manifest.OCI_MANIFEST);
    if (artifactType != null) {
      json.put("artifactType", artifactType);
    }
    json.put("config", descriptor(config, configType));
    json.put("layers", List.of());
    if (subject != null) {
      json.put("subject", descriptor(subject, Manifest.OCI_MANIFEST));
    }
    json.put("annotations", Map.of("org.opencontainers.test", "yes"));
    return Json.write(json);
  }

  static byte[] index(byte[]... manifests) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("schemaVersion", 2);
    json.put("mediaType", Manifest.OCI_INDEX);
    List<Object> list = new ArrayList<>();
    for (byte[] manifest : manifests) {
      Map<String, Object> entry = descriptor(manifest, Manifest.OCI_MANIFEST);
      entry.put("platform", Map.of("os", "linux", "architecture", "arm64"));
      list.add(entry);
    }
    json.put("manifests", list);
    return Json.write(json);
  }

  static Map<String, Object> descriptor(byte[] content, String mediaType) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("mediaType", mediaType);
    json.put("digest", Digest.of(content).toString());
    json.put("size", content.length);
    return json;
  }
}
