package gantry.services.ecs;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.ecs.rows.TagsRow;
import gantry.state.Scope;
import gantry.state.Table;
import gantry.state.Tx;
import gantry.state.View;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.ListTagsForResourceRequest;
import software.amazon.awssdk.services.ecs.model.ListTagsForResourceResponse;
import software.amazon.awssdk.services.ecs.model.Tag;
import software.amazon.awssdk.services.ecs.model.TagResourceRequest;
import software.amazon.awssdk.services.ecs.model.TagResourceResponse;
import software.amazon.awssdk.services.ecs.model.UntagResourceRequest;
import software.amazon.awssdk.services.ecs.model.UntagResourceResponse;

/** Tags of every taggable resource, kept by ARN. */
final class Tags {

  static final int MAX_TAGS = 50;
  private static final int MAX_KEY = 128;
  private static final int MAX_VALUE = 256;

  private final ServiceContext context;

  Tags(ServiceContext context) {
    this.context = context;
  }

  TagResourceResponse tag(TagResourceRequest request) {
    if (request.tags().isEmpty()) {
      throw EcsErrors.invalid("Tags can not be empty.");
    }
    check(request.tags());
    Scope scope = Caller.current().scope();
    context
        .store()
        .write(
            tx -> {
              String arn = existing(tx, scope, request.resourceArn());
              Map<String, Tag> merged = new LinkedHashMap<>();
              of(tx, scope, arn).forEach(tag -> merged.put(tag.key(), tag));
              request.tags().forEach(tag -> merged.put(tag.key(), tag));
              long own = merged.keySet().stream().filter(key -> !isReserved(key)).count();
              if (own > MAX_TAGS) {
                throw EcsErrors.invalid(
                    "The maximum number of tags that you can apply to a resource is "
                        + MAX_TAGS
                        + ".");
              }
              put(tx, scope, arn, List.copyOf(merged.values()));
              return arn;
            });
    return TagResourceResponse.builder().build();
  }

  UntagResourceResponse untag(UntagResourceRequest request) {
    Scope scope = Caller.current().scope();
    if (request.tagKeys().stream().anyMatch(Tags::isReserved)) {
      throw EcsErrors.invalid("Tag keys starting with 'aws:' are reserved and cannot be removed.");
    }
    context
        .store()
        .write(
            tx -> {
              String arn = existing(tx, scope, request.resourceArn());
              List<Tag> left = new ArrayList<>(of(tx, scope, arn));
              left.removeIf(tag -> request.tagKeys().contains(tag.key()));
              put(tx, scope, arn, left);
              return arn;
            });
    return UntagResourceResponse.builder().build();
  }

  ListTagsForResourceResponse list(ListTagsForResourceRequest request) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    String arn = existing(view, scope, request.resourceArn());
    return ListTagsForResourceResponse.builder().tags(of(view, scope, arn)).build();
  }

  /** The ARN in its long form, of something that is there. */
  private static String existing(View view, Scope scope, @Nullable String arn) {
    Arns.Parts parts = arn == null ? null : Arns.parse(arn);
    if (arn == null || parts == null || !parts.scope().equals(scope)) {
      throw EcsErrors.invalid("Invalid resource ARN: " + arn);
    }
    int depth = parts.depth();
    boolean found =
        switch (parts.type()) {
          case "cluster" -> has(view, scope, EcsTables.CLUSTERS, parts.path());
          case "capacity-provider" -> has(view, scope, EcsTables.CAPACITY_PROVIDERS, parts.path());
          case "task-definition" -> {
            References.Revision revision = References.Revision.parse(arn);
            yield revision.revision() > 0
                && view.get(
                        EcsTables.TASK_DEFINITIONS,
                        EcsTables.taskDefinition(scope, revision.family(), revision.revision()))
                    != null;
          }
          case "service" -> long2(arn, depth) && has(view, scope, EcsTables.SERVICES, parts.path());
          case "task" -> long2(arn, depth) && has(view, scope, EcsTables.TASKS, parts.path());
          case "container-instance" ->
              long2(arn, depth) && has(view, scope, EcsTables.INSTANCES, parts.path());
          case "task-set" -> has(view, scope, EcsTables.TASK_SETS, parts.path());
          default -> throw EcsErrors.invalid("Invalid resource ARN: " + arn);
        };
    if (!found) {
      throw EcsErrors.resourceNotFound("The specified " + parts.type() + " was not found.");
    }
    return arn;
  }

  private static boolean long2(String arn, int depth) {
    if (depth < 2) {
      throw EcsErrors.invalid(
          "Long arn format must be used for tagging operations. Short arn: " + arn);
    }
    return true;
  }

  private static boolean has(View view, Scope scope, Table<?> table, String id) {
    return view.get(table, scope.key(id)) != null;
  }

  static List<Tag> of(View view, Scope scope, String arn) {
    TagsRow row = view.get(EcsTables.TAGS, scope.key(arn));
    return row == null ? List.of() : row.tags();
  }

  static void put(Tx tx, Scope scope, String arn, List<Tag> tags) {
    if (tags.isEmpty()) {
      tx.delete(EcsTables.TAGS, scope.key(arn));
    } else {
      tx.put(EcsTables.TAGS, scope.key(arn), new TagsRow(arn, List.copyOf(tags)));
    }
  }

  static boolean isReserved(String key) {
    return key.toLowerCase(Locale.ROOT).startsWith("aws:");
  }

  /** What a caller may set. */
  static void check(List<Tag> tags) {
    if (tags.size() > MAX_TAGS) {
      throw EcsErrors.invalid(
          "The maximum number of tags that you can apply to a resource is " + MAX_TAGS + ".");
    }
    Set<String> seen = new HashSet<>();
    for (Tag tag : tags) {
      String key = tag.key();
      if (key == null || key.isEmpty() || key.length() > MAX_KEY) {
        throw EcsErrors.invalid("Tag keys must be between 1 and " + MAX_KEY + " characters.");
      }
      if (isReserved(key)) {
        throw EcsErrors.invalid("Tag keys starting with 'aws:' are reserved for system use.");
      }
      if (tag.value() != null && tag.value().length() > MAX_VALUE) {
        throw EcsErrors.invalid("Tag values must be at most " + MAX_VALUE + " characters.");
      }
      if (!seen.add(key)) {
        throw EcsErrors.invalid(
            "Duplicate tag keys found. Please note that Tag keys are case sensitive.");
      }
    }
  }

  /** Later lists win over earlier ones with the same key. */
  static List<Tag> merge(List<List<Tag>> lists) {
    Map<String, Tag> merged = new LinkedHashMap<>();
    lists.forEach(list -> list.forEach(tag -> merged.put(tag.key(), tag)));
    return List.copyOf(merged.values());
  }

  static Tag tag(String key, String value) {
    return Tag.builder().key(key).value(value).build();
  }
}
