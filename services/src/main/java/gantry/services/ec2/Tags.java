package gantry.services.ec2;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.model.ResourceType;
import software.amazon.awssdk.services.ec2.model.Tag;
import software.amazon.awssdk.services.ec2.model.TagSpecification;

/** Tags as EC2 takes them. */
final class Tags {

  private static final int LIMIT = 50;
  private static final int KEY_LIMIT = 128;
  private static final int VALUE_LIMIT = 256;

  private Tags() {}

  /** The tags that a creation asks for, for the one type that it creates. */
  static List<Tag> of(Collection<TagSpecification> specifications, ResourceType type) {
    List<Tag> tags = new ArrayList<>();
    for (TagSpecification specification : specifications) {
      if (specification.resourceType() != type) {
        throw Errors.of(
            "InvalidParameterValue",
            "'%s' is not a valid taggable resource type for this operation.",
            specification.resourceTypeAsString());
      }
      tags.addAll(specification.tags());
    }
    return merge(List.of(), tags);
  }

  private static void refuseTwins(Collection<Tag> tags) {
    Set<String> keys = new HashSet<>();
    for (Tag tag : tags) {
      if (!keys.add(tag.key())) {
        throw Errors.of("InvalidParameterValue", "Duplicate tag key '%s' specified.", tag.key());
      }
    }
  }

  /** {@code old} with {@code fresh} set, sorted by key. */
  static List<Tag> merge(List<Tag> old, Collection<Tag> fresh) {
    refuseTwins(fresh);
    Map<String, Tag> merged = new TreeMap<>();
    old.forEach(tag -> merged.put(tag.key(), tag));
    for (Tag tag : fresh) {
      String key = Errors.required(tag.key(), "Tag.Key");
      String value = tag.value() == null ? "" : tag.value();
      if (key.length() > KEY_LIMIT) {
        throw Errors.of(
            "InvalidParameterValue", "Tag key exceeds the maximum length of 128 characters");
      }
      if (value.length() > VALUE_LIMIT) {
        throw Errors.of(
            "InvalidParameterValue", "Tag value exceeds the maximum length of 256 characters");
      }
      if (key.startsWith("aws:") && !gantry.services.Caller.current().isService()) {
        throw Errors.of(
            "InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use");
      }
      merged.put(key, Tag.builder().key(key).value(value).build());
    }
    if (merged.keySet().stream().filter(key -> !key.startsWith("aws:")).count() > LIMIT) {
      throw Errors.of(
          "TagLimitExceeded", "The maximum number of Tags for a resource has been reached.");
    }
    return List.copyOf(merged.values());
  }

  /** {@code old} without the named ones; one that names a value goes only with that value. */
  static List<Tag> without(List<Tag> old, Collection<Tag> gone) {
    if (gone.isEmpty()) {
      return old.stream().filter(tag -> tag.key().startsWith("aws:")).toList();
    }
    return old.stream().filter(tag -> gone.stream().noneMatch(g -> names(g, tag))).toList();
  }

  private static boolean names(Tag gone, Tag tag) {
    @Nullable String value = gone.value();
    return tag.key().equals(gone.key()) && (value == null || value.equals(tag.value()));
  }
}
