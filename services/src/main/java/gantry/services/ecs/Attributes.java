package gantry.services.ecs;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.ecs.rows.InstanceRow;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Tx;
import gantry.state.View;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Attribute;
import software.amazon.awssdk.services.ecs.model.DeleteAttributesRequest;
import software.amazon.awssdk.services.ecs.model.DeleteAttributesResponse;
import software.amazon.awssdk.services.ecs.model.ListAttributesRequest;
import software.amazon.awssdk.services.ecs.model.ListAttributesResponse;
import software.amazon.awssdk.services.ecs.model.PutAttributesRequest;
import software.amazon.awssdk.services.ecs.model.PutAttributesResponse;
import software.amazon.awssdk.services.ecs.model.TargetType;

/** Attributes of container instances: what they registered with, and what people put on them. */
final class Attributes {

  static final int MAX_CUSTOM = 10;
  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9_/\\\\.-]{1,128}");
  private static final Pattern VALUE =
      Pattern.compile("[a-zA-Z0-9_.@:/\\\\-]([a-zA-Z0-9_.@:/\\\\ -]{0,126}[a-zA-Z0-9_.@:/\\\\-])?");

  private final ServiceContext context;

  Attributes(ServiceContext context) {
    this.context = context;
  }

  PutAttributesResponse put(PutAttributesRequest request) {
    Scope scope = Caller.current().scope();
    if (request.attributes().isEmpty()) {
      throw EcsErrors.invalid("Attributes can not be empty.");
    }
    request.attributes().forEach(Attributes::check);
    context
        .store()
        .write(
            tx -> {
              String cluster = References.cluster(tx, scope, request.cluster()).clusterName();
              for (Attribute attribute : request.attributes()) {
                Key key = target(tx, scope, cluster, attribute);
                InstanceRow row = Objects.requireNonNull(tx.get(EcsTables.INSTANCES, key));
                Map<String, Attribute> all = new LinkedHashMap<>();
                row.instance().attributes().forEach(each -> all.put(each.name(), each));
                all.put(
                    attribute.name(),
                    Attribute.builder().name(attribute.name()).value(attribute.value()).build());
                if (all.values().stream().filter(each -> isCustom(each.name())).count()
                    > MAX_CUSTOM) {
                  throw EcsErrors.attributeLimit(
                      "You can apply up to "
                          + MAX_CUSTOM
                          + " custom attributes for each resource.");
                }
                tx.put(EcsTables.INSTANCES, key, with(row, all));
              }
              return cluster;
            });
    return PutAttributesResponse.builder().attributes(request.attributes()).build();
  }

  private static InstanceRow with(InstanceRow row, Map<String, Attribute> all) {
    return row.with(
        row.instance().toBuilder()
            .attributes(all.values())
            .version(row.instance().version() + 1)
            .build());
  }

  DeleteAttributesResponse delete(DeleteAttributesRequest request) {
    Scope scope = Caller.current().scope();
    List<Attribute> deleted =
        context
            .store()
            .write(
                tx -> {
                  String cluster = References.cluster(tx, scope, request.cluster()).clusterName();
                  List<Attribute> gone = new ArrayList<>();
                  for (Attribute attribute : request.attributes()) {
                    Key key = target(tx, scope, cluster, attribute);
                    InstanceRow row = Objects.requireNonNull(tx.get(EcsTables.INSTANCES, key));
                    Map<String, Attribute> all = new LinkedHashMap<>();
                    row.instance().attributes().forEach(each -> all.put(each.name(), each));
                    Attribute was = all.remove(attribute.name());
                    if (was == null) {
                      throw EcsErrors.targetNotFound(
                          "Unable to find attribute " + attribute.name() + " on the target.");
                    }
                    gone.add(shown(row, was));
                    tx.put(EcsTables.INSTANCES, key, with(row, all));
                  }
                  return gone;
                });
    return DeleteAttributesResponse.builder().attributes(deleted).build();
  }

  ListAttributesResponse list(ListAttributesRequest request) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    String cluster = References.cluster(view, scope, request.cluster()).clusterName();
    if (request.targetType() != TargetType.CONTAINER_INSTANCE) {
      throw EcsErrors.invalid("targetType must be container-instance");
    }
    var page =
        Paging.<Attribute>page(
            "attributes|"
                + cluster
                + "|"
                + request.attributeName()
                + "|"
                + request.attributeValue(),
            request.nextToken(),
            Paging.limit(request.maxResults(), 100, 100),
            after ->
                all(view, scope, cluster)
                    .filter(each -> matches(each, request))
                    .filter(each -> key(each).compareTo(after) > 0),
            Attributes::key);
    return ListAttributesResponse.builder()
        .attributes(page.items())
        .nextToken(page.nextToken())
        .build();
  }

  private static Stream<Attribute> all(View view, Scope scope, String cluster) {
    return EcsTables.inCluster(view, EcsTables.INSTANCES, scope, cluster, "")
        .map(Row::value)
        .filter(row -> !"INACTIVE".equals(row.instance().status()))
        .flatMap(
            row ->
                row.instance().attributes().stream()
                    .sorted(java.util.Comparator.comparing(Attribute::name))
                    .map(each -> shown(row, each)));
  }

  private static String key(Attribute attribute) {
    return attribute.targetId() + " " + attribute.name();
  }

  private static boolean matches(Attribute attribute, ListAttributesRequest request) {
    return (request.attributeName() == null || request.attributeName().equals(attribute.name()))
        && (request.attributeValue() == null || request.attributeValue().equals(attribute.value()));
  }

  private static Attribute shown(InstanceRow row, Attribute attribute) {
    return attribute.toBuilder()
        .targetType(TargetType.CONTAINER_INSTANCE)
        .targetId(row.arn())
        .build();
  }

  private static Key target(Tx tx, Scope scope, String cluster, Attribute attribute) {
    if (attribute.targetId() == null || attribute.targetId().isEmpty()) {
      throw EcsErrors.invalid("targetId can not be blank.");
    }
    if (attribute.targetTypeAsString() != null
        && attribute.targetType() != TargetType.CONTAINER_INSTANCE) {
      throw EcsErrors.invalid("targetType must be container-instance");
    }
    if (attribute.targetType() == null && !attribute.targetId().startsWith("arn:")) {
      throw EcsErrors.invalid("targetType must be container-instance");
    }
    Key key = References.instance(scope, cluster, attribute.targetId());
    InstanceRow row = tx.get(EcsTables.INSTANCES, key);
    if (row == null || "INACTIVE".equals(row.instance().status())) {
      throw EcsErrors.targetNotFound("The specified target was not found: " + attribute.targetId());
    }
    return key;
  }

  private static void check(Attribute attribute) {
    if (attribute.name() == null || !NAME.matcher(attribute.name()).matches()) {
      throw EcsErrors.invalid("Invalid attribute name: " + attribute.name());
    }
    if (attribute.value() != null && !VALUE.matcher(attribute.value()).matches()) {
      throw EcsErrors.invalid("Invalid attribute value: " + attribute.value());
    }
    if (!isCustom(attribute.name())) {
      throw EcsErrors.invalid(
          "Attribute names with the prefix ecs. are reserved: " + attribute.name());
    }
  }

  /** What the agent or ECS says of an instance does not count as custom. */
  static boolean isCustom(@Nullable String name) {
    return name != null && !name.startsWith("ecs.") && !name.startsWith("com.amazonaws.ecs.");
  }
}
