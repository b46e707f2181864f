package gantry.services.ecr;

import gantry.services.ecr.Addresses.Address;
import gantry.services.ecr.Addresses.Reference;
import gantry.services.ecr.EcrTables.ImageRow;
import gantry.services.ecr.EcrTables.Status;
import gantry.services.ecr.Manifest.Descriptor;
import gantry.state.View;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What {@code gantry image inspect REF} tells of an image in this registry: which architectures it
 * is for, what it is made of, and what stands under its tag now. Where it runs is known elsewhere
 * and compared with {@link Inspected#digest}.
 */
public final class ImageInspection {

  private static final int MAX_CONFIG = 8 * 1024 * 1024;

  private final Registry registry;

  ImageInspection(Registry registry) {
    this.registry = registry;
  }

  /**
   * One image, or the index of several.
   *
   * @param repository where it is
   * @param tag the tag that was asked for; null for a digest
   * @param pulledAt when it was last pulled, to a day
   * @param tagSetAt when the tag came to stand for this image
   * @param sizeInBytes what a pull moves, as DescribeImages says it
   * @param archived whether it has to be restored before it can be pulled
   * @param platforms one for each architecture
   */
  public record Inspected(
      Address repository,
      String uri,
      @Nullable String tag,
      String digest,
      String mediaType,
      List<String> tags,
      Instant pushedAt,
      @Nullable Instant pulledAt,
      @Nullable Instant tagSetAt,
      long sizeInBytes,
      boolean archived,
      List<Platform> platforms) {

    /** Whether a task that runs {@code runningDigest} runs what stands under this reference now. */
    public boolean isCurrent(String runningDigest) {
      return digest.equals(runningDigest)
          || platforms.stream().anyMatch(each -> each.digest.equals(runningDigest));
    }
  }

  /**
   * The image of one architecture.
   *
   * @param name such as {@code linux/arm64}; {@code unknown} for artifacts that say none
   */
  public record Platform(String name, String digest, long sizeInBytes, List<Layer> layers) {}

  /** One layer, as it lies in the registry. */
  public record Layer(String digest, String mediaType, long sizeInBytes) {}

  /**
   * Looks at an image; empty when it is not in this registry.
   *
   * @param reference such as {@code localhost:4566/app:v1}, {@code
   *     000000000000.dkr.ecr.us-east-1.amazonaws.com/app@sha256:…} or just {@code app}
   */
  public Optional<Inspected> inspect(String reference) throws IOException {
    Reference named = registry.addresses.reference(reference, true);
    if (named == null) {
      return Optional.empty();
    }
    Address address = named.address();
    String tag = named.digest() == null ? named.tag() : null;
    View view = registry.store.snapshot();
    ImageRow image = Images.find(view, address.registry(), address.repository(), named.wanted());
    if (image == null) {
      return Optional.empty();
    }
    List<Platform> platforms = new ArrayList<>();
    Manifest manifest = Manifest.stored(registry.images.manifestBytes(image), image.mediaType());
    if (manifest.isIndex()) {
      for (Descriptor child : manifest.children()) {
        ImageRow row =
            Images.find(view, address.registry(), address.repository(), child.digest().toString());
        if (row != null) {
          platforms.add(platform(row, child.platform()));
        }
      }
    } else {
      platforms.add(platform(image, null));
    }
    var tagRow =
        tag == null
            ? null
            : view.get(
                EcrTables.TAGS, EcrTables.tagKey(address.registry(), address.repository(), tag));
    return Optional.of(
        new Inspected(
            address,
            registry.addresses.uri(address.registry(), address.repository()),
            tag,
            image.digest(),
            image.mediaType(),
            EcrTables.tagsOf(view, address.registry(), image),
            image.pushedAt(),
            image.pulledAt(),
            tagRow == null ? null : tagRow.setAt(),
            image.sizeInBytes(),
            image.status() == Status.ARCHIVED,
            platforms));
  }

  private Platform platform(ImageRow image, @Nullable String said) throws IOException {
    Manifest manifest = Manifest.stored(registry.images.manifestBytes(image), image.mediaType());
    List<Layer> layers = new ArrayList<>();
    for (Descriptor blob : manifest.blobs()) {
      if (!blob.equals(manifest.config())) {
        layers.add(new Layer(blob.digest().toString(), blob.mediaType(), blob.size()));
      }
    }
    return new Platform(
        said != null ? said : platformOf(manifest), image.digest(), manifest.blobBytes(), layers);
  }

  /** What an image without an index is for, its configuration says. */
  private String platformOf(Manifest manifest) throws IOException {
    Descriptor config = manifest.config();
    if (config == null || config.size() > MAX_CONFIG) {
      return "unknown";
    }
    Map<String, Object> json = Json.object(registry.blobs.readSmall(config.digest(), MAX_CONFIG));
    String os = json == null ? null : Json.text(json, "os");
    String architecture = json == null ? null : Json.text(json, "architecture");
    if (json == null || os == null || architecture == null) {
      return "unknown";
    }
    String variant = Json.text(json, "variant");
    return os + "/" + architecture + (variant == null ? "" : "/" + variant);
  }
}
