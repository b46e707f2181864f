package gantry.services.ecr;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a manifest says: Docker's schema 2 and manifest list, OCI's image manifest and index, and
 * any OCI artifact. The bytes themselves are kept as they came; this is only read out of them.
 *
 * @param mediaType what it is stored and served as
 * @param artifactType of an artifact: its own, else the type of its configuration
 * @param blobs configuration and layers that must be in the repository
 * @param children the manifests that an index names
 * @param subject the manifest that this one is about, for referrers
 */
record Manifest(
    String mediaType,
    @Nullable String artifactType,
    @Nullable Descriptor config,
    List<Descriptor> blobs,
    List<Descriptor> children,
    @Nullable Digest subject,
    Map<String, String> annotations) {

  static final String DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
  static final String DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
  static final String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
  static final String OCI_INDEX = "application/vnd.oci.image.index.v1+json";

  /** AWS's limit of a manifest, which is also the one that OCI asks for. */
  static final int MAX_BYTES = 4 * 1024 * 1024;

  /** How many descriptors one manifest may carry: bounds what one push makes us look up. */
  static final int MAX_DESCRIPTORS = 10_000;

  /**
   * @param platform {@code os/architecture[/variant]}, of the entries of an index that say so
   */
  record Descriptor(
      Digest digest, long size, String mediaType, @Nullable String platform, boolean foreign) {}

  /** The manifest is not one; the message says why. */
  static final class Invalid extends Exception {
    private static final long serialVersionUID = 1L;

    Invalid(String message) {
      super(message);
    }
  }

  boolean isIndex() {
    return mediaType.equals(OCI_INDEX) || mediaType.equals(DOCKER_LIST);
  }

  /** The bytes that a pull of this one image moves. */
  long blobBytes() {
    long sum = 0;
    for (Descriptor blob : blobs) {
      sum += blob.size;
    }
    return sum;
  }

  /**
   * @param givenType the {@code Content-Type} of the push or imageManifestMediaType; null when not
   *     said
   */
  static Manifest parse(byte[] bytes, @Nullable String givenType) throws Invalid {
    Map<String, Object> json = Json.object(bytes);
    if (json == null) {
      throw new Invalid("the manifest is not a JSON object");
    }
    checkForm(json);
    return read(json, givenType);
  }

  /** What would otherwise read as absent, and the image be taken for one without it. */
  private static void checkForm(Map<String, Object> json) throws Invalid {
    for (String name : List.of("layers", "manifests")) {
      Object value = json.get(name);
      if (value != null
          && !(value instanceof List<?> list
              && list.stream().allMatch(each -> each instanceof Map<?, ?>))) {
        throw new Invalid(name + " is a list of objects");
      }
    }
    for (String name : List.of("subject", "annotations")) {
      Object value = json.get(name);
      if (value != null && !(value instanceof Map<?, ?>)) {
        throw new Invalid(name + " is an object");
      }
    }
  }

  private static Manifest read(Map<String, Object> json, @Nullable String givenType)
      throws Invalid {
    if (!Long.valueOf(2).equals(Json.number(json, "schemaVersion"))) {
      throw new Invalid("schemaVersion must be 2");
    }
    String ownType = Json.text(json, "mediaType");
    String given = givenType == null ? null : bareType(givenType);
    if (ownType != null && given != null && !ownType.equals(given)) {
      throw new Invalid(
          "the manifest says its media type is " + ownType + ", the request says " + given);
    }
    String mediaType = ownType != null ? ownType : given;
    if (mediaType == null) {
      throw new Invalid("the manifest has no mediaType and none was given");
    }
    boolean index =
        switch (mediaType) {
          case OCI_INDEX, DOCKER_LIST -> true;
          case OCI_MANIFEST, DOCKER_MANIFEST -> false;
          default -> throw new Invalid("unsupported manifest media type " + mediaType);
        };
    // A document that clients could read as either kind has fooled registries before.
    if (index && (json.containsKey("layers") || json.containsKey("config"))) {
      throw new Invalid("an index has neither config nor layers");
    }
    if (!index && json.containsKey("manifests")) {
      throw new Invalid("an image manifest has no manifests");
    }

    Descriptor config = null;
    List<Descriptor> blobs = new ArrayList<>();
    List<Descriptor> children = new ArrayList<>();
    if (index) {
      if (!(json.get("manifests") instanceof List<?>)) {
        throw new Invalid("an index has a list of manifests");
      }
      for (Map<String, Object> entry : limited(Json.children(json, "manifests"))) {
        children.add(descriptor(entry, "manifests"));
      }
    } else {
      if (!(json.get("config") instanceof Map<?, ?>)) {
        throw new Invalid("an image manifest has a config");
      }
      config = descriptor(Json.child(json, "config"), "config");
      blobs.add(config);
      for (Map<String, Object> entry : limited(Json.children(json, "layers"))) {
        blobs.add(descriptor(entry, "layers"));
      }
    }
    Digest subject = null;
    if (json.get("subject") instanceof Map<?, ?>) {
      subject = descriptor(Json.child(json, "subject"), "subject").digest;
    }
    String artifactType = Json.text(json, "artifactType");
    if ((artifactType == null || artifactType.isEmpty()) && config != null) {
      artifactType = config.mediaType;
    }
    Map<String, String> annotations = new LinkedHashMap<>();
    Json.child(json, "annotations")
        .forEach((name, value) -> annotations.put(name, String.valueOf(value)));
    return new Manifest(
        mediaType,
        artifactType == null || artifactType.isEmpty() ? null : artifactType,
        config,
        List.copyOf(blobs),
        List.copyOf(children),
        subject,
        annotations);
  }

  /** For manifests that are in the store already: they were checked when they came. */
  static Manifest stored(byte[] bytes, String mediaType) {
    Map<String, Object> json = Json.object(bytes);
    if (json == null) {
      throw new IllegalStateException("a stored manifest is not a JSON object");
    }
    try {
      return read(json, mediaType);
    } catch (Invalid e) {
      throw new IllegalStateException("a stored manifest does not read: " + e.getMessage(), e);
    }
  }

  /**
   * What a Content-Type says of a manifest; null for those that say nothing of it, which some
   * clients and registries send.
   */
  static @Nullable String told(@Nullable String contentType) {
    return contentType == null
            || contentType.isBlank()
            || bareType(contentType).equals("application/json")
            || bareType(contentType).equals("application/octet-stream")
        ? null
        : contentType;
  }

  private static String bareType(String contentType) {
    int parameters = contentType.indexOf(';');
    return (parameters < 0 ? contentType : contentType.substring(0, parameters)).trim();
  }

  private static List<Map<String, Object>> limited(List<Map<String, Object>> entries)
      throws Invalid {
    if (entries.size() > MAX_DESCRIPTORS) {
      throw new Invalid("more than " + MAX_DESCRIPTORS + " entries");
    }
    return entries;
  }

  private static Descriptor descriptor(Map<String, Object> json, String where) throws Invalid {
    String text = Json.text(json, "digest");
    Digest digest = text == null ? null : Digest.parse(text);
    if (digest == null) {
      throw new Invalid(where + ": invalid digest " + text);
    }
    Long size = Json.number(json, "size");
    if (size == null || size < 0) {
      throw new Invalid(where + ": " + digest + " has no size");
    }
    String mediaType = Json.text(json, "mediaType");
    if (mediaType == null || mediaType.isEmpty()) {
      throw new Invalid(where + ": " + digest + " has no mediaType");
    }
    Map<String, Object> platform = Json.child(json, "platform");
    String os = Json.text(platform, "os");
    String architecture = Json.text(platform, "architecture");
    String variant = Json.text(platform, "variant");
    String name =
        os == null || architecture == null
            ? null
            : os + "/" + architecture + (variant == null ? "" : "/" + variant);
    return new Descriptor(digest, size, mediaType, name, isForeign(mediaType, json));
  }

  /**
   * A layer that may not be passed on, or that names where else it lies, need not be in the
   * registry: clients fetch it from there.
   */
  private static boolean isForeign(String mediaType, Map<String, Object> json) {
    return mediaType.contains(".nondistributable.")
        || mediaType.equals("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")
        || !Json.texts(json, "urls").isEmpty();
  }
}
