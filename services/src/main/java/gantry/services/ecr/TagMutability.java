package gantry.services.ecr;

import java.util.List;
import software.amazon.awssdk.services.ecr.model.ImageTagMutability;
import software.amazon.awssdk.services.ecr.model.ImageTagMutabilityExclusionFilter;
import software.amazon.awssdk.services.ecr.model.ImageTagMutabilityExclusionFilterType;
import software.amazon.awssdk.services.ecr.model.Repository;

/**
 * Which tags of a repository stay where they are: its setting, and the filters that except some.
 */
final class TagMutability {

  static final int MAX_EXCLUSION_FILTERS = 5;

  private TagMutability() {}

  /** Whether a tag may not be moved to another image. */
  static boolean isImmutable(Repository repository, String tag) {
    boolean excluded = false;
    for (ImageTagMutabilityExclusionFilter filter :
        repository.imageTagMutabilityExclusionFilters()) {
      excluded |= Names.matches(filter.filter(), tag);
    }
    ImageTagMutability mutability = repository.imageTagMutability();
    return switch (mutability) {
      case IMMUTABLE -> true;
      case IMMUTABLE_WITH_EXCLUSION -> !excluded;
      case MUTABLE_WITH_EXCLUSION -> excluded;
      case MUTABLE, UNKNOWN_TO_SDK_VERSION -> false;
    };
  }

  /** Checks a setting before it is stored. */
  static void check(
      ImageTagMutability mutability, List<ImageTagMutabilityExclusionFilter> filters) {
    boolean takesFilters =
        switch (mutability) {
          case IMMUTABLE_WITH_EXCLUSION, MUTABLE_WITH_EXCLUSION -> true;
          case IMMUTABLE, MUTABLE -> false;
          case UNKNOWN_TO_SDK_VERSION ->
              throw EcrErrors.invalid(
                  "imageTagMutability",
                  "Member must satisfy enum value set: [MUTABLE, IMMUTABLE, MUTABLE_WITH_EXCLUSION, IMMUTABLE_WITH_EXCLUSION]");
        };
    if (takesFilters == filters.isEmpty()) {
      throw EcrErrors.invalid(
          "imageTagMutabilityExclusionFilters",
          takesFilters
              ? "exclusion filters are required with " + mutability
              : "exclusion filters are not allowed with " + mutability);
    }
    if (filters.size() > MAX_EXCLUSION_FILTERS) {
      throw EcrErrors.invalid(
          "imageTagMutabilityExclusionFilters",
          "Member must have length less than or equal to " + MAX_EXCLUSION_FILTERS);
    }
    for (ImageTagMutabilityExclusionFilter filter : filters) {
      String text = filter.filter();
      if (text == null
          || !text.matches("[0-9a-zA-Z._*-]{1,128}")
          || filter.filterType() != ImageTagMutabilityExclusionFilterType.WILDCARD) {
        throw EcrErrors.invalid(
            "imageTagMutabilityExclusionFilters",
            "must satisfy regular expression '^[0-9a-zA-Z._*-]{1,128}$'");
      }
    }
  }
}
