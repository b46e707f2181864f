package gantry.services.ecr;

import gantry.services.ecr.EcrTables.ImageRow;
import gantry.services.ecr.EcrTables.PreviewRow;
import gantry.services.ecr.EcrTables.RepositoryRow;
import gantry.services.ecr.EcrTables.Status;
import gantry.services.ecr.LifecyclePolicy.Action;
import gantry.services.ecr.LifecyclePolicy.Candidate;
import gantry.services.ecr.LifecyclePolicy.Verdict;
import gantry.state.Page;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.model.DeleteLifecyclePolicyRequest;
import software.amazon.awssdk.services.ecr.model.DeleteLifecyclePolicyResponse;
import software.amazon.awssdk.services.ecr.model.GetLifecyclePolicyPreviewRequest;
import software.amazon.awssdk.services.ecr.model.GetLifecyclePolicyPreviewResponse;
import software.amazon.awssdk.services.ecr.model.GetLifecyclePolicyRequest;
import software.amazon.awssdk.services.ecr.model.GetLifecyclePolicyResponse;
import software.amazon.awssdk.services.ecr.model.ImageActionType;
import software.amazon.awssdk.services.ecr.model.ImageIdentifier;
import software.amazon.awssdk.services.ecr.model.LifecyclePolicyNotFoundException;
import software.amazon.awssdk.services.ecr.model.LifecyclePolicyPreviewNotFoundException;
import software.amazon.awssdk.services.ecr.model.LifecyclePolicyPreviewResult;
import software.amazon.awssdk.services.ecr.model.LifecyclePolicyPreviewStatus;
import software.amazon.awssdk.services.ecr.model.LifecyclePolicyPreviewSummary;
import software.amazon.awssdk.services.ecr.model.LifecyclePolicyRuleAction;
import software.amazon.awssdk.services.ecr.model.LifecyclePolicyStorageClass;
import software.amazon.awssdk.services.ecr.model.LifecyclePolicyTargetStorageClass;
import software.amazon.awssdk.services.ecr.model.PutLifecyclePolicyRequest;
import software.amazon.awssdk.services.ecr.model.PutLifecyclePolicyResponse;
import software.amazon.awssdk.services.ecr.model.StartLifecyclePolicyPreviewRequest;
import software.amazon.awssdk.services.ecr.model.StartLifecyclePolicyPreviewResponse;
import software.amazon.awssdk.services.ecr.model.TagStatus;
import software.amazon.awssdk.services.ecr.model.TransitioningImageTotalCount;

/** Lifecycle policies through the API, and their preview. */
final class LifecycleOperations {

  /** A preview is kept this long; then it is EXPIRED. */
  static final Duration PREVIEW_LIFETIME = Duration.ofHours(24);

  private final Registry registry;
  private final Gate gate;

  LifecycleOperations(Registry registry, Gate gate) {
    this.registry = registry;
    this.gate = gate;
  }

  PutLifecyclePolicyResponse put(PutLifecyclePolicyRequest request) {
    Scope scope = gate.enter(request.registryId(), request.repositoryName(), "PutLifecyclePolicy");
    String text = LifecyclePolicyText.parse(request.lifecyclePolicyText()).text();
    registry.change(
        scope, request.repositoryName(), row -> row.withLifecycle(text, registry.clock.instant()));
    return PutLifecyclePolicyResponse.builder()
        .registryId(scope.account())
        .repositoryName(request.repositoryName())
        .lifecyclePolicyText(text)
        .build();
  }

  GetLifecyclePolicyResponse get(GetLifecyclePolicyRequest request) {
    Scope scope = gate.enter(request.registryId(), request.repositoryName(), "GetLifecyclePolicy");
    RepositoryRow row =
        Registry.repository(registry.store.snapshot(), scope, request.repositoryName());
    return GetLifecyclePolicyResponse.builder()
        .registryId(scope.account())
        .repositoryName(row.name())
        .lifecyclePolicyText(textOf(row, scope))
        .lastEvaluatedAt(row.lifecycleEvaluatedAt())
        .build();
  }

  private static String textOf(RepositoryRow row, Scope scope) {
    String text = row.lifecyclePolicyText();
    if (text == null) {
      throw LifecyclePolicyNotFoundException.builder()
          .message(EcrErrors.absent("Lifecycle policy", row.name(), scope.account()))
          .build();
    }
    return text;
  }

  DeleteLifecyclePolicyResponse delete(DeleteLifecyclePolicyRequest request) {
    Scope scope =
        gate.enter(request.registryId(), request.repositoryName(), "DeleteLifecyclePolicy");
    RepositoryRow before =
        registry.change(
            scope,
            request.repositoryName(),
            row -> {
              textOf(row, scope);
              return row.withLifecycle(null, null);
            });
    return DeleteLifecyclePolicyResponse.builder()
        .registryId(scope.account())
        .repositoryName(before.name())
        .lifecyclePolicyText(before.lifecyclePolicyText())
        .lastEvaluatedAt(before.lifecycleEvaluatedAt())
        .build();
  }

  // ---- preview

  StartLifecyclePolicyPreviewResponse startPreview(StartLifecyclePolicyPreviewRequest request) {
    String name = request.repositoryName();
    Scope scope = gate.enter(request.registryId(), name, "StartLifecyclePolicyPreview");
    View view = registry.store.snapshot();
    RepositoryRow row = Registry.repository(view, scope, name);
    LifecyclePolicy policy =
        request.lifecyclePolicyText() == null
            ? LifecyclePolicyText.parseAnyLength(textOf(row, scope))
            : LifecyclePolicyText.parse(request.lifecyclePolicyText());
    Instant now = registry.clock.instant();
    List<LifecyclePolicyPreviewResult> results =
        policy.evaluate(candidates(view, scope, name), now).stream()
            .map(LifecycleOperations::result)
            .toList();
    // It takes no time to make, so it is never seen in progress.
    registry.store.write(
        tx -> {
          Registry.repository(tx, scope, name);
          tx.put(
              EcrTables.PREVIEWS,
              scope.key(name),
              new PreviewRow(name, policy.text(), now, results));
          return null;
        });
    return StartLifecyclePolicyPreviewResponse.builder()
        .registryId(scope.account())
        .repositoryName(name)
        .lifecyclePolicyText(policy.text())
        .status(LifecyclePolicyPreviewStatus.IN_PROGRESS)
        .build();
  }

  static List<Candidate> candidates(View view, Scope scope, String name) {
    return EcrTables.of(view, EcrTables.IMAGES, scope, name)
        .map(row -> row.value())
        .map(
            image ->
                new Candidate(
                    image.digest(),
                    EcrTables.tagsOf(view, scope, image),
                    image.pushedAt(),
                    image.pulledAt(),
                    image.status() == Status.ARCHIVED,
                    image.archivedAt(),
                    image.activatedAt()))
        .toList();
  }

  private static LifecyclePolicyPreviewResult result(Verdict verdict) {
    boolean expire = verdict.rule().action() == Action.EXPIRE;
    Candidate image = verdict.image();
    return LifecyclePolicyPreviewResult.builder()
        .imageDigest(image.digest())
        .imageTags(image.tags().isEmpty() ? null : image.tags())
        .imagePushedAt(image.pushedAt())
        .action(
            LifecyclePolicyRuleAction.builder()
                .type(expire ? ImageActionType.EXPIRE : ImageActionType.TRANSITION)
                .targetStorageClass(expire ? null : LifecyclePolicyTargetStorageClass.ARCHIVE)
                .build())
        .appliedRulePriority(verdict.rule().priority())
        .storageClass(
            image.archived()
                ? LifecyclePolicyStorageClass.ARCHIVE
                : LifecyclePolicyStorageClass.STANDARD)
        .build();
  }

  GetLifecyclePolicyPreviewResponse getPreview(GetLifecyclePolicyPreviewRequest request) {
    String name = request.repositoryName();
    Scope scope = gate.enter(request.registryId(), name, "GetLifecyclePolicyPreview");
    View view = registry.store.snapshot();
    Registry.repository(view, scope, name);
    PreviewRow preview = view.get(EcrTables.PREVIEWS, scope.key(name));
    if (preview == null) {
      throw LifecyclePolicyPreviewNotFoundException.builder()
          .message(EcrErrors.absent("Lifecycle policy preview", name, scope.account()))
          .build();
    }
    boolean expired = preview.madeAt().plus(PREVIEW_LIFETIME).isBefore(registry.clock.instant());
    GetLifecyclePolicyPreviewResponse.Builder answer =
        GetLifecyclePolicyPreviewResponse.builder()
            .registryId(scope.account())
            .repositoryName(name)
            .lifecyclePolicyText(preview.policyText())
            .status(
                expired
                    ? LifecyclePolicyPreviewStatus.EXPIRED
                    : LifecyclePolicyPreviewStatus.COMPLETE);
    if (expired) {
      return answer.build();
    }
    TagStatus wanted = request.filter() == null ? null : request.filter().tagStatus();
    List<LifecyclePolicyPreviewResult> results =
        preview.results().stream()
            .filter(result -> isWanted(result, wanted))
            .filter(result -> isAmong(result, request.imageIds()))
            .toList();
    Listing listing =
        Listing.of(
            "GetLifecyclePolicyPreview/" + scope + "/" + name,
            request.nextToken(),
            request.maxResults());
    String after = listing.after();
    int from = 0;
    for (int i = 0; i < results.size() && !after.isEmpty(); i++) {
      if (results.get(i).imageDigest().equals(after)) {
        from = i + 1;
      }
    }
    Page<LifecyclePolicyPreviewResult> page =
        listing.cut(
            results.subList(from, results.size()).stream(),
            LifecyclePolicyPreviewResult::imageDigest);
    long expiring = results.stream().filter(LifecycleOperations::expires).count();
    long transitioning = results.size() - expiring;
    return answer
        .previewResults(page.items())
        .nextToken(page.nextToken())
        .summary(
            LifecyclePolicyPreviewSummary.builder()
                .expiringImageTotalCount((int) expiring)
                .transitioningImageTotalCounts(
                    transitioning == 0
                        ? List.of()
                        : List.of(
                            TransitioningImageTotalCount.builder()
                                .targetStorageClass(LifecyclePolicyTargetStorageClass.ARCHIVE)
                                .imageTotalCount((int) transitioning)
                                .build()))
                .build())
        .build();
  }

  private static boolean expires(LifecyclePolicyPreviewResult result) {
    return result.action().type() == ImageActionType.EXPIRE;
  }

  private static boolean isWanted(LifecyclePolicyPreviewResult result, @Nullable TagStatus wanted) {
    return wanted == null
        || wanted == TagStatus.ANY
        || (wanted == TagStatus.TAGGED) == !result.imageTags().isEmpty();
  }

  private static boolean isAmong(
      LifecyclePolicyPreviewResult result, List<ImageIdentifier> imageIds) {
    return imageIds.isEmpty()
        || imageIds.stream()
            .anyMatch(
                id ->
                    result.imageDigest().equals(id.imageDigest())
                        || (id.imageDigest() == null
                            && result.imageTags().contains(id.imageTag())));
  }

  // ---- acting

  /**
   * Applies a repository's policy now. An image that an index still names stays while that does,
   * and so does one that is in use; what refers to an expired image goes with it.
   *
   * @return how many images were acted on
   */
  int apply(Scope scope, String name, ImagesInUse inUse) {
    Instant now = registry.clock.instant();
    return registry.store.write(
        tx -> {
          RepositoryRow row = tx.get(EcrTables.REPOSITORIES, scope.key(name));
          String text = row == null ? null : row.lifecyclePolicyText();
          if (row == null || text == null) {
            return 0;
          }
          List<Verdict> verdicts =
              LifecyclePolicyText.parseAnyLength(text).evaluate(candidates(tx, scope, name), now);
          Set<String> held = verdicts.isEmpty() ? Set.of() : inUse.users(tx, scope, name).keySet();
          int acted = 0;
          for (Verdict verdict : verdicts) {
            ImageRow image =
                tx.get(EcrTables.IMAGES, EcrTables.imageKey(scope, name, verdict.image().digest()));
            if (image == null
                || Images.isChild(tx, scope, image)
                || held.contains(image.digest())) {
              continue;
            }
            acted++;
            if (verdict.rule().action() == Action.TRANSITION) {
              tx.put(
                  EcrTables.IMAGES,
                  EcrTables.imageKey(scope, name, image.digest()),
                  image.archived(now));
              continue;
            }
            Images.deleteWithReferrers(tx, scope, image, now);
          }
          tx.put(EcrTables.REPOSITORIES, scope.key(name), row.evaluatedAt(now));
          return acted;
        });
  }
}
