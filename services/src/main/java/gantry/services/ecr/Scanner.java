package gantry.services.ecr;

import gantry.services.ecr.EcrTables.ImageRow;
import gantry.services.ecr.EcrTables.ScanRow;
import gantry.services.ecr.scan.Installed;
import gantry.services.ecr.scan.Installed.Layer;
import gantry.services.ecr.scan.Vulnerabilities;
import gantry.services.ecr.scan.Vulnerabilities.Finding;
import gantry.state.Change;
import gantry.state.Controller;
import gantry.state.Key;
import gantry.state.View;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.ecr.model.Attribute;
import software.amazon.awssdk.services.ecr.model.FindingSeverity;
import software.amazon.awssdk.services.ecr.model.ImageScanFinding;
import software.amazon.awssdk.services.ecr.model.ImageScanFindings;
import software.amazon.awssdk.services.ecr.model.ImageScanStatus;
import software.amazon.awssdk.services.ecr.model.ScanStatus;

/**
 * Scans images: what their distribution has installed, against the operator's vulnerability list.
 * Without a list the answer is FINDINGS_UNAVAILABLE and says so; it is never an empty list of
 * findings that nobody looked for.
 */
final class Scanner implements Controller {

  private static final Logger LOG = LoggerFactory.getLogger(Scanner.class);

  private static final int MAX_DESCRIPTION = 2_000;

  private final Registry registry;
  private final @Nullable Path folder;

  private record Loaded(String fingerprint, Vulnerabilities list) {}

  private volatile @Nullable Loaded loaded;

  /**
   * @param folder of the vulnerability list; null when the operator has given none
   */
  Scanner(Registry registry, @Nullable Path folder) {
    this.registry = registry;
    this.folder = folder;
  }

  @Override
  public String name() {
    return "ecr-scanner";
  }

  @Override
  public Stream<Key> wokenBy(Change<?> change) {
    return change.after() instanceof ScanRow row && isWaiting(row)
        ? Stream.of(change.key())
        : Stream.empty();
  }

  @Override
  public Stream<Key> all(View view) {
    return view.scanAll(EcrTables.SCANS)
        .filter(row -> isWaiting(row.value()))
        .map(row -> row.key());
  }

  private static boolean isWaiting(ScanRow row) {
    return row.status().status() == ScanStatus.PENDING
        || row.status().status() == ScanStatus.IN_PROGRESS;
  }

  @Override
  public Again reconcile(Key key) {
    View view = registry.store.snapshot();
    ScanRow row = view.get(EcrTables.SCANS, key);
    ImageRow image = view.get(EcrTables.IMAGES, key);
    if (row == null || image == null || !isWaiting(row)) {
      return Again.WHEN_CHANGED;
    }
    Result result = scan(image);
    registry.store.write(
        tx -> {
          if (tx.get(EcrTables.IMAGES, key) != null) {
            tx.put(
                EcrTables.SCANS,
                key,
                new ScanRow(
                    row.repository(),
                    row.digest(),
                    ImageScanStatus.builder()
                        .status(result.status)
                        .description(result.description)
                        .build(),
                    row.requestedAt(),
                    // Findings of the last scan that was completed are kept.
                    result.findings == null ? row.findings() : result.findings));
          }
          return null;
        });
    return Again.WHEN_CHANGED;
  }

  private record Result(
      ScanStatus status, String description, @Nullable ImageScanFindings findings) {}

  private Result scan(ImageRow image) {
    Vulnerabilities list;
    try {
      list = list();
    } catch (IOException | UncheckedIOException e) {
      LOG.warn("the vulnerability list in {} does not read: {}", folder, e.getMessage());
      return new Result(
          ScanStatus.FAILED, "The vulnerability list does not read: " + e.getMessage(), null);
    }
    if (list == null || list.count() == 0) {
      return new Result(
          ScanStatus.FINDINGS_UNAVAILABLE,
          "No vulnerability data: this registry was started without a vulnerability list (a folder of files in OSV format), so nothing can be found.",
          null);
    }
    Installed installed;
    try {
      installed = Installed.read(layers(image));
    } catch (IOException e) {
      return new Result(
          ScanStatus.FAILED, "The image's layers do not read: " + e.getMessage(), null);
    }
    String ecosystem = installed.ecosystem();
    if (installed.kind() == Installed.Kind.NONE || ecosystem == null) {
      return new Result(
          ScanStatus.UNSUPPORTED_IMAGE,
          "UnsupportedImageError: "
              + installed.distribution()
              + " is not scanned; Debian, Ubuntu and Alpine are.",
          null);
    }
    if (!list.covers(ecosystem)) {
      return new Result(
          ScanStatus.FINDINGS_UNAVAILABLE,
          "No vulnerability data for " + ecosystem + " in the vulnerability list.",
          null);
    }
    List<Finding> found = list.findings(installed);
    Map<FindingSeverity, Integer> counts = new LinkedHashMap<>();
    Vulnerabilities.counts(found)
        .forEach((severity, count) -> counts.put(FindingSeverity.valueOf(severity.name()), count));
    return new Result(
        ScanStatus.COMPLETE,
        "The scan was completed successfully.",
        ImageScanFindings.builder()
            .imageScanCompletedAt(registry.clock.instant())
            .vulnerabilitySourceUpdatedAt(list.updatedAt())
            .findingSeverityCounts(counts)
            .findings(found.stream().map(Scanner::finding).toList())
            .build());
  }

  private static ImageScanFinding finding(Finding finding) {
    List<Attribute> attributes = new ArrayList<>();
    attributes.add(attribute("package_name", finding.packageName()));
    attributes.add(attribute("package_version", finding.packageVersion()));
    if (finding.fixedVersion() != null) {
      attributes.add(attribute("fixed_version", finding.fixedVersion()));
    }
    if (finding.cvssVector() != null) {
      attributes.add(attribute("CVSS3_VECTOR", finding.cvssVector()));
    }
    if (finding.cvssScore() != null) {
      attributes.add(attribute("CVSS3_SCORE", finding.cvssScore().toString()));
    }
    String description = finding.description();
    return ImageScanFinding.builder()
        .name(finding.name())
        .description(
            description.length() > MAX_DESCRIPTION
                ? description.substring(0, MAX_DESCRIPTION)
                : description)
        .uri(finding.uri())
        .severity(FindingSeverity.valueOf(finding.severity().name()))
        .attributes(attributes)
        .build();
  }

  private static Attribute attribute(String key, String value) {
    return Attribute.builder().key(key).value(value).build();
  }

  private List<Layer> layers(ImageRow image) {
    Manifest manifest = Manifest.stored(registry.images.manifestBytes(image), image.mediaType());
    List<Layer> layers = new ArrayList<>();
    for (Manifest.Descriptor blob : manifest.blobs()) {
      if (!blob.equals(manifest.config()) && !blob.foreign() && isTar(blob.mediaType())) {
        layers.add(() -> Channels.newInputStream(registry.blobs.open(blob.digest())));
      }
    }
    return layers;
  }

  private static boolean isTar(String mediaType) {
    return mediaType.contains(".tar") || mediaType.contains("rootfs.diff");
  }

  private synchronized @Nullable Vulnerabilities list() throws IOException {
    Path from = folder;
    if (from == null || !Files.isDirectory(from)) {
      return null;
    }
    StringBuilder fingerprint = new StringBuilder();
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        fingerprint
            .append(file)
            .append(' ')
            .append(Files.size(file))
            .append(' ')
            .append(Files.getLastModifiedTime(file))
            .append('\n');
      }
    }
    Loaded current = loaded;
    if (current == null || !current.fingerprint.contentEquals(fingerprint)) {
      current = new Loaded(fingerprint.toString(), Vulnerabilities.load(from, Scanner::documents));
      loaded = current;
    }
    return current.list;
  }

  private static List<Map<String, Object>> documents(InputStream in) {
    try {
      return Json.objects(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
