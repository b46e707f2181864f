package gantry.services.ecr;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A lifecycle policy: its rules applied to the images of a repository. A pure function of the
 * images and the time.
 *
 * <p>Every rule finds its matches in the whole repository, blind to the others. Then the rules act
 * in the order of their priority; an image whose tags satisfy the selection of an earlier rule is
 * that rule's to keep or expire, and no later rule acts on it, though it counts there.
 */
final class LifecyclePolicy {

  /** AWS charges an archived image for so long, and no policy may delete it before. */
  static final int MIN_ARCHIVED_DAYS = 90;

  enum TagStatus {
    TAGGED,
    UNTAGGED,
    ANY
  }

  enum CountType {
    IMAGE_COUNT_MORE_THAN,
    SINCE_IMAGE_PUSHED,
    SINCE_IMAGE_PULLED,
    SINCE_IMAGE_TRANSITIONED
  }

  enum Action {
    EXPIRE,
    /** To the archive. */
    TRANSITION
  }

  /**
   * @param patternList every one of which must match some tag of the image; prefixes alike
   * @param archived whether the rule is about archived images
   */
  record Rule(
      int priority,
      @Nullable String description,
      TagStatus tagStatus,
      @Nullable List<String> patternList,
      @Nullable List<String> prefixList,
      boolean archived,
      CountType countType,
      int countNumber,
      Action action) {

    List<String> patterns() {
      if (patternList != null) {
        return patternList;
      }
      return prefixList == null
          ? List.of()
          : prefixList.stream().map(prefix -> prefix + "*").toList();
    }
  }

  /**
   * An image as the rules see it.
   *
   * @param restoredAt when it last came back from the archive: it counts as pushed then
   */
  record Candidate(
      String digest,
      List<String> tags,
      Instant pushedAt,
      @Nullable Instant pulledAt,
      boolean archived,
      @Nullable Instant archivedAt,
      @Nullable Instant restoredAt) {

    Instant youngSince() {
      return restoredAt != null && restoredAt.isAfter(pushedAt) ? restoredAt : pushedAt;
    }

    Instant usedAt() {
      return pulledAt != null && pulledAt.isAfter(youngSince()) ? pulledAt : youngSince();
    }
  }

  /** What one rule does to one image. */
  record Verdict(Candidate image, Rule rule) {}

  private final List<Rule> rules;

  /**
   * @param rules in the order of their priority
   */
  LifecyclePolicy(List<Rule> rules) {
    this.rules = rules;
  }

  /** As it is kept. */
  String text() {
    return LifecyclePolicyText.write(rules);
  }

  List<Rule> rules() {
    return rules;
  }

  /** Which images are acted on now, each by one rule, in the order of the rules and then by age. */
  List<Verdict> evaluate(List<Candidate> images, Instant now) {
    List<Verdict> verdicts = new ArrayList<>();
    Set<String> settled = new HashSet<>();
    for (Rule rule : rules) {
      List<Candidate> selected =
          images.stream()
              .filter(image -> selects(rule, image))
              .sorted(
                  Comparator.comparing(Candidate::youngSince)
                      .reversed()
                      .thenComparing(Candidate::digest))
              .toList();
      for (int i = 0; i < selected.size(); i++) {
        Candidate image = selected.get(i);
        if (settled.contains(image.digest)) {
          continue;
        }
        boolean marked =
            switch (rule.countType) {
              case IMAGE_COUNT_MORE_THAN -> i >= rule.countNumber;
              case SINCE_IMAGE_PUSHED -> isOlder(image.youngSince(), rule, now);
              case SINCE_IMAGE_PULLED -> isOlder(image.usedAt(), rule, now);
              case SINCE_IMAGE_TRANSITIONED ->
                  image.archivedAt != null && isOlder(image.archivedAt, rule, now);
            };
        if (marked) {
          verdicts.add(new Verdict(image, rule));
        }
      }
      for (Candidate image : selected) {
        // Selected by its tags: kept or expired, it is this rule's. Rules for any image claim none
        // that they do not act on; they come last anyway.
        settled.add(image.digest);
      }
    }
    return verdicts;
  }

  private static boolean isOlder(Instant since, Rule rule, Instant now) {
    int days = rule.archived ? Math.max(MIN_ARCHIVED_DAYS, rule.countNumber) : rule.countNumber;
    return since.plus(Duration.ofDays(days)).isBefore(now);
  }

  private static boolean selects(Rule rule, Candidate image) {
    if (rule.archived != image.archived) {
      return false;
    }
    return switch (rule.tagStatus) {
      case ANY -> true;
      case UNTAGGED -> image.tags.isEmpty();
      case TAGGED ->
          !image.tags.isEmpty()
              && rule.patterns().stream()
                  .allMatch(
                      pattern -> image.tags.stream().anyMatch(tag -> Names.matches(pattern, tag)));
    };
  }
}
