package gantry.services.ecs;

import gantry.services.ServiceContext;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.CreateCapacityProviderRequest;
import software.amazon.awssdk.services.ecs.model.CreateCapacityProviderResponse;
import software.amazon.awssdk.services.ecs.model.CreateClusterRequest;
import software.amazon.awssdk.services.ecs.model.CreateClusterResponse;
import software.amazon.awssdk.services.ecs.model.CreateExpressGatewayServiceRequest;
import software.amazon.awssdk.services.ecs.model.CreateExpressGatewayServiceResponse;
import software.amazon.awssdk.services.ecs.model.CreateServiceRequest;
import software.amazon.awssdk.services.ecs.model.CreateServiceResponse;
import software.amazon.awssdk.services.ecs.model.CreateTaskSetRequest;
import software.amazon.awssdk.services.ecs.model.CreateTaskSetResponse;
import software.amazon.awssdk.services.ecs.model.DeleteAccountSettingRequest;
import software.amazon.awssdk.services.ecs.model.DeleteAccountSettingResponse;
import software.amazon.awssdk.services.ecs.model.DeleteAttributesRequest;
import software.amazon.awssdk.services.ecs.model.DeleteAttributesResponse;
import software.amazon.awssdk.services.ecs.model.DeleteCapacityProviderRequest;
import software.amazon.awssdk.services.ecs.model.DeleteCapacityProviderResponse;
import software.amazon.awssdk.services.ecs.model.DeleteClusterRequest;
import software.amazon.awssdk.services.ecs.model.DeleteClusterResponse;
import software.amazon.awssdk.services.ecs.model.DeleteExpressGatewayServiceRequest;
import software.amazon.awssdk.services.ecs.model.DeleteExpressGatewayServiceResponse;
import software.amazon.awssdk.services.ecs.model.DeleteServiceRequest;
import software.amazon.awssdk.services.ecs.model.DeleteServiceResponse;
import software.amazon.awssdk.services.ecs.model.DeleteTaskDefinitionsRequest;
import software.amazon.awssdk.services.ecs.model.DeleteTaskDefinitionsResponse;
import software.amazon.awssdk.services.ecs.model.DeleteTaskSetRequest;
import software.amazon.awssdk.services.ecs.model.DeleteTaskSetResponse;
import software.amazon.awssdk.services.ecs.model.DeregisterContainerInstanceRequest;
import software.amazon.awssdk.services.ecs.model.DeregisterContainerInstanceResponse;
import software.amazon.awssdk.services.ecs.model.DeregisterTaskDefinitionRequest;
import software.amazon.awssdk.services.ecs.model.DeregisterTaskDefinitionResponse;
import software.amazon.awssdk.services.ecs.model.DescribeCapacityProvidersRequest;
import software.amazon.awssdk.services.ecs.model.DescribeCapacityProvidersResponse;
import software.amazon.awssdk.services.ecs.model.DescribeClustersRequest;
import software.amazon.awssdk.services.ecs.model.DescribeClustersResponse;
import software.amazon.awssdk.services.ecs.model.DescribeContainerInstancesRequest;
import software.amazon.awssdk.services.ecs.model.DescribeContainerInstancesResponse;
import software.amazon.awssdk.services.ecs.model.DescribeExpressGatewayServiceRequest;
import software.amazon.awssdk.services.ecs.model.DescribeExpressGatewayServiceResponse;
import software.amazon.awssdk.services.ecs.model.DescribeServiceDeploymentsRequest;
import software.amazon.awssdk.services.ecs.model.DescribeServiceDeploymentsResponse;
import software.amazon.awssdk.services.ecs.model.DescribeServiceRevisionsRequest;
import software.amazon.awssdk.services.ecs.model.DescribeServiceRevisionsResponse;
import software.amazon.awssdk.services.ecs.model.DescribeServicesRequest;
import software.amazon.awssdk.services.ecs.model.DescribeServicesResponse;
import software.amazon.awssdk.services.ecs.model.DescribeTaskDefinitionRequest;
import software.amazon.awssdk.services.ecs.model.DescribeTaskDefinitionResponse;
import software.amazon.awssdk.services.ecs.model.DescribeTaskSetsRequest;
import software.amazon.awssdk.services.ecs.model.DescribeTaskSetsResponse;
import software.amazon.awssdk.services.ecs.model.DescribeTasksRequest;
import software.amazon.awssdk.services.ecs.model.DescribeTasksResponse;
import software.amazon.awssdk.services.ecs.model.DiscoverPollEndpointRequest;
import software.amazon.awssdk.services.ecs.model.DiscoverPollEndpointResponse;
import software.amazon.awssdk.services.ecs.model.ExecuteCommandRequest;
import software.amazon.awssdk.services.ecs.model.ExecuteCommandResponse;
import software.amazon.awssdk.services.ecs.model.GetTaskProtectionRequest;
import software.amazon.awssdk.services.ecs.model.GetTaskProtectionResponse;
import software.amazon.awssdk.services.ecs.model.ListAccountSettingsRequest;
import software.amazon.awssdk.services.ecs.model.ListAccountSettingsResponse;
import software.amazon.awssdk.services.ecs.model.ListAttributesRequest;
import software.amazon.awssdk.services.ecs.model.ListAttributesResponse;
import software.amazon.awssdk.services.ecs.model.ListClustersRequest;
import software.amazon.awssdk.services.ecs.model.ListClustersResponse;
import software.amazon.awssdk.services.ecs.model.ListContainerInstancesRequest;
import software.amazon.awssdk.services.ecs.model.ListContainerInstancesResponse;
import software.amazon.awssdk.services.ecs.model.ListServiceDeploymentsRequest;
import software.amazon.awssdk.services.ecs.model.ListServiceDeploymentsResponse;
import software.amazon.awssdk.services.ecs.model.ListServicesByNamespaceRequest;
import software.amazon.awssdk.services.ecs.model.ListServicesByNamespaceResponse;
import software.amazon.awssdk.services.ecs.model.ListServicesRequest;
import software.amazon.awssdk.services.ecs.model.ListServicesResponse;
import software.amazon.awssdk.services.ecs.model.ListTagsForResourceRequest;
import software.amazon.awssdk.services.ecs.model.ListTagsForResourceResponse;
import software.amazon.awssdk.services.ecs.model.ListTaskDefinitionFamiliesRequest;
import software.amazon.awssdk.services.ecs.model.ListTaskDefinitionFamiliesResponse;
import software.amazon.awssdk.services.ecs.model.ListTaskDefinitionsRequest;
import software.amazon.awssdk.services.ecs.model.ListTaskDefinitionsResponse;
import software.amazon.awssdk.services.ecs.model.ListTasksRequest;
import software.amazon.awssdk.services.ecs.model.ListTasksResponse;
import software.amazon.awssdk.services.ecs.model.PutAccountSettingDefaultRequest;
import software.amazon.awssdk.services.ecs.model.PutAccountSettingDefaultResponse;
import software.amazon.awssdk.services.ecs.model.PutAccountSettingRequest;
import software.amazon.awssdk.services.ecs.model.PutAccountSettingResponse;
import software.amazon.awssdk.services.ecs.model.PutAttributesRequest;
import software.amazon.awssdk.services.ecs.model.PutAttributesResponse;
import software.amazon.awssdk.services.ecs.model.PutClusterCapacityProvidersRequest;
import software.amazon.awssdk.services.ecs.model.PutClusterCapacityProvidersResponse;
import software.amazon.awssdk.services.ecs.model.RegisterContainerInstanceRequest;
import software.amazon.awssdk.services.ecs.model.RegisterContainerInstanceResponse;
import software.amazon.awssdk.services.ecs.model.RegisterTaskDefinitionRequest;
import software.amazon.awssdk.services.ecs.model.RegisterTaskDefinitionResponse;
import software.amazon.awssdk.services.ecs.model.RunTaskRequest;
import software.amazon.awssdk.services.ecs.model.RunTaskResponse;
import software.amazon.awssdk.services.ecs.model.StartTaskRequest;
import software.amazon.awssdk.services.ecs.model.StartTaskResponse;
import software.amazon.awssdk.services.ecs.model.StopServiceDeploymentRequest;
import software.amazon.awssdk.services.ecs.model.StopServiceDeploymentResponse;
import software.amazon.awssdk.services.ecs.model.StopTaskRequest;
import software.amazon.awssdk.services.ecs.model.StopTaskResponse;
import software.amazon.awssdk.services.ecs.model.SubmitAttachmentStateChangesRequest;
import software.amazon.awssdk.services.ecs.model.SubmitAttachmentStateChangesResponse;
import software.amazon.awssdk.services.ecs.model.SubmitContainerStateChangeRequest;
import software.amazon.awssdk.services.ecs.model.SubmitContainerStateChangeResponse;
import software.amazon.awssdk.services.ecs.model.SubmitTaskStateChangeRequest;
import software.amazon.awssdk.services.ecs.model.SubmitTaskStateChangeResponse;
import software.amazon.awssdk.services.ecs.model.TagResourceRequest;
import software.amazon.awssdk.services.ecs.model.TagResourceResponse;
import software.amazon.awssdk.services.ecs.model.UntagResourceRequest;
import software.amazon.awssdk.services.ecs.model.UntagResourceResponse;
import software.amazon.awssdk.services.ecs.model.UpdateCapacityProviderRequest;
import software.amazon.awssdk.services.ecs.model.UpdateCapacityProviderResponse;
import software.amazon.awssdk.services.ecs.model.UpdateClusterRequest;
import software.amazon.awssdk.services.ecs.model.UpdateClusterResponse;
import software.amazon.awssdk.services.ecs.model.UpdateClusterSettingsRequest;
import software.amazon.awssdk.services.ecs.model.UpdateClusterSettingsResponse;
import software.amazon.awssdk.services.ecs.model.UpdateContainerAgentRequest;
import software.amazon.awssdk.services.ecs.model.UpdateContainerAgentResponse;
import software.amazon.awssdk.services.ecs.model.UpdateContainerInstancesStateRequest;
import software.amazon.awssdk.services.ecs.model.UpdateContainerInstancesStateResponse;
import software.amazon.awssdk.services.ecs.model.UpdateExpressGatewayServiceRequest;
import software.amazon.awssdk.services.ecs.model.UpdateExpressGatewayServiceResponse;
import software.amazon.awssdk.services.ecs.model.UpdateServicePrimaryTaskSetRequest;
import software.amazon.awssdk.services.ecs.model.UpdateServicePrimaryTaskSetResponse;
import software.amazon.awssdk.services.ecs.model.UpdateServiceRequest;
import software.amazon.awssdk.services.ecs.model.UpdateServiceResponse;
import software.amazon.awssdk.services.ecs.model.UpdateTaskProtectionRequest;
import software.amazon.awssdk.services.ecs.model.UpdateTaskProtectionResponse;
import software.amazon.awssdk.services.ecs.model.UpdateTaskSetRequest;
import software.amazon.awssdk.services.ecs.model.UpdateTaskSetResponse;

/** Amazon ECS: each operation is the business of the class of its resource. */
public final class Ecs implements EcsClient {

  private final Clusters clusters;
  private final TaskDefinitions taskDefinitions;
  private final AccountSettings accountSettings;
  private final Attributes attributes;
  private final Tags tags;
  private final CapacityProviders capacityProviders;
  private final InstanceRegistration instanceRegistration;
  private final ContainerInstances containerInstances;
  private final Tasks tasks;
  private final TaskQueries taskQueries;
  private final TaskProtection taskProtection;
  private final TaskReports reports;
  private final Services services;
  private final ServiceDeletion serviceDeletion;
  private final ServiceQueries serviceQueries;
  private final ServiceDeployments serviceDeployments;
  private final TaskSets taskSets;

  Ecs(EcsCore core) {
    ServiceContext context = core.context();
    accountSettings = new AccountSettings(context);
    clusters = new Clusters(context, accountSettings);
    taskDefinitions = new TaskDefinitions(context);
    attributes = new Attributes(context);
    tags = new Tags(context);
    capacityProviders = new CapacityProviders(context);
    instanceRegistration = new InstanceRegistration(context);
    containerInstances = new ContainerInstances(context);
    LaunchRules launching = new LaunchRules(core.networks());
    tasks = new Tasks(context, core.launcher(), core.capacity(), launching);
    taskQueries = new TaskQueries(context);
    taskProtection = new TaskProtection(context);
    reports = new TaskReports(context);
    services = new Services(context, core.deployments(), launching);
    serviceDeletion = new ServiceDeletion(context);
    serviceQueries = new ServiceQueries(context);
    serviceDeployments = new ServiceDeployments(context);
    taskSets = new TaskSets(context, core.deployments(), launching);
  }

  /** What the ECS API has no operation for and nodes tell all the same. */
  public TaskReports reports() {
    return reports;
  }

  /** An instance's agent came or went. */
  public void agentConnected(String containerInstanceArn, boolean connected) {
    reports.agentConnected(containerInstanceArn, connected);
  }

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {}

  @Override
  public CreateClusterResponse createCluster(CreateClusterRequest request) {
    return clusters.create(request);
  }

  @Override
  public DescribeClustersResponse describeClusters(DescribeClustersRequest request) {
    return clusters.describe(request);
  }

  @Override
  public ListClustersResponse listClusters(ListClustersRequest request) {
    return clusters.list(request);
  }

  @Override
  public DeleteClusterResponse deleteCluster(DeleteClusterRequest request) {
    return clusters.delete(request);
  }

  @Override
  public UpdateClusterResponse updateCluster(UpdateClusterRequest request) {
    return clusters.update(request);
  }

  @Override
  public UpdateClusterSettingsResponse updateClusterSettings(UpdateClusterSettingsRequest request) {
    return clusters.updateSettings(request);
  }

  @Override
  public PutClusterCapacityProvidersResponse putClusterCapacityProviders(
      PutClusterCapacityProvidersRequest request) {
    return clusters.putCapacityProviders(request);
  }

  @Override
  public RegisterTaskDefinitionResponse registerTaskDefinition(
      RegisterTaskDefinitionRequest request) {
    return taskDefinitions.register(request);
  }

  @Override
  public DescribeTaskDefinitionResponse describeTaskDefinition(
      DescribeTaskDefinitionRequest request) {
    return taskDefinitions.describe(request);
  }

  @Override
  public DeregisterTaskDefinitionResponse deregisterTaskDefinition(
      DeregisterTaskDefinitionRequest request) {
    return taskDefinitions.deregister(request);
  }

  @Override
  public DeleteTaskDefinitionsResponse deleteTaskDefinitions(DeleteTaskDefinitionsRequest request) {
    return taskDefinitions.delete(request);
  }

  @Override
  public ListTaskDefinitionsResponse listTaskDefinitions(ListTaskDefinitionsRequest request) {
    return taskDefinitions.list(request);
  }

  @Override
  public ListTaskDefinitionFamiliesResponse listTaskDefinitionFamilies(
      ListTaskDefinitionFamiliesRequest request) {
    return taskDefinitions.families(request);
  }

  @Override
  public PutAccountSettingResponse putAccountSetting(PutAccountSettingRequest request) {
    return accountSettings.put(request);
  }

  @Override
  public PutAccountSettingDefaultResponse putAccountSettingDefault(
      PutAccountSettingDefaultRequest request) {
    return accountSettings.putDefault(request);
  }

  @Override
  public DeleteAccountSettingResponse deleteAccountSetting(DeleteAccountSettingRequest request) {
    return accountSettings.delete(request);
  }

  @Override
  public ListAccountSettingsResponse listAccountSettings(ListAccountSettingsRequest request) {
    return accountSettings.list(request);
  }

  @Override
  public PutAttributesResponse putAttributes(PutAttributesRequest request) {
    return attributes.put(request);
  }

  @Override
  public DeleteAttributesResponse deleteAttributes(DeleteAttributesRequest request) {
    return attributes.delete(request);
  }

  @Override
  public ListAttributesResponse listAttributes(ListAttributesRequest request) {
    return attributes.list(request);
  }

  @Override
  public TagResourceResponse tagResource(TagResourceRequest request) {
    return tags.tag(request);
  }

  @Override
  public UntagResourceResponse untagResource(UntagResourceRequest request) {
    return tags.untag(request);
  }

  @Override
  public ListTagsForResourceResponse listTagsForResource(ListTagsForResourceRequest request) {
    return tags.list(request);
  }

  @Override
  public CreateCapacityProviderResponse createCapacityProvider(
      CreateCapacityProviderRequest request) {
    return capacityProviders.create(request);
  }

  @Override
  public UpdateCapacityProviderResponse updateCapacityProvider(
      UpdateCapacityProviderRequest request) {
    return capacityProviders.update(request);
  }

  @Override
  public DeleteCapacityProviderResponse deleteCapacityProvider(
      DeleteCapacityProviderRequest request) {
    return capacityProviders.delete(request);
  }

  @Override
  public DescribeCapacityProvidersResponse describeCapacityProviders(
      DescribeCapacityProvidersRequest request) {
    return capacityProviders.describe(request);
  }

  @Override
  public RegisterContainerInstanceResponse registerContainerInstance(
      RegisterContainerInstanceRequest request) {
    return instanceRegistration.register(request);
  }

  @Override
  public DeregisterContainerInstanceResponse deregisterContainerInstance(
      DeregisterContainerInstanceRequest request) {
    return containerInstances.deregister(request);
  }

  @Override
  public DescribeContainerInstancesResponse describeContainerInstances(
      DescribeContainerInstancesRequest request) {
    return containerInstances.describe(request);
  }

  @Override
  public ListContainerInstancesResponse listContainerInstances(
      ListContainerInstancesRequest request) {
    return containerInstances.list(request);
  }

  @Override
  public UpdateContainerInstancesStateResponse updateContainerInstancesState(
      UpdateContainerInstancesStateRequest request) {
    return containerInstances.updateState(request);
  }

  @Override
  public UpdateContainerAgentResponse updateContainerAgent(UpdateContainerAgentRequest request) {
    return containerInstances.updateAgent(request);
  }

  @Override
  public DiscoverPollEndpointResponse discoverPollEndpoint(DiscoverPollEndpointRequest request) {
    return containerInstances.discover(request);
  }

  @Override
  public RunTaskResponse runTask(RunTaskRequest request) {
    return tasks.run(request);
  }

  @Override
  public StartTaskResponse startTask(StartTaskRequest request) {
    return tasks.start(request);
  }

  @Override
  public StopTaskResponse stopTask(StopTaskRequest request) {
    return tasks.stop(request);
  }

  @Override
  public DescribeTasksResponse describeTasks(DescribeTasksRequest request) {
    return taskQueries.describe(request);
  }

  @Override
  public ListTasksResponse listTasks(ListTasksRequest request) {
    return taskQueries.list(request);
  }

  @Override
  public UpdateTaskProtectionResponse updateTaskProtection(UpdateTaskProtectionRequest request) {
    return taskProtection.update(request);
  }

  @Override
  public GetTaskProtectionResponse getTaskProtection(GetTaskProtectionRequest request) {
    return taskProtection.get(request);
  }

  @Override
  public ExecuteCommandResponse executeCommand(ExecuteCommandRequest request) {
    return tasks.execute(request);
  }

  @Override
  public SubmitTaskStateChangeResponse submitTaskStateChange(SubmitTaskStateChangeRequest request) {
    return reports.task(request);
  }

  @Override
  public SubmitContainerStateChangeResponse submitContainerStateChange(
      SubmitContainerStateChangeRequest request) {
    return reports.container(request);
  }

  @Override
  public SubmitAttachmentStateChangesResponse submitAttachmentStateChanges(
      SubmitAttachmentStateChangesRequest request) {
    return reports.attachments(request);
  }

  @Override
  public CreateServiceResponse createService(CreateServiceRequest request) {
    return services.create(request);
  }

  @Override
  public UpdateServiceResponse updateService(UpdateServiceRequest request) {
    return services.update(request);
  }

  @Override
  public DeleteServiceResponse deleteService(DeleteServiceRequest request) {
    return serviceDeletion.delete(request);
  }

  @Override
  public DescribeServicesResponse describeServices(DescribeServicesRequest request) {
    return serviceQueries.describe(request);
  }

  @Override
  public ListServicesResponse listServices(ListServicesRequest request) {
    return serviceQueries.list(request);
  }

  @Override
  public ListServicesByNamespaceResponse listServicesByNamespace(
      ListServicesByNamespaceRequest request) {
    return serviceQueries.listByNamespace(request);
  }

  @Override
  public DescribeServiceDeploymentsResponse describeServiceDeployments(
      DescribeServiceDeploymentsRequest request) {
    return serviceDeployments.describe(request);
  }

  @Override
  public ListServiceDeploymentsResponse listServiceDeployments(
      ListServiceDeploymentsRequest request) {
    return serviceDeployments.list(request);
  }

  @Override
  public DescribeServiceRevisionsResponse describeServiceRevisions(
      DescribeServiceRevisionsRequest request) {
    return serviceDeployments.revisions(request);
  }

  @Override
  public StopServiceDeploymentResponse stopServiceDeployment(StopServiceDeploymentRequest request) {
    return serviceDeployments.stop(request);
  }

  @Override
  public CreateTaskSetResponse createTaskSet(CreateTaskSetRequest request) {
    return taskSets.create(request);
  }

  @Override
  public UpdateTaskSetResponse updateTaskSet(UpdateTaskSetRequest request) {
    return taskSets.update(request);
  }

  @Override
  public DeleteTaskSetResponse deleteTaskSet(DeleteTaskSetRequest request) {
    return taskSets.delete(request);
  }

  @Override
  public DescribeTaskSetsResponse describeTaskSets(DescribeTaskSetsRequest request) {
    return taskSets.describe(request);
  }

  @Override
  public UpdateServicePrimaryTaskSetResponse updateServicePrimaryTaskSet(
      UpdateServicePrimaryTaskSetRequest request) {
    return taskSets.primary(request);
  }

  @Override
  public CreateExpressGatewayServiceResponse createExpressGatewayService(
      CreateExpressGatewayServiceRequest request) {
    throw expressMode();
  }

  @Override
  public DescribeExpressGatewayServiceResponse describeExpressGatewayService(
      DescribeExpressGatewayServiceRequest request) {
    throw expressMode();
  }

  @Override
  public UpdateExpressGatewayServiceResponse updateExpressGatewayService(
      UpdateExpressGatewayServiceRequest request) {
    throw expressMode();
  }

  @Override
  public DeleteExpressGatewayServiceResponse deleteExpressGatewayService(
      DeleteExpressGatewayServiceRequest request) {
    throw expressMode();
  }

  /**
   * Express services make roles, balancers and certificates of their own: nothing here does that.
   */
  private static RuntimeException expressMode() {
    return EcsErrors.client(
        "Express gateway services are not supported: create a service with its own load balancer.");
  }
}
