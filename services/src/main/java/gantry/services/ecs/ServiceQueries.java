package gantry.services.ecs;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.ecs.rows.ServiceRow;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.services.ecs.model.Cluster;
import software.amazon.awssdk.services.ecs.model.DescribeServicesRequest;
import software.amazon.awssdk.services.ecs.model.DescribeServicesResponse;
import software.amazon.awssdk.services.ecs.model.Failure;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.ListServicesByNamespaceRequest;
import software.amazon.awssdk.services.ecs.model.ListServicesByNamespaceResponse;
import software.amazon.awssdk.services.ecs.model.ListServicesRequest;
import software.amazon.awssdk.services.ecs.model.ListServicesResponse;
import software.amazon.awssdk.services.ecs.model.ResourceManagementType;
import software.amazon.awssdk.services.ecs.model.SchedulingStrategy;
import software.amazon.awssdk.services.ecs.model.Service;
import software.amazon.awssdk.services.ecs.model.ServiceField;

/** Services described and listed. */
final class ServiceQueries {

  private static final int MAX_DESCRIBED = 10;

  private final ServiceContext context;
  private final ServiceConnect connect;

  ServiceQueries(ServiceContext context) {
    this.context = context;
    this.connect = new ServiceConnect(context);
  }

  DescribeServicesResponse describe(DescribeServicesRequest request) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    Cluster cluster = References.cluster(view, scope, request.cluster());
    if (request.services().isEmpty()) {
      throw EcsErrors.invalid("Services cannot be empty.");
    }
    if (request.services().size() > MAX_DESCRIBED) {
      throw EcsErrors.invalid("Services cannot have more than " + MAX_DESCRIBED + " elements.");
    }
    EcsErrors.eachOneOf("include", request.includeAsStrings(), ServiceField.knownValues());
    List<Service> found = new ArrayList<>();
    List<Failure> failures = new ArrayList<>();
    for (String reference : request.services()) {
      ServiceRow row =
          view.get(EcsTables.SERVICES, References.service(scope, cluster.clusterName(), reference));
      if (row == null) {
        failures.add(
            Failure.builder()
                .arn(
                    reference.startsWith("arn:")
                        ? reference
                        : Arns.service(scope, cluster.clusterName(), reference))
                .reason("MISSING")
                .build());
      } else {
        found.add(
            ShownServices.shown(view, scope, row, request.include().contains(ServiceField.TAGS)));
      }
    }
    return DescribeServicesResponse.builder().services(found).failures(failures).build();
  }

  ListServicesResponse list(ListServicesRequest request) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    String cluster = References.cluster(view, scope, request.cluster()).clusterName();
    EcsErrors.oneOf("launchType", request.launchTypeAsString(), LaunchType.knownValues());
    EcsErrors.oneOf(
        "schedulingStrategy",
        request.schedulingStrategyAsString(),
        SchedulingStrategy.knownValues());
    EcsErrors.oneOf(
        "resourceManagementType",
        request.resourceManagementTypeAsString(),
        ResourceManagementType.knownValues());
    var page =
        Paging.<Row<ServiceRow>>page(
            "services|"
                + cluster
                + "|"
                + request.launchTypeAsString()
                + "|"
                + request.schedulingStrategyAsString()
                + "|"
                + request.resourceManagementTypeAsString(),
            request.nextToken(),
            Paging.limit(request.maxResults(), 100, 10),
            after ->
                EcsTables.inCluster(view, EcsTables.SERVICES, scope, cluster, after)
                    .filter(row -> row.value().isActive())
                    .filter(
                        row ->
                            request.launchType() == null
                                || request.launchType() == row.value().service().launchType())
                    .filter(
                        row ->
                            request.schedulingStrategy() == null
                                || request.schedulingStrategy()
                                    == row.value().service().schedulingStrategy())
                    .filter(
                        row ->
                            request.resourceManagementType() == null
                                || request.resourceManagementType()
                                    == ResourceManagementType.CUSTOMER),
            row -> row.key().id());
    return ListServicesResponse.builder()
        .serviceArns(page.items().stream().map(row -> row.value().service().serviceArn()).toList())
        .nextToken(page.nextToken())
        .build();
  }

  /** The services whose names Service Connect puts into a namespace. */
  ListServicesByNamespaceResponse listByNamespace(ListServicesByNamespaceRequest request) {
    if (!TaskDefinitionRules.given(request.namespace())) {
      throw EcsErrors.invalid("namespace can not be blank.");
    }
    Scope scope = Caller.current().scope();
    String namespace = connect.namespace(scope, request.namespace()).arn();
    var found = ServiceConnect.in(context.store().snapshot(), scope, namespace);
    var page =
        Paging.<String>page(
            "services-by-namespace|" + namespace,
            request.nextToken(),
            Paging.limit(request.maxResults(), 100, 10),
            after -> found.keySet().stream().filter(arn -> arn.compareTo(after) > 0),
            arn -> arn);
    return ListServicesByNamespaceResponse.builder()
        .serviceArns(page.items())
        .nextToken(page.nextToken())
        .build();
  }
}
