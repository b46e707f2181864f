package gantry.services.ecs;

import gantry.services.ServiceContext;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.*;

/** Amazon ECS: each operation is the business of the class of its resource. */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
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
