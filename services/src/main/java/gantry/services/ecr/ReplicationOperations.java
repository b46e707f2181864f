package gantry.services.ecr;

import gantry.state.Scope;
import gantry.state.View;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import software.amazon.awssdk.services.ecr.model.DescribeImageReplicationStatusRequest;
import software.amazon.awssdk.services.ecr.model.DescribeImageReplicationStatusResponse;
import software.amazon.awssdk.services.ecr.model.DescribeRegistryResponse;
import software.amazon.awssdk.services.ecr.model.ImageIdentifier;
import software.amazon.awssdk.services.ecr.model.PutReplicationConfigurationRequest;
import software.amazon.awssdk.services.ecr.model.PutReplicationConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.ReplicationConfiguration;
import software.amazon.awssdk.services.ecr.model.ReplicationDestination;
import software.amazon.awssdk.services.ecr.model.ReplicationRule;
import software.amazon.awssdk.services.ecr.model.RepositoryFilter;
import software.amazon.awssdk.services.ecr.model.RepositoryFilterType;
import software.amazon.awssdk.services.ecr.model.ValidationException;

/** Replication through the API: where images are copied to, and how far that is. */
final class ReplicationOperations {

  static final int MAX_RULES = 10;
  static final int MAX_DESTINATIONS = 25;
  static final int MAX_FILTERS = 100;

  private final Registry registry;
  private final Gate gate;

  ReplicationOperations(Registry registry, Gate gate) {
    this.registry = registry;
    this.gate = gate;
  }

  DescribeRegistryResponse describe() {
    Scope scope = gate.own("DescribeRegistry");
    ReplicationConfiguration replication = registry.settings(scope).replication();
    return DescribeRegistryResponse.builder()
        .registryId(scope.account())
        .replicationConfiguration(
            replication == null
                ? ReplicationConfiguration.builder().rules(List.of()).build()
                : replication)
        .build();
  }

  PutReplicationConfigurationResponse put(PutReplicationConfigurationRequest request) {
    Scope scope = gate.own("PutReplicationConfiguration");
    ReplicationConfiguration configuration = request.replicationConfiguration();
    if (configuration.rules().size() > MAX_RULES) {
      throw EcrErrors.tooMany("replication rules", MAX_RULES);
    }
    Set<ReplicationDestination> destinations = new HashSet<>();
    for (ReplicationRule rule : configuration.rules()) {
      if (rule.destinations().isEmpty()) {
        throw ValidationException.builder()
            .message("A replication rule needs at least one destination")
            .build();
      }
      if (rule.repositoryFilters().size() > MAX_FILTERS) {
        throw EcrErrors.tooMany("repository filters", MAX_FILTERS);
      }
      for (RepositoryFilter filter : rule.repositoryFilters()) {
        if (filter.filterType() != RepositoryFilterType.PREFIX_MATCH || filter.filter() == null) {
          throw EcrErrors.invalid(
              "repositoryFilters", "Member must satisfy enum value set: [PREFIX_MATCH]");
        }
      }
      for (ReplicationDestination destination : rule.destinations()) {
        if (scope.equals(new Scope(destination.registryId(), destination.region()))) {
          throw EcrErrors.invalid(
              "Invalid parameter at 'replicationConfiguration' failed to satisfy constraint: "
                  + "'Replication destination cannot be the same as the source registry'");
        }
        destinations.add(destination);
      }
    }
    if (destinations.size() > MAX_DESTINATIONS) {
      throw EcrErrors.tooMany("unique destinations", MAX_DESTINATIONS);
    }
    registry.changeSettings(scope, row -> row.with(configuration));
    return PutReplicationConfigurationResponse.builder()
        .replicationConfiguration(configuration)
        .build();
  }

  DescribeImageReplicationStatusResponse status(DescribeImageReplicationStatusRequest request) {
    String name = request.repositoryName();
    Scope scope = gate.enter(request.registryId(), name, "DescribeImageReplicationStatus");
    View view = registry.store.snapshot();
    Registry.repository(view, scope, name);
    var image = Images.existing(view, scope, name, request.imageId());
    var row = view.get(EcrTables.REPLICATIONS, EcrTables.imageKey(scope, name, image.digest()));
    return DescribeImageReplicationStatusResponse.builder()
        .repositoryName(name)
        .imageId(
            ImageIdentifier.builder()
                .imageDigest(image.digest())
                .imageTag(request.imageId().imageTag())
                .build())
        .replicationStatuses(row == null ? List.of() : row.statuses())
        .build();
  }
}
