package gantry.services.ecs;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.ecs.controller.Outbox;
import gantry.services.ecs.rows.InstanceRow;
import gantry.state.Scope;
import gantry.state.View;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Attribute;
import software.amazon.awssdk.services.ecs.model.ContainerInstance;
import software.amazon.awssdk.services.ecs.model.PlatformDevice;
import software.amazon.awssdk.services.ecs.model.PlatformDeviceType;
import software.amazon.awssdk.services.ecs.model.RegisterContainerInstanceRequest;
import software.amazon.awssdk.services.ecs.model.RegisterContainerInstanceResponse;
import software.amazon.awssdk.services.ecs.model.Resource;

/**
 * Container instances as they register, and the nodes of the Fargate pool, which register the same
 * way under a name that no cluster can have and are shown to nobody.
 */
final class InstanceRegistration {

  private static final JsonFactory JSON = new JsonFactory();

  private final ServiceContext context;

  InstanceRegistration(ServiceContext context) {
    this.context = context;
  }

  RegisterContainerInstanceResponse register(RegisterContainerInstanceRequest request) {
    Scope scope = Caller.current().scope();
    Instant now = context.clock().instant();
    boolean pool = InstanceRow.FARGATE_POOL.equals(request.cluster());
    if (pool && !Caller.current().isService()) {
      throw EcsErrors.clusterNotFound();
    }
    Tags.check(request.tags());
    Map<String, String> identity = identity(request.instanceIdentityDocument());
    String freshId = context.ids().hex(32);
    InstanceRow registered =
        context
            .store()
            .write(
                tx -> {
                  String cluster =
                      pool
                          ? InstanceRow.FARGATE_POOL
                          : References.cluster(tx, scope, request.cluster()).clusterName();
                  String id = freshId;
                  InstanceRow old = null;
                  if (TaskDefinitionRules.given(request.containerInstanceArn())) {
                    id = References.id(request.containerInstanceArn(), "container-instance");
                    old = tx.get(EcsTables.INSTANCES, EcsTables.member(scope, cluster, id));
                    if (old == null && !pool) {
                      throw EcsErrors.client("The specified container instance was not found.");
                    }
                    checkType(old, identity);
                  }
                  InstanceRow row = made(scope, cluster, id, request, identity, old, now);
                  Outbox.put(tx, EcsTables.member(scope, cluster, id), old, row, now);
                  if (!request.tags().isEmpty()) {
                    Tags.put(tx, scope, row.arn(), request.tags());
                  }
                  return row;
                });
    View view = context.store().snapshot();
    return RegisterContainerInstanceResponse.builder()
        .containerInstance(
            ShownInstances.shown(view, scope, registered).toBuilder()
                .tags(Tags.of(view, scope, registered.arn()))
                .build())
        .build();
  }

  private static void checkType(@Nullable InstanceRow old, Map<String, String> identity) {
    String before = old == null ? null : old.attribute("ecs.instance-type");
    String now = identity.get("instanceType");
    if (before != null && now != null && !before.equals(now)) {
      throw EcsErrors.invalid("Container instance type changes are not supported.");
    }
  }

  private static InstanceRow made(
      Scope scope,
      String cluster,
      String id,
      RegisterContainerInstanceRequest request,
      Map<String, String> identity,
      @Nullable InstanceRow old,
      Instant now) {
    Map<String, Attribute> attributes = new LinkedHashMap<>();
    request.attributes().forEach(each -> attributes.put(each.name(), each));
    if (old != null) {
      // A returning agent leaves the custom ones out.
      old.instance().attributes().stream()
          .filter(each -> Attributes.isCustom(each.name()))
          .forEach(each -> attributes.putIfAbsent(each.name(), each));
    }
    put(attributes, "ecs.availability-zone", identity.get("availabilityZone"));
    put(attributes, "ecs.instance-type", identity.get("instanceType"));
    put(attributes, "ecs.ami-id", identity.get("imageId"));
    if (!cluster.equals(InstanceRow.FARGATE_POOL)) {
      put(attributes, "ecs.availability-zone", scope.region() + "a");
      put(attributes, "ecs.os-type", "linux");
    }
    Attribute provider = attributes.get("ecs.capacity-provider");
    ContainerInstance.Builder instance =
        ContainerInstance.builder()
            .containerInstanceArn(Arns.containerInstance(scope, cluster, id))
            .ec2InstanceId(identity.get("instanceId"))
            .capacityProviderName(provider == null ? null : provider.value())
            .versionInfo(request.versionInfo())
            .registeredResources(resources(request))
            .status("ACTIVE")
            .agentConnected(true)
            .attributes(attributes.values())
            .attachments(List.of())
            .registeredAt(old == null ? now : old.instance().registeredAt())
            .version(old == null ? 0L : old.instance().version());
    if (old != null && old.isDraining()) {
      instance.status("DRAINING");
    }
    return new InstanceRow(instance.build(), cluster, null, null);
  }

  private static void put(Map<String, Attribute> attributes, String name, @Nullable String value) {
    if (value != null) {
      attributes.putIfAbsent(name, Attribute.builder().name(name).value(value).build());
    }
  }

  /** Agents tell their GPUs as devices; they are shown as the resource GPU. */
  private static List<Resource> resources(RegisterContainerInstanceRequest request) {
    List<Resource> resources =
        new ArrayList<>(request.totalResources().stream().map(InstanceRegistration::full).toList());
    List<String> gpus =
        request.platformDevices().stream()
            .filter(each -> each.type() == PlatformDeviceType.GPU)
            .map(PlatformDevice::id)
            .toList();
    if (!gpus.isEmpty() && resources.stream().noneMatch(each -> "GPU".equals(each.name()))) {
      resources.add(
          full(Resource.builder().name("GPU").type("STRINGSET").stringSetValue(gpus).build()));
    }
    return resources;
  }

  private static Resource full(Resource resource) {
    return resource.toBuilder()
        .doubleValue(resource.doubleValue() == null ? 0.0 : resource.doubleValue())
        .longValue(resource.longValue() == null ? 0L : resource.longValue())
        .integerValue(resource.integerValue() == null ? 0 : resource.integerValue())
        .build();
  }

  /** The top-level strings of the identity document; empty for a machine that has none. */
  private static Map<String, String> identity(@Nullable String document) {
    Map<String, String> members = new LinkedHashMap<>();
    if (document == null || document.isBlank()) {
      return members;
    }
    try (JsonParser json = JSON.createParser(document)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw EcsErrors.invalid("Invalid instance identity document.");
      }
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        JsonToken value = json.nextToken();
        if (value == JsonToken.VALUE_STRING) {
          members.put(name, json.getText());
        } else {
          json.skipChildren();
        }
      }
    } catch (IOException malformed) {
      throw EcsErrors.invalid("Invalid instance identity document.");
    }
    return members;
  }
}
