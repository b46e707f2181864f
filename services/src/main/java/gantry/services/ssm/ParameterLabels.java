package gantry.services.ssm;

import static gantry.services.ssm.ParameterTables.PARAMETERS;
import static gantry.services.ssm.ParameterTables.VERSIONS;
import static gantry.services.ssm.ParameterTables.versionKey;
import static gantry.services.ssm.ParameterTables.versions;

import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.ssm.ParameterTables.ParameterRow;
import gantry.services.ssm.ParameterTables.VersionRow;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ssm.model.*;

/**
 * The operations of labels, which name versions, and of tags, which say what a parameter is for.
 */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
abstract class ParameterLabels extends ParameterReading {

  static final int MAX_LABELS = 10;
  static final int MAX_LABEL_LENGTH = 100;
  static final int MAX_TAGS = 50;

  private static final Pattern LABEL = Pattern.compile("[a-zA-Z_.\\-][a-zA-Z0-9_.\\-]*");

  ParameterLabels(ServiceContext context, SecretBox box) {
    super(context, box);
  }

  // ---------------------------------------------------------------- labels

  public LabelParameterVersionResponse labelParameterVersion(LabelParameterVersionRequest request) {
    Scope scope = scope();
    String name = required(request.name(), "name");
    checkLabels(request.labels());
    return store.write(
        tx -> {
          ParameterRow row = owned(tx, scope, name);
          long number = Objects.requireNonNullElse(request.parameterVersion(), row.version());
          VersionRow target = tx.get(VERSIONS, versionKey(scope, row.name(), number));
          if (target == null) {
            throw SsmErrors.versionNotFound(row.name(), number);
          }
          List<String> invalid = new ArrayList<>();
          Set<String> labels = new LinkedHashSet<>();
          for (String label : request.labels()) {
            if (isLabel(label)) {
              labels.add(label);
            } else {
              invalid.add(label);
            }
          }
          Set<String> now = new LinkedHashSet<>(target.labels());
          now.addAll(labels);
          if (now.size() > MAX_LABELS) {
            throw ParameterVersionLabelLimitExceededException.builder()
                .message(
                    "A parameter version can have maximum 10 labels.Move one or more labels to"
                        + " another version and try again.")
                .build();
          }
          for (VersionRow other : versions(tx, scope, row.name())) {
            if (other.version() != number && other.labels().stream().anyMatch(labels::contains)) {
              List<String> left = new ArrayList<>(other.labels());
              left.removeAll(labels);
              tx.put(
                  VERSIONS, versionKey(scope, row.name(), other.version()), other.withLabels(left));
            }
          }
          tx.put(
              VERSIONS, versionKey(scope, row.name(), number), target.withLabels(List.copyOf(now)));
          return LabelParameterVersionResponse.builder()
              .invalidLabels(invalid)
              .parameterVersion(number)
              .build();
        });
  }

  private static void checkLabels(List<String> labels) {
    if (labels.isEmpty()) {
      throw SsmErrors.constraint(labels, "labels", "have length greater than or equal to 1");
    }
    if (labels.size() > MAX_LABELS) {
      throw SsmErrors.constraint(
          labels, "labels", "have length less than or equal to " + MAX_LABELS);
    }
  }

  private static boolean isLabel(String label) {
    String lower = label.toLowerCase(java.util.Locale.ROOT);
    return label.length() <= MAX_LABEL_LENGTH
        && LABEL.matcher(label).matches()
        && !lower.startsWith("aws")
        && !lower.startsWith("ssm");
  }

  public UnlabelParameterVersionResponse unlabelParameterVersion(
      UnlabelParameterVersionRequest request) {
    Scope scope = scope();
    String name = required(request.name(), "name");
    checkLabels(request.labels());
    return store.write(
        tx -> {
          ParameterRow row = owned(tx, scope, name);
          long number = Objects.requireNonNullElse(request.parameterVersion(), 0L);
          VersionRow target = tx.get(VERSIONS, versionKey(scope, row.name(), number));
          if (target == null) {
            throw SsmErrors.versionNotFound(row.name(), number);
          }
          List<String> left = new ArrayList<>(target.labels());
          List<String> removed = new ArrayList<>();
          List<String> invalid = new ArrayList<>();
          for (String label : new LinkedHashSet<>(request.labels())) {
            (left.remove(label) ? removed : invalid).add(label);
          }
          tx.put(VERSIONS, versionKey(scope, row.name(), number), target.withLabels(left));
          return UnlabelParameterVersionResponse.builder()
              .removedLabels(removed)
              .invalidLabels(invalid)
              .build();
        });
  }

  // ---------------------------------------------------------------- tags

  public AddTagsToResourceResponse addTagsToResource(AddTagsToResourceRequest request) {
    return retagged(
        request.resourceTypeAsString(),
        request.resourceId(),
        row -> tags(row.tags(), request.tags()),
        AddTagsToResourceResponse.builder().build());
  }

  public RemoveTagsFromResourceResponse removeTagsFromResource(
      RemoveTagsFromResourceRequest request) {
    return retagged(
        request.resourceTypeAsString(),
        request.resourceId(),
        row -> {
          Map<String, String> left = new HashMap<>(row.tags());
          request.tagKeys().forEach(left::remove);
          return left;
        },
        RemoveTagsFromResourceResponse.builder().build());
  }

  private <R> R retagged(
      @Nullable String type,
      @Nullable String id,
      java.util.function.Function<ParameterRow, Map<String, String>> change,
      R answer) {
    Scope scope = scope();
    return store.write(
        tx -> {
          ParameterRow row = tagged(tx, scope, type, id);
          tx.put(
              PARAMETERS,
              scope.key(row.name()),
              new ParameterRow(
                  row.name(), row.version(), row.tier(), change.apply(row), row.expiresAt()));
          return answer;
        });
  }

  private static ParameterRow tagged(
      View view, Scope scope, @Nullable String type, @Nullable String id) {
    if (!"Parameter".equals(type)) {
      throw InvalidResourceTypeException.builder()
          .message("The resource type is not valid: " + type + ". Only parameters are kept here.")
          .build();
    }
    try {
      return owned(view, scope, required(id, "resourceId"));
    } catch (ParameterNotFoundException e) {
      throw InvalidResourceIdException.builder()
          .message(
              "The resource ID is not valid. Verify that you entered the correct ID and try again.")
          .build();
    }
  }

  static Map<String, String> tags(Map<String, String> before, List<Tag> added) {
    Map<String, String> tags = new LinkedHashMap<>(before);
    added.forEach(tag -> tags.put(tag.key(), tag.value()));
    if (tags.size() > MAX_TAGS) {
      throw TooManyTagsErrorException.builder()
          .message(String.format(Locale.ROOT, "The number of tags is more than %d.", MAX_TAGS))
          .build();
    }
    return tags;
  }

  public ListTagsForResourceResponse listTagsForResource(ListTagsForResourceRequest request) {
    ParameterRow row =
        tagged(store.snapshot(), scope(), request.resourceTypeAsString(), request.resourceId());
    return ListTagsForResourceResponse.builder()
        .tagList(
            row.tags().entrySet().stream()
                .map(tag -> Tag.builder().key(tag.getKey()).value(tag.getValue()).build())
                .sorted(Comparator.comparing(Tag::key))
                .toList())
        .build();
  }
}
