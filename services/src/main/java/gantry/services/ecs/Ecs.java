package gantry.services.ecs;

import gantry.services.ServiceContext;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.*;

/** Amazon ECS: each operation is the business of the class of its resource. */
public final class Ecs implements EcsClient {

  private final Clusters clusters;
  private final TaskDefinitions taskDefinitions;
  private final AccountSettings accountSettings;
  private final Attributes attributes;
  private final Tags tags;
  private final CapacityProviders capacityProviders;

  public Ecs(ServiceContext context) {
    accountSettings = new AccountSettings(context);
    clusters = new Clusters(context, accountSettings);
    taskDefinitions = new TaskDefinitions(context);
    attributes = new Attributes(context);
    tags = new Tags(context);
    capacityProviders = new CapacityProviders(context);
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
}
