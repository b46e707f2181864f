package gantry.services.ecr;

import gantry.services.Caller;
import gantry.services.ecr.EcrTables.RepositoryRow;
import gantry.state.Scope;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.ecr.model.InvalidTagParameterException;
import software.amazon.awssdk.services.ecr.model.ListTagsForResourceRequest;
import software.amazon.awssdk.services.ecr.model.ListTagsForResourceResponse;
import software.amazon.awssdk.services.ecr.model.Tag;
import software.amazon.awssdk.services.ecr.model.TagResourceRequest;
import software.amazon.awssdk.services.ecr.model.TagResourceResponse;
import software.amazon.awssdk.services.ecr.model.TooManyTagsException;
import software.amazon.awssdk.services.ecr.model.UntagResourceRequest;
import software.amazon.awssdk.services.ecr.model.UntagResourceResponse;

/** The tags of repositories as resources: what a tag of an image is not. */
final class ResourceTags {

  static final int MAX_TAGS = 50;
  static final int MAX_KEY = 128;
  static final int MAX_VALUE = 256;

  private final Registry registry;
  private final Gate gate;

  ResourceTags(Registry registry, Gate gate) {
    this.registry = registry;
    this.gate = gate;
  }

  ListTagsForResourceResponse list(ListTagsForResourceRequest request) {
    Named named = named(request.resourceArn(), "ListTagsForResource");
    RepositoryRow row =
        Registry.repository(registry.store.snapshot(), named.scope, named.repository);
    return ListTagsForResourceResponse.builder().tags(shownTags(row.tags())).build();
  }

  static List<Tag> shownTags(Map<String, String> tags) {
    List<Tag> shown = new ArrayList<>();
    tags.forEach((key, value) -> shown.add(Tag.builder().key(key).value(value).build()));
    return shown;
  }

  TagResourceResponse tag(TagResourceRequest request) {
    Named named = named(request.resourceArn(), "TagResource");
    registry.change(
        named.scope, named.repository, row -> row.withTags(with(row.tags(), request.tags())));
    return TagResourceResponse.builder().build();
  }

  UntagResourceResponse untag(UntagResourceRequest request) {
    Named named = named(request.resourceArn(), "UntagResource");
    registry.change(
        named.scope,
        named.repository,
        row -> {
          Map<String, String> left = new LinkedHashMap<>(row.tags());
          left.keySet().removeAll(request.tagKeys());
          return row.withTags(left);
        });
    return UntagResourceResponse.builder().build();
  }

  private record Named(Scope scope, String repository) {}

  private Named named(String arn, String operation) {
    Caller caller = Caller.current();
    String[] parts = arn == null ? new String[0] : arn.split(":", 6);
    if (parts.length < 6
        || !((parts[2].equals("ecr") && parts[3].equals(caller.region()))
            || (parts[2].equals("ecr-public") && caller.region().equals(Addresses.PUBLIC_REGION)))
        || !parts[5].startsWith("repository/")) {
      throw EcrErrors.invalid("resourceArn", "Invalid ARN");
    }
    String repository = parts[5].substring("repository/".length());
    return new Named(gate.enter(parts[4], repository, operation), repository);
  }

  /** Tags with more added, within AWS's limits. */
  static Map<String, String> with(Map<String, String> before, List<Tag> added) {
    Map<String, String> tags = new LinkedHashMap<>(before);
    for (Tag tag : added) {
      String key = tag.key();
      String value = tag.value();
      if (key == null
          || key.isEmpty()
          || key.length() > MAX_KEY
          || key.startsWith("aws:")
          || value == null
          || value.length() > MAX_VALUE) {
        throw InvalidTagParameterException.builder()
            .message("Invalid parameter at 'tags': invalid tag key or value for key '" + key + "'")
            .build();
      }
      tags.put(key, value);
    }
    if (tags.size() > MAX_TAGS) {
      throw TooManyTagsException.builder()
          .message("The list of tags on the repository is over the limit of " + MAX_TAGS)
          .build();
    }
    return tags;
  }
}
