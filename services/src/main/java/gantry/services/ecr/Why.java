package gantry.services.ecr;

import gantry.services.Explainer;
import gantry.services.Reason;
import gantry.services.ecr.Addresses.Address;
import gantry.services.ecr.Addresses.Reference;
import gantry.services.ecr.EcrTables.ImageRow;
import gantry.services.ecr.EcrTables.ReplicationRow;
import gantry.services.ecr.EcrTables.RepositoryRow;
import gantry.services.ecr.EcrTables.ScanRow;
import gantry.services.ecr.EcrTables.Status;
import gantry.services.ecr.EcrTables.TagRow;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.model.PullThroughCacheRule;
import software.amazon.awssdk.services.ecr.model.ReplicationStatus;
import software.amazon.awssdk.services.ecr.model.ScanStatus;

/**
 * Why an image cannot be pulled, was not scanned or not replicated: by its name as docker and task
 * definitions have it, or by the ARN or name of its repository.
 */
final class Why implements Explainer {

  private static final Pattern ARN =
      Pattern.compile("arn:aws:ecr:([a-z0-9-]+):([0-9]{12}):repository/(.+)");
  private static final int TAGS_TOLD = 10;

  private final Registry registry;

  Why(Registry registry) {
    this.registry = registry;
  }

  @Override
  public List<Reason> why(String about) {
    View view = registry.store.snapshot();
    Matcher arn = ARN.matcher(about);
    if (arn.matches()) {
      Scope scope = new Scope(arn.group(2), arn.group(1));
      return List.of(repository(view, scope, arn.group(3)));
    }
    if (about.contains(" ")) {
      return List.of();
    }
    Reference withHost = registry.addresses.reference(about, false);
    Reference named = withHost != null ? withHost : registry.addresses.reference(about, true);
    if (named == null || !Names.isRepository(named.address().repository())) {
      return List.of();
    }
    Address address = named.address();
    boolean there =
        view.get(EcrTables.REPOSITORIES, address.registry().key(address.repository())) != null;
    if (withHost == null && !there) {
      return List.of(); // a name that may be anything's
    }
    Reason repository = repository(view, address.registry(), address.repository());
    return there && !isOnlyRepository(about, withHost)
        ? List.of(image(view, address, named.wanted()), repository)
        : List.of(repository);
  }

  /** A bare name asks about all of the repository, and not about its {@code latest}. */
  private static boolean isOnlyRepository(String about, @Nullable Reference withHost) {
    return withHost == null && !about.contains(":") && !about.contains("@");
  }

  // ---- the repository

  private Reason repository(View view, Scope scope, String name) {
    RepositoryRow row = view.get(EcrTables.REPOSITORIES, scope.key(name));
    String where = " in account " + scope.account() + ", region " + scope.region();
    if (row == null) {
      PullThroughCacheRule rule = PullThrough.ruleOf(view, scope, name);
      return Reason.of(
          "there is no repository " + name + where,
          Reason.of(
              rule != null
                  ? "the pull through cache rule for "
                      + rule.ecrRepositoryPrefix()
                      + " makes it with the first image that a pull fetches from "
                      + rule.upstreamRegistryUrl()
                  : "make it: aws ecr create-repository --region "
                      + scope.region()
                      + " --repository-name "
                      + name));
    }
    List<TagRow> tags =
        EcrTables.tags(view, scope, name)
            .map(tag -> tag.value())
            .sorted(Comparator.comparing(TagRow::setAt).reversed())
            .toList();
    List<Reason> because = new ArrayList<>();
    because.add(Reason.of(tags.isEmpty() ? "it has no tags" : "its newest tags: " + told(tags)));
    if (row.policyText() != null) {
      because.add(Reason.of("its policy decides too who may push and pull"));
    }
    if (row.lifecyclePolicyText() != null) {
      Instant evaluated = row.lifecycleEvaluatedAt();
      because.add(
          Reason.of(
              evaluated == null
                  ? "its lifecycle policy, set at " + row.lifecycleSetAt() + ", has not acted yet"
                  : "its lifecycle policy acted last at " + evaluated + "; it does so hourly"));
    }
    EcrTables.of(view, EcrTables.REPLICATIONS, scope, name)
        .forEach(copied -> replications(copied.value(), because));
    return new Reason("repository " + registry.addresses.uri(scope, name) + where, because);
  }

  private static String told(List<TagRow> tags) {
    return tags.stream()
            .limit(TAGS_TOLD)
            .map(tag -> tag.tag() + " since " + tag.setAt())
            .collect(Collectors.joining(", "))
        + (tags.size() > TAGS_TOLD ? " and " + (tags.size() - TAGS_TOLD) + " more" : "");
  }

  private static void replications(ReplicationRow row, List<Reason> because) {
    row.statuses().stream()
        .filter(each -> each.status() == ReplicationStatus.FAILED)
        .forEach(
            each ->
                because.add(
                    Reason.of(
                        row.digest()
                            + " was not replicated to "
                            + each.registryId()
                            + " in "
                            + each.region()
                            + ": "
                            + each.failureCode())));
  }

  // ---- an image

  private static Reason image(View view, Address address, String wanted) {
    Scope scope = address.registry();
    String name = address.repository();
    ImageRow image = Images.find(view, scope, name, wanted);
    if (image == null) {
      PullThroughCacheRule rule = PullThrough.ruleOf(view, scope, name);
      RepositoryRow repository = view.get(EcrTables.REPOSITORIES, scope.key(name));
      String never =
          rule != null && repository != null && repository.pullThroughPrefix() != null
              ? "no pull has fetched it from " + rule.upstreamRegistryUrl() + " yet"
              : "it was never pushed";
      return Reason.of(
          "there is no image "
              + wanted
              + " in "
              + name
              + ": "
              + never
              + ", or it was deleted or expired by a lifecycle policy");
    }
    List<Reason> because = new ArrayList<>();
    if (image.status() == Status.ARCHIVED) {
      because.add(
          Reason.of(
              "it is archived since "
                  + image.archivedAt()
                  + " and not to be pulled: aws ecr update-image-storage-class --repository-name "
                  + name
                  + " --image-id imageDigest="
                  + image.digest()
                  + " --target-storage-class STANDARD"));
    }
    ScanRow scan = view.get(EcrTables.SCANS, EcrTables.imageKey(scope, name, image.digest()));
    if (scan == null) {
      because.add(
          Reason.of("it was not scanned: neither asked for, nor on push in this repository"));
    } else if (scan.status().status() != ScanStatus.COMPLETE) {
      because.add(
          Reason.of(
              "its scan is "
                  + scan.status().statusAsString()
                  + ": "
                  + scan.status().description()));
    }
    because.add(Reason.of("what it is made of and where it runs: gantry image inspect " + name));
    return new Reason(
        wanted + " is " + image.digest() + ", pushed at " + image.pushedAt(), because);
  }
}
