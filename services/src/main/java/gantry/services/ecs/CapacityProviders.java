package gantry.services.ecs;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.AutoScalingGroupProvider;
import software.amazon.awssdk.services.ecs.model.CapacityProvider;
import software.amazon.awssdk.services.ecs.model.CapacityProviderField;
import software.amazon.awssdk.services.ecs.model.CapacityProviderStatus;
import software.amazon.awssdk.services.ecs.model.CapacityProviderStrategyItem;
import software.amazon.awssdk.services.ecs.model.CapacityProviderType;
import software.amazon.awssdk.services.ecs.model.CapacityProviderUpdateStatus;
import software.amazon.awssdk.services.ecs.model.Cluster;
import software.amazon.awssdk.services.ecs.model.CreateCapacityProviderRequest;
import software.amazon.awssdk.services.ecs.model.CreateCapacityProviderResponse;
import software.amazon.awssdk.services.ecs.model.DeleteCapacityProviderRequest;
import software.amazon.awssdk.services.ecs.model.DeleteCapacityProviderResponse;
import software.amazon.awssdk.services.ecs.model.DescribeCapacityProvidersRequest;
import software.amazon.awssdk.services.ecs.model.DescribeCapacityProvidersResponse;
import software.amazon.awssdk.services.ecs.model.Failure;
import software.amazon.awssdk.services.ecs.model.ManagedDraining;
import software.amazon.awssdk.services.ecs.model.ManagedScaling;
import software.amazon.awssdk.services.ecs.model.ManagedScalingStatus;
import software.amazon.awssdk.services.ecs.model.ManagedTerminationProtection;
import software.amazon.awssdk.services.ecs.model.UpdateCapacityProviderRequest;
import software.amazon.awssdk.services.ecs.model.UpdateCapacityProviderResponse;

/** Capacity providers: the two of Fargate, and those that stand for an Auto Scaling group. */
final class CapacityProviders {

  static final String FARGATE = "FARGATE";
  static final String FARGATE_SPOT = "FARGATE_SPOT";
  static final int MAX_PER_CLUSTER = 20;
  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9_-]{1,255}");

  private final ServiceContext context;

  CapacityProviders(ServiceContext context) {
    this.context = context;
  }

  static boolean isFargate(@Nullable String name) {
    return FARGATE.equals(name) || FARGATE_SPOT.equals(name);
  }

  static @Nullable CapacityProvider find(View view, Scope scope, String reference) {
    Arns.Parts arn = Arns.parse(reference);
    String name = arn == null ? reference : arn.path();
    if (isFargate(name)) {
      return CapacityProvider.builder()
          .name(name)
          .capacityProviderArn(Arns.capacityProvider(scope, name))
          .status(CapacityProviderStatus.ACTIVE)
          .type(
              name.equals(FARGATE)
                  ? CapacityProviderType.FARGATE
                  : CapacityProviderType.FARGATE_SPOT)
          .build();
    }
    return view.get(EcsTables.CAPACITY_PROVIDERS, scope.key(name));
  }

  static void checkAttachable(View view, Scope scope, List<String> names) {
    if (names.size() > MAX_PER_CLUSTER) {
      throw EcsErrors.invalid(
          "The maximum number of capacity providers per cluster has been exceeded.");
    }
    for (String name : names) {
      CapacityProvider provider = find(view, scope, name);
      if (provider == null || provider.status() != CapacityProviderStatus.ACTIVE) {
        throw EcsErrors.invalid(
            "The specified capacity provider '"
                + name
                + "' is not in an ACTIVE state. Specify a valid capacity provider and try again.");
      }
    }
  }

  /** The rules of a strategy; {@code attached} are the cluster's providers. */
  static void checkStrategy(List<CapacityProviderStrategyItem> items, List<String> attached) {
    if (items.isEmpty()) {
      return;
    }
    if (items.size() > MAX_PER_CLUSTER) {
      throw EcsErrors.invalid(
          "The maximum number of capacity providers per cluster has been exceeded.");
    }
    int bases = 0;
    int weights = 0;
    boolean fargate = false;
    boolean groups = false;
    for (CapacityProviderStrategyItem item : items) {
      if (!attached.contains(item.capacityProvider())) {
        throw EcsErrors.invalid(
            "The specified capacity provider '"
                + item.capacityProvider()
                + "' is not associated with the cluster. Specify a valid capacity provider and try"
                + " again.");
      }
      int weight = item.weight() == null ? 0 : item.weight();
      int base = item.base() == null ? 0 : item.base();
      if (weight < 0 || weight > 1000) {
        throw EcsErrors.invalid("Capacity provider weight must be between 0 and 1000.");
      }
      if (base < 0 || base > 100_000) {
        throw EcsErrors.invalid("Capacity provider base must be between 0 and 100000.");
      }
      bases += base > 0 ? 1 : 0;
      weights += weight;
      fargate |= isFargate(item.capacityProvider());
      groups |= !isFargate(item.capacityProvider());
    }
    if (bases > 1) {
      throw EcsErrors.invalid(
          "A capacity provider strategy cannot contain more than one capacity provider with a base.");
    }
    if (items.size() > 1 && weights == 0) {
      throw EcsErrors.invalid(
          "A capacity provider strategy must contain at least one capacity provider with a weight"
              + " greater than 0.");
    }
    if (fargate && groups) {
      throw EcsErrors.invalid(
          "A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling"
              + " groups and Fargate providers.");
    }
  }

  CreateCapacityProviderResponse create(CreateCapacityProviderRequest request) {
    Scope scope = Caller.current().scope();
    String name = request.name();
    String lower = name == null ? "" : name.toLowerCase(Locale.ROOT);
    if (name == null
        || !NAME.matcher(name).matches()
        || lower.startsWith("aws")
        || lower.startsWith("ecs")
        || lower.startsWith("fargate")) {
      throw EcsErrors.invalid(
          "The specified capacity provider name is invalid. Up to 255 characters are allowed,"
              + " including letters (upper and lowercase), numbers, underscores, and hyphens. The"
              + " name cannot be prefixed with \"aws\", \"ecs\", or \"fargate\".");
    }
    if (request.managedInstancesProvider() != null) {
      throw EcsErrors.unsupported(
          "Managed instances are not supported: machines join a cluster as container instances.");
    }
    ofNoCluster(request.cluster());
    AutoScalingGroupProvider group = request.autoScalingGroupProvider();
    if (group == null || !TaskDefinitionRules.given(group.autoScalingGroupArn())) {
      throw EcsErrors.invalid("The Auto Scaling group ARN can not be blank.");
    }
    Tags.check(request.tags());
    CapacityProvider made =
        CapacityProvider.builder()
            .name(name)
            .capacityProviderArn(Arns.capacityProvider(scope, name))
            .status(CapacityProviderStatus.ACTIVE)
            .type(CapacityProviderType.EC2_AUTOSCALING)
            .updateStatus(CapacityProviderUpdateStatus.CREATE_COMPLETE)
            .autoScalingGroupProvider(filled(group))
            .build();
    context
        .store()
        .write(
            tx -> {
              if (tx.get(EcsTables.CAPACITY_PROVIDERS, scope.key(name)) != null) {
                throw EcsErrors.client(
                    "The specified capacity provider already exists. To change the configuration of"
                        + " an existing capacity provider, update the capacity provider.");
              }
              tx.put(EcsTables.CAPACITY_PROVIDERS, scope.key(name), made);
              Tags.put(tx, scope, made.capacityProviderArn(), request.tags());
              return made;
            });
    return CreateCapacityProviderResponse.builder()
        .capacityProvider(made.toBuilder().tags(request.tags()).build())
        .build();
  }

  private static void ofNoCluster(@Nullable String cluster) {
    if (TaskDefinitionRules.given(cluster)) {
      throw EcsErrors.invalid(
          "cluster can only be given for a capacity provider of managed instances: others are"
              + " associated with clusters by PutClusterCapacityProviders.");
    }
  }

  private static AutoScalingGroupProvider filled(AutoScalingGroupProvider group) {
    ManagedScaling scaling = group.managedScaling();
    ManagedScalingStatus status =
        scaling == null
            ? ManagedScalingStatus.DISABLED
            : Objects.requireNonNullElse(scaling.status(), ManagedScalingStatus.DISABLED);
    ManagedScaling filled = scaling(scaling, status);
    ManagedTerminationProtection protection =
        Objects.requireNonNullElse(
            group.managedTerminationProtection(), ManagedTerminationProtection.DISABLED);
    if (protection == ManagedTerminationProtection.ENABLED
        && status != ManagedScalingStatus.ENABLED) {
      throw EcsErrors.client(
          "The managed termination protection setting for the capacity provider is invalid. To enable"
              + " managed termination protection for a capacity provider, the Auto Scaling group must"
              + " have instance protection from scale in enabled.");
    }
    return group.toBuilder()
        .managedScaling(filled)
        .managedTerminationProtection(protection)
        .managedDraining(
            Objects.requireNonNullElse(group.managedDraining(), ManagedDraining.DISABLED))
        .build();
  }

  private static ManagedScaling scaling(
      @Nullable ManagedScaling given, ManagedScalingStatus status) {
    ManagedScaling scaling = given == null ? ManagedScaling.builder().build() : given;
    return ManagedScaling.builder()
        .status(status)
        .targetCapacity(between("targetCapacity", scaling.targetCapacity(), 1, 100, 100))
        .minimumScalingStepSize(
            between("minimumScalingStepSize", scaling.minimumScalingStepSize(), 1, 10_000, 1))
        .maximumScalingStepSize(
            between("maximumScalingStepSize", scaling.maximumScalingStepSize(), 1, 10_000, 10_000))
        .instanceWarmupPeriod(
            between("instanceWarmupPeriod", scaling.instanceWarmupPeriod(), 0, 10_000, 300))
        .build();
  }

  private static int between(
      String member, @Nullable Integer value, int least, int most, int absent) {
    if (value == null) {
      return absent;
    }
    if (value < least || value > most) {
      throw EcsErrors.invalid(member + " must be between " + least + " and " + most + ".");
    }
    return value;
  }

  UpdateCapacityProviderResponse update(UpdateCapacityProviderRequest request) {
    Scope scope = Caller.current().scope();
    if (request.managedInstancesProvider() != null) {
      throw EcsErrors.unsupported(
          "Managed instances are not supported: machines join a cluster as container instances.");
    }
    ofNoCluster(request.cluster());
    if (request.name() == null || isFargate(request.name())) {
      throw EcsErrors.invalid("The specified capacity provider cannot be updated.");
    }
    CapacityProvider updated =
        context
            .store()
            .write(
                tx -> {
                  CapacityProvider old =
                      tx.get(EcsTables.CAPACITY_PROVIDERS, scope.key(request.name()));
                  if (old == null) {
                    throw EcsErrors.client("The specified capacity provider was not found.");
                  }
                  var change = request.autoScalingGroupProvider();
                  AutoScalingGroupProvider.Builder group =
                      old.autoScalingGroupProvider().toBuilder();
                  if (change != null) {
                    if (change.managedScaling() != null) {
                      group.managedScaling(change.managedScaling());
                    }
                    if (change.managedTerminationProtection() != null) {
                      group.managedTerminationProtection(change.managedTerminationProtection());
                    }
                    if (change.managedDraining() != null) {
                      group.managedDraining(change.managedDraining());
                    }
                  }
                  CapacityProvider next =
                      old.toBuilder()
                          .autoScalingGroupProvider(filled(group.build()))
                          .updateStatus(CapacityProviderUpdateStatus.UPDATE_COMPLETE)
                          .build();
                  tx.put(EcsTables.CAPACITY_PROVIDERS, scope.key(request.name()), next);
                  return next;
                });
    return UpdateCapacityProviderResponse.builder().capacityProvider(updated).build();
  }

  DeleteCapacityProviderResponse delete(DeleteCapacityProviderRequest request) {
    Scope scope = Caller.current().scope();
    String reference = request.capacityProvider() == null ? "" : request.capacityProvider();
    ofNoCluster(request.cluster());
    CapacityProvider gone =
        context
            .store()
            .write(
                tx -> {
                  CapacityProvider old = find(tx, scope, reference);
                  if (old == null) {
                    throw EcsErrors.client("The specified capacity provider was not found.");
                  }
                  if (isFargate(old.name())) {
                    throw EcsErrors.client(
                        "The specified capacity provider is predefined and cannot be deleted.");
                  }
                  boolean attached =
                      tx.scan(EcsTables.CLUSTERS, scope)
                          .map(Row::value)
                          .map(Cluster::capacityProviders)
                          .anyMatch(names -> names.contains(old.name()));
                  if (attached) {
                    throw EcsErrors.client(
                        "The specified capacity provider is in use and cannot be removed.");
                  }
                  tx.delete(EcsTables.CAPACITY_PROVIDERS, scope.key(old.name()));
                  Tags.put(tx, scope, old.capacityProviderArn(), List.of());
                  return old.toBuilder()
                      .status(CapacityProviderStatus.INACTIVE)
                      .updateStatus(CapacityProviderUpdateStatus.DELETE_COMPLETE)
                      .build();
                });
    return DeleteCapacityProviderResponse.builder().capacityProvider(gone).build();
  }

  DescribeCapacityProvidersResponse describe(DescribeCapacityProvidersRequest request) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    EcsErrors.eachOneOf("include", request.includeAsStrings(), CapacityProviderField.knownValues());
    boolean tags = request.include().contains(CapacityProviderField.TAGS);
    List<CapacityProvider> found = new ArrayList<>();
    List<Failure> failures = new ArrayList<>();
    if (!request.capacityProviders().isEmpty()) {
      if (request.capacityProviders().size() > 100) {
        throw EcsErrors.invalid("capacityProviders cannot have more than 100 elements.");
      }
      for (String reference : Set.copyOf(request.capacityProviders())) {
        CapacityProvider provider = find(view, scope, reference);
        if (provider == null) {
          failures.add(
              Failure.builder()
                  .arn(
                      reference.startsWith("arn:")
                          ? reference
                          : Arns.capacityProvider(scope, reference))
                  .reason("MISSING")
                  .build());
        } else {
          found.add(provider);
        }
      }
      found.sort(java.util.Comparator.comparing(CapacityProvider::name));
    } else {
      found.add(Objects.requireNonNull(find(view, scope, FARGATE)));
      found.add(Objects.requireNonNull(find(view, scope, FARGATE_SPOT)));
      view.scan(EcsTables.CAPACITY_PROVIDERS, scope).map(Row::value).forEach(found::add);
      found.sort(java.util.Comparator.comparing(CapacityProvider::name));
    }
    if (TaskDefinitionRules.given(request.cluster())) {
      List<String> attached =
          References.cluster(view, scope, request.cluster()).capacityProviders();
      found.removeIf(each -> !attached.contains(each.name()));
    }
    var page =
        Paging.<CapacityProvider>page(
            "providers|" + request.capacityProviders() + "|" + request.cluster(),
            request.nextToken(),
            request.capacityProviders().isEmpty()
                ? Paging.limit(request.maxResults(), 10, 10)
                : 100,
            after -> found.stream().filter(each -> each.name().compareTo(after) > 0),
            CapacityProvider::name);
    return DescribeCapacityProvidersResponse.builder()
        .capacityProviders(
            page.items().stream()
                .map(
                    each ->
                        each.toBuilder()
                            .tags(
                                tags ? Tags.of(view, scope, each.capacityProviderArn()) : List.of())
                            .build())
                .toList())
        .failures(failures)
        .nextToken(page.nextToken())
        .build();
  }
}
