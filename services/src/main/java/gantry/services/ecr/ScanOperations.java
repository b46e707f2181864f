package gantry.services.ecr;

import gantry.services.ecr.EcrTables.ImageRow;
import gantry.services.ecr.EcrTables.ScanRow;
import gantry.services.ecr.EcrTables.Status;
import gantry.state.Key;
import gantry.state.Page;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import software.amazon.awssdk.services.ecr.model.DescribeImageScanFindingsRequest;
import software.amazon.awssdk.services.ecr.model.DescribeImageScanFindingsResponse;
import software.amazon.awssdk.services.ecr.model.ImageArchivedException;
import software.amazon.awssdk.services.ecr.model.ImageScanFinding;
import software.amazon.awssdk.services.ecr.model.ImageScanFindings;
import software.amazon.awssdk.services.ecr.model.ImageScanStatus;
import software.amazon.awssdk.services.ecr.model.LimitExceededException;
import software.amazon.awssdk.services.ecr.model.ScanNotFoundException;
import software.amazon.awssdk.services.ecr.model.ScanStatus;
import software.amazon.awssdk.services.ecr.model.StartImageScanRequest;
import software.amazon.awssdk.services.ecr.model.StartImageScanResponse;
import software.amazon.awssdk.services.ecr.model.UnsupportedImageTypeException;

/** Scans of images through the API: asked for, and what they found. {@link Scanner} does them. */
final class ScanOperations {

  /** One scan of an image in this time, the one on push included. */
  static final Duration QUOTA = Duration.ofHours(24);

  private final Registry registry;
  private final Gate gate;

  ScanOperations(Registry registry, Gate gate) {
    this.registry = registry;
    this.gate = gate;
  }

  StartImageScanResponse start(StartImageScanRequest request) {
    String name = request.repositoryName();
    Scope scope = gate.enter(request.registryId(), name, "StartImageScan");
    Instant now = registry.clock.instant();
    ScanRow row =
        registry.store.write(
            tx -> {
              Registry.repository(tx, scope, name);
              ImageRow image = Images.existing(tx, scope, name, request.imageId());
              if (image.status() == Status.ARCHIVED) {
                throw ImageArchivedException.builder()
                    .message("The image with digest '" + image.digest() + "' is archived")
                    .build();
              }
              if (image.isIndex()) {
                throw UnsupportedImageTypeException.builder()
                    .message(
                        "The image with digest '"
                            + image.digest()
                            + "' is of the unsupported type "
                            + image.mediaType())
                    .build();
              }
              Key key = EcrTables.imageKey(scope, name, image.digest());
              ScanRow before = tx.get(EcrTables.SCANS, key);
              if (before != null
                  && before.status().status() != ScanStatus.FINDINGS_UNAVAILABLE
                  && before.requestedAt().plus(QUOTA).isAfter(now)) {
                throw LimitExceededException.builder()
                    .message("The scan quota per image has been exceeded. Wait and try again.")
                    .build();
              }
              ScanRow begun =
                  new ScanRow(
                      name,
                      image.digest(),
                      ImageScanStatus.builder().status(ScanStatus.IN_PROGRESS).build(),
                      now,
                      before == null ? null : before.findings());
              tx.put(EcrTables.SCANS, key, begun);
              return begun;
            });
    return StartImageScanResponse.builder()
        .registryId(scope.account())
        .repositoryName(name)
        .imageId(request.imageId().toBuilder().imageDigest(row.digest()).build())
        .imageScanStatus(row.status())
        .build();
  }

  DescribeImageScanFindingsResponse describe(DescribeImageScanFindingsRequest request) {
    String name = request.repositoryName();
    Scope scope = gate.enter(request.registryId(), name, "DescribeImageScanFindings");
    View view = registry.store.snapshot();
    Registry.repository(view, scope, name);
    ImageRow image = Images.existing(view, scope, name, request.imageId());
    ScanRow row = view.get(EcrTables.SCANS, EcrTables.imageKey(scope, name, image.digest()));
    if (row == null) {
      throw ScanNotFoundException.builder()
          .message(
              "Image scan does not exist for the image with '{imageDigest:'"
                  + image.digest()
                  + "', imageTag:'"
                  + request.imageId().imageTag()
                  + "'}' in the repository with name '"
                  + name
                  + "' in the registry with id '"
                  + scope.account()
                  + "'")
          .build();
    }
    DescribeImageScanFindingsResponse.Builder answer =
        DescribeImageScanFindingsResponse.builder()
            .registryId(scope.account())
            .repositoryName(name)
            .imageId(request.imageId().toBuilder().imageDigest(image.digest()).build())
            .imageScanStatus(row.status());
    ImageScanFindings findings = row.findings();
    if (findings != null) {
      Listing listing =
          Listing.of(
              "DescribeImageScanFindings/" + scope + "/" + name + "@" + image.digest(),
              request.nextToken(),
              request.maxResults());
      List<ImageScanFinding> all = findings.findings();
      String after = listing.after();
      int from = after.isEmpty() ? 0 : Math.min(Integer.parseInt(after), all.size());
      Page<Integer> page =
          listing.cut(
              IntStream.range(from, all.size()).boxed(), index -> Integer.toString(index + 1));
      answer
          .imageScanFindings(
              findings.toBuilder().findings(page.items().stream().map(all::get).toList()).build())
          .nextToken(page.nextToken());
    }
    return answer.build();
  }
}
