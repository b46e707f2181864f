package gantry.services.cloudmap;

import gantry.state.Index;
import gantry.state.Table;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.servicediscovery.model.Namespace;
import software.amazon.awssdk.services.servicediscovery.model.Operation;
import software.amazon.awssdk.services.servicediscovery.model.OperationStatus;
import software.amazon.awssdk.services.servicediscovery.model.Service;

/** What Cloud Map remembers. */
final class Tables {

  /**
   * A namespace.
   *
   * @param vpcId for a private DNS namespace
   */
  record NamespaceRow(Namespace namespace, @Nullable String vpcId, Map<String, String> tags) {
    NamespaceRow with(Namespace changed) {
      return new NamespaceRow(changed, vpcId, tags);
    }

    NamespaceRow withTags(Map<String, String> changed) {
      return new NamespaceRow(namespace, vpcId, changed);
    }
  }

  /**
   * A service.
   *
   * @param revision grows with every registration and deregistration
   */
  record ServiceRow(
      Service service, Map<String, String> attributes, long revision, Map<String, String> tags) {
    ServiceRow with(Service changed) {
      return new ServiceRow(changed, attributes, revision, tags);
    }

    ServiceRow withAttributes(Map<String, String> changed) {
      return new ServiceRow(service, changed, revision, tags);
    }

    ServiceRow withTags(Map<String, String> changed) {
      return new ServiceRow(service, attributes, revision, changed);
    }

    ServiceRow nextRevision() {
      return new ServiceRow(service, attributes, revision + 1, tags);
    }
  }

  /**
   * An instance. Its key is the service's id, a slash and its own.
   *
   * @param healthy as custom health says; always true where the service has none
   * @param healthCheckId of Route 53, where the service has a health check; null until it is made
   */
  record InstanceRow(
      String serviceId,
      String instanceId,
      Map<String, String> attributes,
      boolean healthy,
      @Nullable String creatorRequestId,
      Instant registered,
      @Nullable String healthCheckId) {
    InstanceRow withHealth(boolean changed) {
      return new InstanceRow(
          serviceId, instanceId, attributes, changed, creatorRequestId, registered, healthCheckId);
    }

    InstanceRow withHealthCheck(@Nullable String id) {
      return new InstanceRow(
          serviceId, instanceId, attributes, healthy, creatorRequestId, registered, id);
    }
  }

  /**
   * An operation; {@code concerns} is the id of the namespace or service whose controller finishes
   * it.
   */
  record OperationRow(Operation operation, String concerns) {
    boolean pending() {
      return operation.status() == OperationStatus.SUBMITTED
          || operation.status() == OperationStatus.PENDING;
    }
  }

  static final Table<NamespaceRow> NAMESPACES =
      Table.of("servicediscovery.namespaces", NamespaceRow.class);
  static final Index<NamespaceRow> NAMESPACES_BY_NAME =
      NAMESPACES.index("name", row -> row.namespace().name().toLowerCase(java.util.Locale.ROOT));
  static final Index<NamespaceRow> NAMESPACES_BY_HTTP_NAME =
      NAMESPACES.index(
          "http-name", row -> row.namespace().properties().httpProperties().httpName());
  static final Index<NamespaceRow> NAMESPACES_BY_REQUEST =
      NAMESPACES.index("creator-request", row -> row.namespace().creatorRequestId());

  static final Table<ServiceRow> SERVICES = Table.of("servicediscovery.services", ServiceRow.class);
  static final Index<ServiceRow> SERVICES_BY_NAMESPACE =
      SERVICES.index("namespace", row -> row.service().namespaceId());

  static final Table<InstanceRow> INSTANCES =
      Table.of("servicediscovery.instances", InstanceRow.class);
  static final Index<InstanceRow> INSTANCES_BY_SERVICE =
      INSTANCES.index("service", InstanceRow::serviceId);

  static final Table<OperationRow> OPERATIONS =
      Table.of("servicediscovery.operations", OperationRow.class);
  static final Index<OperationRow> PENDING_BY_SUBJECT =
      OPERATIONS.index("pending", row -> row.pending() ? row.concerns() : null);

  private Tables() {}

  static String instanceKey(String serviceId, String instanceId) {
    return serviceId + "/" + instanceId;
  }
}
