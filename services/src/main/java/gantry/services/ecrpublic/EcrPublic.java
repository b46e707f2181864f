package gantry.services.ecrpublic;

import static gantry.services.ecrpublic.PrivateRegistry.id;
import static gantry.services.ecrpublic.PrivateRegistry.ids;
import static gantry.services.ecrpublic.PrivateRegistry.scope;
import static gantry.services.ecrpublic.PrivateRegistry.tags;

import gantry.services.Caller;
import gantry.services.HostedService;
import gantry.services.ServiceContext;
import gantry.services.ecr.EcrHost;
import gantry.state.Scope;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.services.ecr.EcrClient;
import software.amazon.awssdk.services.ecrpublic.EcrPublicClient;
import software.amazon.awssdk.services.ecrpublic.model.BatchCheckLayerAvailabilityRequest;
import software.amazon.awssdk.services.ecrpublic.model.BatchCheckLayerAvailabilityResponse;
import software.amazon.awssdk.services.ecrpublic.model.BatchDeleteImageRequest;
import software.amazon.awssdk.services.ecrpublic.model.BatchDeleteImageResponse;
import software.amazon.awssdk.services.ecrpublic.model.CompleteLayerUploadRequest;
import software.amazon.awssdk.services.ecrpublic.model.CompleteLayerUploadResponse;
import software.amazon.awssdk.services.ecrpublic.model.CreateRepositoryRequest;
import software.amazon.awssdk.services.ecrpublic.model.CreateRepositoryResponse;
import software.amazon.awssdk.services.ecrpublic.model.DeleteRepositoryPolicyRequest;
import software.amazon.awssdk.services.ecrpublic.model.DeleteRepositoryPolicyResponse;
import software.amazon.awssdk.services.ecrpublic.model.DeleteRepositoryRequest;
import software.amazon.awssdk.services.ecrpublic.model.DeleteRepositoryResponse;
import software.amazon.awssdk.services.ecrpublic.model.DescribeImageTagsRequest;
import software.amazon.awssdk.services.ecrpublic.model.DescribeImageTagsResponse;
import software.amazon.awssdk.services.ecrpublic.model.DescribeImagesRequest;
import software.amazon.awssdk.services.ecrpublic.model.DescribeImagesResponse;
import software.amazon.awssdk.services.ecrpublic.model.DescribeRegistriesRequest;
import software.amazon.awssdk.services.ecrpublic.model.DescribeRegistriesResponse;
import software.amazon.awssdk.services.ecrpublic.model.DescribeRepositoriesRequest;
import software.amazon.awssdk.services.ecrpublic.model.DescribeRepositoriesResponse;
import software.amazon.awssdk.services.ecrpublic.model.GetAuthorizationTokenRequest;
import software.amazon.awssdk.services.ecrpublic.model.GetAuthorizationTokenResponse;
import software.amazon.awssdk.services.ecrpublic.model.GetRegistryCatalogDataRequest;
import software.amazon.awssdk.services.ecrpublic.model.GetRegistryCatalogDataResponse;
import software.amazon.awssdk.services.ecrpublic.model.GetRepositoryCatalogDataRequest;
import software.amazon.awssdk.services.ecrpublic.model.GetRepositoryCatalogDataResponse;
import software.amazon.awssdk.services.ecrpublic.model.GetRepositoryPolicyRequest;
import software.amazon.awssdk.services.ecrpublic.model.GetRepositoryPolicyResponse;
import software.amazon.awssdk.services.ecrpublic.model.ImageTagDetail;
import software.amazon.awssdk.services.ecrpublic.model.InitiateLayerUploadRequest;
import software.amazon.awssdk.services.ecrpublic.model.InitiateLayerUploadResponse;
import software.amazon.awssdk.services.ecrpublic.model.InvalidParameterException;
import software.amazon.awssdk.services.ecrpublic.model.ListTagsForResourceRequest;
import software.amazon.awssdk.services.ecrpublic.model.ListTagsForResourceResponse;
import software.amazon.awssdk.services.ecrpublic.model.PutImageRequest;
import software.amazon.awssdk.services.ecrpublic.model.PutImageResponse;
import software.amazon.awssdk.services.ecrpublic.model.PutRegistryCatalogDataRequest;
import software.amazon.awssdk.services.ecrpublic.model.PutRegistryCatalogDataResponse;
import software.amazon.awssdk.services.ecrpublic.model.PutRepositoryCatalogDataRequest;
import software.amazon.awssdk.services.ecrpublic.model.PutRepositoryCatalogDataResponse;
import software.amazon.awssdk.services.ecrpublic.model.ReferencedImageDetail;
import software.amazon.awssdk.services.ecrpublic.model.Registry;
import software.amazon.awssdk.services.ecrpublic.model.RegistryAlias;
import software.amazon.awssdk.services.ecrpublic.model.RegistryAliasStatus;
import software.amazon.awssdk.services.ecrpublic.model.RepositoryCatalogData;
import software.amazon.awssdk.services.ecrpublic.model.SetRepositoryPolicyRequest;
import software.amazon.awssdk.services.ecrpublic.model.SetRepositoryPolicyResponse;
import software.amazon.awssdk.services.ecrpublic.model.TagResourceRequest;
import software.amazon.awssdk.services.ecrpublic.model.TagResourceResponse;
import software.amazon.awssdk.services.ecrpublic.model.UntagResourceRequest;
import software.amazon.awssdk.services.ecrpublic.model.UntagResourceResponse;
import software.amazon.awssdk.services.ecrpublic.model.UploadLayerPartRequest;
import software.amazon.awssdk.services.ecrpublic.model.UploadLayerPartResponse;

/**
 * ECR Public over the private registry: an account's public repositories are private ones in a
 * region that AWS does not have, readable by everybody. Only what a gallery shows of them is its
 * own.
 */
public final class EcrPublic implements EcrPublicClient {

  private final EcrHost host;
  private final PrivateRegistry ecr;
  private final Gallery gallery;

  public EcrPublic(EcrHost host, ServiceContext context) {
    this.host = host;
    this.ecr = new PrivateRegistry(host);
    this.gallery = new Gallery(context.store());
  }

  public static HostedService<EcrPublicClient> hosted(EcrHost.Once once) {
    return HostedService.of(
        EcrPublicClient.class,
        context -> new EcrPublic(once.host(context), context),
        Gallery.CATALOG,
        Gallery.REGISTRIES);
  }

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {}

  // ---- repositories

  @Override
  public CreateRepositoryResponse createRepository(CreateRepositoryRequest request) {
    RepositoryCatalogData catalog =
        request.catalogData() == null ? null : Gallery.of(request.catalogData());
    SdkPojo made =
        ecr.call(
            client ->
                client.createRepository(
                    r -> r.repositoryName(request.repositoryName()).tags(tags(request.tags()))));
    if (catalog != null) {
      gallery.put(scope(), request.repositoryName(), catalog);
    }
    return Shapes.copy(made, CreateRepositoryResponse.builder()).toBuilder()
        .catalogData(catalog)
        .build();
  }

  @Override
  public DeleteRepositoryResponse deleteRepository(DeleteRepositoryRequest request) {
    var deleted =
        ecr.call(
            client ->
                client.deleteRepository(
                    r ->
                        r.registryId(id(request.registryId()))
                            .repositoryName(request.repositoryName())
                            .force(request.force())));
    gallery.forget(
        EcrHost.publicRegistry(deleted.repository().registryId()),
        deleted.repository().repositoryName());
    return Shapes.copy(deleted, DeleteRepositoryResponse.builder());
  }

  @Override
  public DescribeRepositoriesResponse describeRepositories(DescribeRepositoriesRequest request) {
    return Shapes.copy(
        ecr.call(
            client ->
                client.describeRepositories(
                    r ->
                        r.registryId(id(request.registryId()))
                            .repositoryNames(
                                request.hasRepositoryNames() ? request.repositoryNames() : null)
                            .nextToken(request.nextToken())
                            .maxResults(request.maxResults()))),
        DescribeRepositoriesResponse.builder());
  }

  @Override
  public BatchCheckLayerAvailabilityResponse batchCheckLayerAvailability(
      BatchCheckLayerAvailabilityRequest request) {
    return Shapes.copy(
        ecr.call(
            client ->
                client.batchCheckLayerAvailability(
                    r ->
                        r.registryId(id(request.registryId()))
                            .repositoryName(request.repositoryName())
                            .layerDigests(request.layerDigests()))),
        BatchCheckLayerAvailabilityResponse.builder());
  }

  @Override
  public BatchDeleteImageResponse batchDeleteImage(BatchDeleteImageRequest request) {
    return Shapes.copy(
        ecr.call(
            client ->
                client.batchDeleteImage(
                    r ->
                        r.registryId(id(request.registryId()))
                            .repositoryName(request.repositoryName())
                            .imageIds(ids(request.imageIds())))),
        BatchDeleteImageResponse.builder());
  }

  @Override
  public CompleteLayerUploadResponse completeLayerUpload(CompleteLayerUploadRequest request) {
    return Shapes.copy(
        ecr.call(
            client ->
                client.completeLayerUpload(
                    r ->
                        r.registryId(id(request.registryId()))
                            .repositoryName(request.repositoryName())
                            .uploadId(request.uploadId())
                            .layerDigests(request.layerDigests()))),
        CompleteLayerUploadResponse.builder());
  }

  @Override
  public DeleteRepositoryPolicyResponse deleteRepositoryPolicy(
      DeleteRepositoryPolicyRequest request) {
    return Shapes.copy(
        ecr.call(
            client ->
                client.deleteRepositoryPolicy(
                    r ->
                        r.registryId(id(request.registryId()))
                            .repositoryName(request.repositoryName()))),
        DeleteRepositoryPolicyResponse.builder());
  }

  @Override
  public DescribeImagesResponse describeImages(DescribeImagesRequest request) {
    return Shapes.copy(
        ecr.call(
            client ->
                client.describeImages(
                    r ->
                        r.registryId(id(request.registryId()))
                            .repositoryName(request.repositoryName())
                            .imageIds(request.hasImageIds() ? ids(request.imageIds()) : null)
                            .nextToken(request.nextToken())
                            .maxResults(request.maxResults()))),
        DescribeImagesResponse.builder());
  }

  @Override
  public GetRepositoryPolicyResponse getRepositoryPolicy(GetRepositoryPolicyRequest request) {
    return Shapes.copy(
        ecr.call(
            client ->
                client.getRepositoryPolicy(
                    r ->
                        r.registryId(id(request.registryId()))
                            .repositoryName(request.repositoryName()))),
        GetRepositoryPolicyResponse.builder());
  }

  @Override
  public InitiateLayerUploadResponse initiateLayerUpload(InitiateLayerUploadRequest request) {
    return Shapes.copy(
        ecr.call(
            client ->
                client.initiateLayerUpload(
                    r ->
                        r.registryId(id(request.registryId()))
                            .repositoryName(request.repositoryName()))),
        InitiateLayerUploadResponse.builder());
  }

  @Override
  public ListTagsForResourceResponse listTagsForResource(ListTagsForResourceRequest request) {
    return Shapes.copy(
        ecr.call(client -> client.listTagsForResource(r -> r.resourceArn(request.resourceArn()))),
        ListTagsForResourceResponse.builder());
  }

  @Override
  public PutImageResponse putImage(PutImageRequest request) {
    return Shapes.copy(
        ecr.call(
            client ->
                client.putImage(
                    r ->
                        r.registryId(id(request.registryId()))
                            .repositoryName(request.repositoryName())
                            .imageManifest(request.imageManifest())
                            .imageManifestMediaType(request.imageManifestMediaType())
                            .imageTag(request.imageTag())
                            .imageDigest(request.imageDigest()))),
        PutImageResponse.builder());
  }

  @Override
  public SetRepositoryPolicyResponse setRepositoryPolicy(SetRepositoryPolicyRequest request) {
    return Shapes.copy(
        ecr.call(
            client ->
                client.setRepositoryPolicy(
                    r ->
                        r.registryId(id(request.registryId()))
                            .repositoryName(request.repositoryName())
                            .policyText(request.policyText())
                            .force(request.force()))),
        SetRepositoryPolicyResponse.builder());
  }

  @Override
  public TagResourceResponse tagResource(TagResourceRequest request) {
    return Shapes.copy(
        ecr.call(
            client ->
                client.tagResource(
                    r -> r.resourceArn(request.resourceArn()).tags(tags(request.tags())))),
        TagResourceResponse.builder());
  }

  @Override
  public UntagResourceResponse untagResource(UntagResourceRequest request) {
    return Shapes.copy(
        ecr.call(
            client ->
                client.untagResource(
                    r -> r.resourceArn(request.resourceArn()).tagKeys(request.tagKeys()))),
        UntagResourceResponse.builder());
  }

  @Override
  public UploadLayerPartResponse uploadLayerPart(UploadLayerPartRequest request) {
    return Shapes.copy(
        ecr.call(
            client ->
                client.uploadLayerPart(
                    r ->
                        r.registryId(id(request.registryId()))
                            .repositoryName(request.repositoryName())
                            .uploadId(request.uploadId())
                            .partFirstByte(request.partFirstByte())
                            .partLastByte(request.partLastByte())
                            .layerPartBlob(request.layerPartBlob()))),
        UploadLayerPartResponse.builder());
  }

  @Override
  public GetAuthorizationTokenResponse getAuthorizationToken(GetAuthorizationTokenRequest request) {
    var data = ecr.call(EcrClient::getAuthorizationToken).authorizationData().getFirst();
    return GetAuthorizationTokenResponse.builder()
        .authorizationData(
            d -> d.authorizationToken(data.authorizationToken()).expiresAt(data.expiresAt()))
        .build();
  }

  @Override
  public DescribeImageTagsResponse describeImageTags(DescribeImageTagsRequest request) {
    String name = request.repositoryName();
    Scope scope = ecr.entered(request.registryId(), name, "DescribeImageTags");
    Map<String, Instant> setAt = host.tagTimes(scope, name);
    // Who may see the tags may see what they name.
    Caller ours = Caller.root(scope, Caller.current().requestId());
    var images =
        ScopedValue.where(Caller.CURRENT, ours)
            .call(
                () ->
                    ecr.call(
                        client ->
                            client.describeImages(
                                r ->
                                    r.repositoryName(name)
                                        .nextToken(request.nextToken())
                                        .maxResults(request.maxResults()))));
    return DescribeImageTagsResponse.builder()
        .imageTagDetails(
            images.imageDetails().stream()
                .flatMap(
                    image ->
                        image.imageTags().stream()
                            .map(
                                tag ->
                                    ImageTagDetail.builder()
                                        .imageTag(tag)
                                        .createdAt(setAt.get(tag))
                                        .imageDetail(
                                            Shapes.copy(image, ReferencedImageDetail.builder()))
                                        .build()))
                .toList())
        .nextToken(images.nextToken())
        .build();
  }

  // ---- what the gallery shows

  @Override
  public DescribeRegistriesResponse describeRegistries(DescribeRegistriesRequest request) {
    if (request.nextToken() != null) {
      throw InvalidParameterException.builder().message("Invalid next token provided").build();
    }
    Scope scope = scope();
    String uri = host.addresses().uri(scope, "x");
    String alias = host.publicAlias(scope.account());
    Registry own =
        Registry.builder()
            .registryId(scope.account())
            .registryArn("arn:aws:ecr-public::" + scope.account() + ":registry/" + scope.account())
            .registryUri(uri.substring(0, uri.length() - 2))
            .verified(false)
            .aliases(
                RegistryAlias.builder()
                    .name(alias)
                    .status(RegistryAliasStatus.ACTIVE)
                    .primaryRegistryAlias(true)
                    .defaultRegistryAlias(true)
                    .build())
            .build();
    return DescribeRegistriesResponse.builder()
        .registries(
            Stream.of(own).limit(Objects.requireNonNullElse(request.maxResults(), 1)).toList())
        .build();
  }

  @Override
  public GetRegistryCatalogDataResponse getRegistryCatalogData(
      GetRegistryCatalogDataRequest request) {
    return GetRegistryCatalogDataResponse.builder()
        .registryCatalogData(gallery.registry(scope()))
        .build();
  }

  @Override
  public PutRegistryCatalogDataResponse putRegistryCatalogData(
      PutRegistryCatalogDataRequest request) {
    return PutRegistryCatalogDataResponse.builder()
        .registryCatalogData(gallery.name(scope(), request.displayName()))
        .build();
  }

  @Override
  public GetRepositoryCatalogDataResponse getRepositoryCatalogData(
      GetRepositoryCatalogDataRequest request) {
    String name = request.repositoryName();
    Scope scope = ecr.entered(request.registryId(), name, "GetRepositoryCatalogData");
    return GetRepositoryCatalogDataResponse.builder()
        .catalogData(gallery.repository(scope, name))
        .build();
  }

  @Override
  public PutRepositoryCatalogDataResponse putRepositoryCatalogData(
      PutRepositoryCatalogDataRequest request) {
    String name = request.repositoryName();
    Scope scope = ecr.entered(request.registryId(), name, "PutRepositoryCatalogData");
    RepositoryCatalogData data = Gallery.of(request.catalogData());
    gallery.put(scope, name, data);
    return PutRepositoryCatalogDataResponse.builder().catalogData(data).build();
  }
}
