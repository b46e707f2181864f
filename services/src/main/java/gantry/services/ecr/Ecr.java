package gantry.services.ecr;

import software.amazon.awssdk.services.ecr.EcrClient;
import software.amazon.awssdk.services.ecr.model.BatchCheckLayerAvailabilityRequest;
import software.amazon.awssdk.services.ecr.model.BatchCheckLayerAvailabilityResponse;
import software.amazon.awssdk.services.ecr.model.BatchDeleteImageRequest;
import software.amazon.awssdk.services.ecr.model.BatchDeleteImageResponse;
import software.amazon.awssdk.services.ecr.model.BatchGetImageRequest;
import software.amazon.awssdk.services.ecr.model.BatchGetImageResponse;
import software.amazon.awssdk.services.ecr.model.BatchGetRepositoryScanningConfigurationRequest;
import software.amazon.awssdk.services.ecr.model.BatchGetRepositoryScanningConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.CompleteLayerUploadRequest;
import software.amazon.awssdk.services.ecr.model.CompleteLayerUploadResponse;
import software.amazon.awssdk.services.ecr.model.CreatePullThroughCacheRuleRequest;
import software.amazon.awssdk.services.ecr.model.CreatePullThroughCacheRuleResponse;
import software.amazon.awssdk.services.ecr.model.CreateRepositoryCreationTemplateRequest;
import software.amazon.awssdk.services.ecr.model.CreateRepositoryCreationTemplateResponse;
import software.amazon.awssdk.services.ecr.model.CreateRepositoryRequest;
import software.amazon.awssdk.services.ecr.model.CreateRepositoryResponse;
import software.amazon.awssdk.services.ecr.model.DeleteLifecyclePolicyRequest;
import software.amazon.awssdk.services.ecr.model.DeleteLifecyclePolicyResponse;
import software.amazon.awssdk.services.ecr.model.DeletePullThroughCacheRuleRequest;
import software.amazon.awssdk.services.ecr.model.DeletePullThroughCacheRuleResponse;
import software.amazon.awssdk.services.ecr.model.DeleteRegistryPolicyRequest;
import software.amazon.awssdk.services.ecr.model.DeleteRegistryPolicyResponse;
import software.amazon.awssdk.services.ecr.model.DeleteRepositoryCreationTemplateRequest;
import software.amazon.awssdk.services.ecr.model.DeleteRepositoryCreationTemplateResponse;
import software.amazon.awssdk.services.ecr.model.DeleteRepositoryPolicyRequest;
import software.amazon.awssdk.services.ecr.model.DeleteRepositoryPolicyResponse;
import software.amazon.awssdk.services.ecr.model.DeleteRepositoryRequest;
import software.amazon.awssdk.services.ecr.model.DeleteRepositoryResponse;
import software.amazon.awssdk.services.ecr.model.DeleteSigningConfigurationRequest;
import software.amazon.awssdk.services.ecr.model.DeleteSigningConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.DeregisterPullTimeUpdateExclusionRequest;
import software.amazon.awssdk.services.ecr.model.DeregisterPullTimeUpdateExclusionResponse;
import software.amazon.awssdk.services.ecr.model.DescribeImageReplicationStatusRequest;
import software.amazon.awssdk.services.ecr.model.DescribeImageReplicationStatusResponse;
import software.amazon.awssdk.services.ecr.model.DescribeImageScanFindingsRequest;
import software.amazon.awssdk.services.ecr.model.DescribeImageScanFindingsResponse;
import software.amazon.awssdk.services.ecr.model.DescribeImageSigningStatusRequest;
import software.amazon.awssdk.services.ecr.model.DescribeImageSigningStatusResponse;
import software.amazon.awssdk.services.ecr.model.DescribeImagesRequest;
import software.amazon.awssdk.services.ecr.model.DescribeImagesResponse;
import software.amazon.awssdk.services.ecr.model.DescribePullThroughCacheRulesRequest;
import software.amazon.awssdk.services.ecr.model.DescribePullThroughCacheRulesResponse;
import software.amazon.awssdk.services.ecr.model.DescribeRegistryRequest;
import software.amazon.awssdk.services.ecr.model.DescribeRegistryResponse;
import software.amazon.awssdk.services.ecr.model.DescribeRepositoriesRequest;
import software.amazon.awssdk.services.ecr.model.DescribeRepositoriesResponse;
import software.amazon.awssdk.services.ecr.model.DescribeRepositoryCreationTemplatesRequest;
import software.amazon.awssdk.services.ecr.model.DescribeRepositoryCreationTemplatesResponse;
import software.amazon.awssdk.services.ecr.model.GetAccountSettingRequest;
import software.amazon.awssdk.services.ecr.model.GetAccountSettingResponse;
import software.amazon.awssdk.services.ecr.model.GetAuthorizationTokenRequest;
import software.amazon.awssdk.services.ecr.model.GetAuthorizationTokenResponse;
import software.amazon.awssdk.services.ecr.model.GetDownloadUrlForLayerRequest;
import software.amazon.awssdk.services.ecr.model.GetDownloadUrlForLayerResponse;
import software.amazon.awssdk.services.ecr.model.GetLifecyclePolicyPreviewRequest;
import software.amazon.awssdk.services.ecr.model.GetLifecyclePolicyPreviewResponse;
import software.amazon.awssdk.services.ecr.model.GetLifecyclePolicyRequest;
import software.amazon.awssdk.services.ecr.model.GetLifecyclePolicyResponse;
import software.amazon.awssdk.services.ecr.model.GetRegistryPolicyRequest;
import software.amazon.awssdk.services.ecr.model.GetRegistryPolicyResponse;
import software.amazon.awssdk.services.ecr.model.GetRegistryScanningConfigurationRequest;
import software.amazon.awssdk.services.ecr.model.GetRegistryScanningConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.GetRepositoryPolicyRequest;
import software.amazon.awssdk.services.ecr.model.GetRepositoryPolicyResponse;
import software.amazon.awssdk.services.ecr.model.GetSigningConfigurationRequest;
import software.amazon.awssdk.services.ecr.model.GetSigningConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.InitiateLayerUploadRequest;
import software.amazon.awssdk.services.ecr.model.InitiateLayerUploadResponse;
import software.amazon.awssdk.services.ecr.model.ListImageReferrersRequest;
import software.amazon.awssdk.services.ecr.model.ListImageReferrersResponse;
import software.amazon.awssdk.services.ecr.model.ListImagesRequest;
import software.amazon.awssdk.services.ecr.model.ListImagesResponse;
import software.amazon.awssdk.services.ecr.model.ListPullTimeUpdateExclusionsRequest;
import software.amazon.awssdk.services.ecr.model.ListPullTimeUpdateExclusionsResponse;
import software.amazon.awssdk.services.ecr.model.ListTagsForResourceRequest;
import software.amazon.awssdk.services.ecr.model.ListTagsForResourceResponse;
import software.amazon.awssdk.services.ecr.model.PutAccountSettingRequest;
import software.amazon.awssdk.services.ecr.model.PutAccountSettingResponse;
import software.amazon.awssdk.services.ecr.model.PutImageRequest;
import software.amazon.awssdk.services.ecr.model.PutImageResponse;
import software.amazon.awssdk.services.ecr.model.PutImageScanningConfigurationRequest;
import software.amazon.awssdk.services.ecr.model.PutImageScanningConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.PutImageTagMutabilityRequest;
import software.amazon.awssdk.services.ecr.model.PutImageTagMutabilityResponse;
import software.amazon.awssdk.services.ecr.model.PutLifecyclePolicyRequest;
import software.amazon.awssdk.services.ecr.model.PutLifecyclePolicyResponse;
import software.amazon.awssdk.services.ecr.model.PutRegistryPolicyRequest;
import software.amazon.awssdk.services.ecr.model.PutRegistryPolicyResponse;
import software.amazon.awssdk.services.ecr.model.PutRegistryScanningConfigurationRequest;
import software.amazon.awssdk.services.ecr.model.PutRegistryScanningConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.PutReplicationConfigurationRequest;
import software.amazon.awssdk.services.ecr.model.PutReplicationConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.PutSigningConfigurationRequest;
import software.amazon.awssdk.services.ecr.model.PutSigningConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.RegisterPullTimeUpdateExclusionRequest;
import software.amazon.awssdk.services.ecr.model.RegisterPullTimeUpdateExclusionResponse;
import software.amazon.awssdk.services.ecr.model.SetRepositoryPolicyRequest;
import software.amazon.awssdk.services.ecr.model.SetRepositoryPolicyResponse;
import software.amazon.awssdk.services.ecr.model.StartImageScanRequest;
import software.amazon.awssdk.services.ecr.model.StartImageScanResponse;
import software.amazon.awssdk.services.ecr.model.StartLifecyclePolicyPreviewRequest;
import software.amazon.awssdk.services.ecr.model.StartLifecyclePolicyPreviewResponse;
import software.amazon.awssdk.services.ecr.model.TagResourceRequest;
import software.amazon.awssdk.services.ecr.model.TagResourceResponse;
import software.amazon.awssdk.services.ecr.model.UntagResourceRequest;
import software.amazon.awssdk.services.ecr.model.UntagResourceResponse;
import software.amazon.awssdk.services.ecr.model.UpdateImageStorageClassRequest;
import software.amazon.awssdk.services.ecr.model.UpdateImageStorageClassResponse;
import software.amazon.awssdk.services.ecr.model.UpdatePullThroughCacheRuleRequest;
import software.amazon.awssdk.services.ecr.model.UpdatePullThroughCacheRuleResponse;
import software.amazon.awssdk.services.ecr.model.UpdateRepositoryCreationTemplateRequest;
import software.amazon.awssdk.services.ecr.model.UpdateRepositoryCreationTemplateResponse;
import software.amazon.awssdk.services.ecr.model.UploadLayerPartRequest;
import software.amazon.awssdk.services.ecr.model.UploadLayerPartResponse;
import software.amazon.awssdk.services.ecr.model.ValidatePullThroughCacheRuleRequest;
import software.amazon.awssdk.services.ecr.model.ValidatePullThroughCacheRuleResponse;

/**
 * The API of Amazon ECR. Each operation is carried out by the class of its concern; this one only
 * says which. All of them are there; the few things that Gantry does not do (KMS encryption,
 * enhanced scanning, AWS Signer, pulling through from private ECR) are refused there with the
 * reason.
 */
final class Ecr implements EcrClient {

  private final RepositoryOperations repositories;
  private final ResourceTags resourceTags;
  private final RepositoryPolicyOperations policies;
  private final TemplateOperations templates;
  private final ImageOperations images;
  private final ImageListing imageListing;
  private final ImageRemoval imageRemoval;
  private final LayerOperations layers;
  private final LifecycleOperations lifecycle;
  private final SettingsOperations settings;
  private final ReplicationOperations replication;
  private final ScanningOperations scanning;
  private final PullTimeExclusions exclusions;
  private final ScanOperations scans;
  private final PullThroughRules pullThroughRules;

  Ecr(EcrHost host) {
    repositories = host.repositories;
    resourceTags = host.resourceTags;
    policies = host.policies;
    templates = host.templates;
    images = host.images;
    imageListing = host.imageListing;
    imageRemoval = host.imageRemoval;
    layers = host.layers;
    lifecycle = host.lifecycle;
    settings = host.settings;
    replication = host.replication;
    scanning = host.scanning;
    exclusions = host.exclusions;
    scans = host.scans;
    pullThroughRules = host.pullThroughRules;
  }

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {}

  @Override
  public BatchCheckLayerAvailabilityResponse batchCheckLayerAvailability(
      BatchCheckLayerAvailabilityRequest request) {
    return layers.check(request);
  }

  @Override
  public BatchDeleteImageResponse batchDeleteImage(BatchDeleteImageRequest request) {
    return imageRemoval.delete(request);
  }

  @Override
  public BatchGetImageResponse batchGetImage(BatchGetImageRequest request) {
    return images.get(request);
  }

  @Override
  public BatchGetRepositoryScanningConfigurationResponse batchGetRepositoryScanningConfiguration(
      BatchGetRepositoryScanningConfigurationRequest request) {
    return scanning.batchGet(request);
  }

  @Override
  public CompleteLayerUploadResponse completeLayerUpload(CompleteLayerUploadRequest request) {
    return layers.complete(request);
  }

  @Override
  public CreatePullThroughCacheRuleResponse createPullThroughCacheRule(
      CreatePullThroughCacheRuleRequest request) {
    return pullThroughRules.create(request);
  }

  @Override
  public CreateRepositoryResponse createRepository(CreateRepositoryRequest request) {
    return repositories.create(request);
  }

  @Override
  public CreateRepositoryCreationTemplateResponse createRepositoryCreationTemplate(
      CreateRepositoryCreationTemplateRequest request) {
    return templates.create(request);
  }

  @Override
  public DeleteLifecyclePolicyResponse deleteLifecyclePolicy(DeleteLifecyclePolicyRequest request) {
    return lifecycle.delete(request);
  }

  @Override
  public DeletePullThroughCacheRuleResponse deletePullThroughCacheRule(
      DeletePullThroughCacheRuleRequest request) {
    return pullThroughRules.delete(request);
  }

  @Override
  public DeleteRegistryPolicyResponse deleteRegistryPolicy(DeleteRegistryPolicyRequest request) {
    return settings.deletePolicy();
  }

  @Override
  public DeleteRepositoryResponse deleteRepository(DeleteRepositoryRequest request) {
    return repositories.delete(request);
  }

  @Override
  public DeleteRepositoryCreationTemplateResponse deleteRepositoryCreationTemplate(
      DeleteRepositoryCreationTemplateRequest request) {
    return templates.delete(request);
  }

  @Override
  public DeleteRepositoryPolicyResponse deleteRepositoryPolicy(
      DeleteRepositoryPolicyRequest request) {
    return policies.delete(request);
  }

  @Override
  public DeleteSigningConfigurationResponse deleteSigningConfiguration(
      DeleteSigningConfigurationRequest request) {
    return settings.deleteSigning();
  }

  @Override
  public DeregisterPullTimeUpdateExclusionResponse deregisterPullTimeUpdateExclusion(
      DeregisterPullTimeUpdateExclusionRequest request) {
    return exclusions.deregister(request);
  }

  @Override
  public DescribeImageReplicationStatusResponse describeImageReplicationStatus(
      DescribeImageReplicationStatusRequest request) {
    return replication.status(request);
  }

  @Override
  public DescribeImageScanFindingsResponse describeImageScanFindings(
      DescribeImageScanFindingsRequest request) {
    return scans.describe(request);
  }

  @Override
  public DescribeImageSigningStatusResponse describeImageSigningStatus(
      DescribeImageSigningStatusRequest request) {
    return settings.signingStatus(request);
  }

  @Override
  public DescribeImagesResponse describeImages(DescribeImagesRequest request) {
    return imageListing.describe(request);
  }

  @Override
  public DescribePullThroughCacheRulesResponse describePullThroughCacheRules(
      DescribePullThroughCacheRulesRequest request) {
    return pullThroughRules.describe(request);
  }

  @Override
  public DescribeRegistryResponse describeRegistry(DescribeRegistryRequest request) {
    return replication.describe();
  }

  @Override
  public DescribeRepositoriesResponse describeRepositories(DescribeRepositoriesRequest request) {
    return repositories.describe(request);
  }

  @Override
  public DescribeRepositoryCreationTemplatesResponse describeRepositoryCreationTemplates(
      DescribeRepositoryCreationTemplatesRequest request) {
    return templates.describe(request);
  }

  @Override
  public GetAccountSettingResponse getAccountSetting(GetAccountSettingRequest request) {
    return settings.getAccountSetting(request);
  }

  @Override
  public GetAuthorizationTokenResponse getAuthorizationToken(GetAuthorizationTokenRequest request) {
    return settings.token(request);
  }

  @Override
  public GetDownloadUrlForLayerResponse getDownloadUrlForLayer(
      GetDownloadUrlForLayerRequest request) {
    return layers.downloadUrl(request);
  }

  @Override
  public GetLifecyclePolicyResponse getLifecyclePolicy(GetLifecyclePolicyRequest request) {
    return lifecycle.get(request);
  }

  @Override
  public GetLifecyclePolicyPreviewResponse getLifecyclePolicyPreview(
      GetLifecyclePolicyPreviewRequest request) {
    return lifecycle.getPreview(request);
  }

  @Override
  public GetRegistryPolicyResponse getRegistryPolicy(GetRegistryPolicyRequest request) {
    return settings.getPolicy();
  }

  @Override
  public GetRegistryScanningConfigurationResponse getRegistryScanningConfiguration(
      GetRegistryScanningConfigurationRequest request) {
    return scanning.get();
  }

  @Override
  public GetRepositoryPolicyResponse getRepositoryPolicy(GetRepositoryPolicyRequest request) {
    return policies.get(request);
  }

  @Override
  public GetSigningConfigurationResponse getSigningConfiguration(
      GetSigningConfigurationRequest request) {
    return settings.getSigning();
  }

  @Override
  public InitiateLayerUploadResponse initiateLayerUpload(InitiateLayerUploadRequest request) {
    return layers.initiate(request);
  }

  @Override
  public ListImageReferrersResponse listImageReferrers(ListImageReferrersRequest request) {
    return imageListing.referrers(request);
  }

  @Override
  public ListImagesResponse listImages(ListImagesRequest request) {
    return imageListing.list(request);
  }

  @Override
  public ListPullTimeUpdateExclusionsResponse listPullTimeUpdateExclusions(
      ListPullTimeUpdateExclusionsRequest request) {
    return exclusions.list(request);
  }

  @Override
  public ListTagsForResourceResponse listTagsForResource(ListTagsForResourceRequest request) {
    return resourceTags.list(request);
  }

  @Override
  public PutAccountSettingResponse putAccountSetting(PutAccountSettingRequest request) {
    return settings.putAccountSetting(request);
  }

  @Override
  public PutImageResponse putImage(PutImageRequest request) {
    return images.put(request);
  }

  @Override
  public PutImageScanningConfigurationResponse putImageScanningConfiguration(
      PutImageScanningConfigurationRequest request) {
    return repositories.putScanning(request);
  }

  @Override
  public PutImageTagMutabilityResponse putImageTagMutability(PutImageTagMutabilityRequest request) {
    return repositories.putMutability(request);
  }

  @Override
  public PutLifecyclePolicyResponse putLifecyclePolicy(PutLifecyclePolicyRequest request) {
    return lifecycle.put(request);
  }

  @Override
  public PutRegistryPolicyResponse putRegistryPolicy(PutRegistryPolicyRequest request) {
    return settings.putPolicy(request);
  }

  @Override
  public PutRegistryScanningConfigurationResponse putRegistryScanningConfiguration(
      PutRegistryScanningConfigurationRequest request) {
    return scanning.put(request);
  }

  @Override
  public PutReplicationConfigurationResponse putReplicationConfiguration(
      PutReplicationConfigurationRequest request) {
    return replication.put(request);
  }

  @Override
  public PutSigningConfigurationResponse putSigningConfiguration(
      PutSigningConfigurationRequest request) {
    return settings.putSigning(request);
  }

  @Override
  public RegisterPullTimeUpdateExclusionResponse registerPullTimeUpdateExclusion(
      RegisterPullTimeUpdateExclusionRequest request) {
    return exclusions.register(request);
  }

  @Override
  public SetRepositoryPolicyResponse setRepositoryPolicy(SetRepositoryPolicyRequest request) {
    return policies.set(request);
  }

  @Override
  public StartImageScanResponse startImageScan(StartImageScanRequest request) {
    return scans.start(request);
  }

  @Override
  public StartLifecyclePolicyPreviewResponse startLifecyclePolicyPreview(
      StartLifecyclePolicyPreviewRequest request) {
    return lifecycle.startPreview(request);
  }

  @Override
  public TagResourceResponse tagResource(TagResourceRequest request) {
    return resourceTags.tag(request);
  }

  @Override
  public UntagResourceResponse untagResource(UntagResourceRequest request) {
    return resourceTags.untag(request);
  }

  @Override
  public UpdateImageStorageClassResponse updateImageStorageClass(
      UpdateImageStorageClassRequest request) {
    return imageRemoval.updateStorageClass(request);
  }

  @Override
  public UpdatePullThroughCacheRuleResponse updatePullThroughCacheRule(
      UpdatePullThroughCacheRuleRequest request) {
    return pullThroughRules.update(request);
  }

  @Override
  public UpdateRepositoryCreationTemplateResponse updateRepositoryCreationTemplate(
      UpdateRepositoryCreationTemplateRequest request) {
    return templates.update(request);
  }

  @Override
  public UploadLayerPartResponse uploadLayerPart(UploadLayerPartRequest request) {
    return layers.part(request);
  }

  @Override
  public ValidatePullThroughCacheRuleResponse validatePullThroughCacheRule(
      ValidatePullThroughCacheRuleRequest request) {
    return pullThroughRules.validate(request);
  }
}
