package gantry.services.ecrpublic;

import gantry.services.Caller;
import gantry.services.HostedService;
import gantry.services.ServiceContext;
import gantry.services.ecr.EcrHost;
import gantry.state.Scope;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.services.ecr.EcrClient;
import software.amazon.awssdk.services.ecr.model.EcrException;
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
import software.amazon.awssdk.services.ecrpublic.model.EcrPublicException;
import software.amazon.awssdk.services.ecrpublic.model.GetAuthorizationTokenRequest;
import software.amazon.awssdk.services.ecrpublic.model.GetAuthorizationTokenResponse;
import software.amazon.awssdk.services.ecrpublic.model.GetRegistryCatalogDataRequest;
import software.amazon.awssdk.services.ecrpublic.model.GetRegistryCatalogDataResponse;
import software.amazon.awssdk.services.ecrpublic.model.GetRepositoryCatalogDataRequest;
import software.amazon.awssdk.services.ecrpublic.model.GetRepositoryCatalogDataResponse;
import software.amazon.awssdk.services.ecrpublic.model.GetRepositoryPolicyRequest;
import software.amazon.awssdk.services.ecrpublic.model.GetRepositoryPolicyResponse;
import software.amazon.awssdk.services.ecrpublic.model.ImageIdentifier;
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
import software.amazon.awssdk.services.ecrpublic.model.Tag;
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
  private final EcrClient ecr;
  private final Gallery gallery;

  public EcrPublic(EcrHost host, ServiceContext context) {
    this.host = host;
    this.ecr = host.client();
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

  private static Scope scope() {
    return EcrHost.publicRegistry(Caller.current().account());
  }

  /** Calls the private registry in the public region; its errors become ours, by name. */
  private <R> R within(Function<EcrClient, R> call) {
    Caller caller = Caller.current();
    Caller there =
        new Caller(
            caller.account(),
            scope().region(),
            caller.arn(),
            caller.userId(),
            caller.accessKeyId(),
            caller.principalTags(),
            caller.requestId(),
            caller.sourceIp(),
            caller.userAgent());
    try {
      return ScopedValue.where(Caller.CURRENT, there).call(() -> call.apply(ecr));
    } catch (EcrException e) {
      AwsErrorDetails details = e.awsErrorDetails();
      String code =
          details != null && details.errorCode() != null
              ? details.errorCode()
              : e.getClass().getSimpleName();
      String message =
          details != null && details.errorMessage() != null
              ? details.errorMessage()
              : String.valueOf(e.getMessage());
      throw (EcrPublicException)
          EcrPublicException.builder()
              .awsErrorDetails(
                  AwsErrorDetails.builder()
                      .errorCode(code)
                      .errorMessage(message)
                      .serviceName("EcrPublic")
                      .build())
              .message(message)
              .statusCode(e.statusCode() == 0 ? 400 : e.statusCode())
              .cause(e)
              .build();
    }
  }

  /** The account that a request names, by its number or by the alias of its public registry. */
  private static @Nullable String registry(@Nullable String idOrAlias) {
    return idOrAlias == null ? null : EcrHost.publicAccount(idOrAlias);
  }

  private static List<software.amazon.awssdk.services.ecr.model.ImageIdentifier> ids(
      List<ImageIdentifier> ids) {
    return ids.stream()
        .map(
            id ->
                software.amazon.awssdk.services.ecr.model.ImageIdentifier.builder()
                    .imageDigest(id.imageDigest())
                    .imageTag(id.imageTag())
                    .build())
        .toList();
  }

  private static List<software.amazon.awssdk.services.ecr.model.Tag> tags(List<Tag> tags) {
    return tags.stream()
        .map(
            tag ->
                software.amazon.awssdk.services.ecr.model.Tag.builder()
                    .key(tag.key())
                    .value(tag.value())
                    .build())
        .toList();
  }

  // ---- repositories

  @Override
  public CreateRepositoryResponse createRepository(CreateRepositoryRequest request) {
    RepositoryCatalogData catalog =
        request.catalogData() == null ? null : Gallery.of(request.catalogData());
    SdkPojo made =
        within(
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
        within(
            client ->
                client.deleteRepository(
                    r ->
                        r.registryId(registry(request.registryId()))
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
        within(
            client ->
                client.describeRepositories(
                    r ->
                        r.registryId(registry(request.registryId()))
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
        within(
            client ->
                client.batchCheckLayerAvailability(
                    r ->
                        r.registryId(registry(request.registryId()))
                            .repositoryName(request.repositoryName())
                            .layerDigests(request.layerDigests()))),
        BatchCheckLayerAvailabilityResponse.builder());
  }

  @Override
  public BatchDeleteImageResponse batchDeleteImage(BatchDeleteImageRequest request) {
    return Shapes.copy(
        within(
            client ->
                client.batchDeleteImage(
                    r ->
                        r.registryId(registry(request.registryId()))
                            .repositoryName(request.repositoryName())
                            .imageIds(ids(request.imageIds())))),
        BatchDeleteImageResponse.builder());
  }

  @Override
  public CompleteLayerUploadResponse completeLayerUpload(CompleteLayerUploadRequest request) {
    return Shapes.copy(
        within(
            client ->
                client.completeLayerUpload(
                    r ->
                        r.registryId(registry(request.registryId()))
                            .repositoryName(request.repositoryName())
                            .uploadId(request.uploadId())
                            .layerDigests(request.layerDigests()))),
        CompleteLayerUploadResponse.builder());
  }

  @Override
  public DeleteRepositoryPolicyResponse deleteRepositoryPolicy(
      DeleteRepositoryPolicyRequest request) {
    return Shapes.copy(
        within(
            client ->
                client.deleteRepositoryPolicy(
                    r ->
                        r.registryId(registry(request.registryId()))
                            .repositoryName(request.repositoryName()))),
        DeleteRepositoryPolicyResponse.builder());
  }

  @Override
  public DescribeImagesResponse describeImages(DescribeImagesRequest request) {
    return Shapes.copy(
        within(
            client ->
                client.describeImages(
                    r ->
                        r.registryId(registry(request.registryId()))
                            .repositoryName(request.repositoryName())
                            .imageIds(request.hasImageIds() ? ids(request.imageIds()) : null)
                            .nextToken(request.nextToken())
                            .maxResults(request.maxResults()))),
        DescribeImagesResponse.builder());
  }

  @Override
  public GetRepositoryPolicyResponse getRepositoryPolicy(GetRepositoryPolicyRequest request) {
    return Shapes.copy(
        within(
            client ->
                client.getRepositoryPolicy(
                    r ->
                        r.registryId(registry(request.registryId()))
                            .repositoryName(request.repositoryName()))),
        GetRepositoryPolicyResponse.builder());
  }

  @Override
  public InitiateLayerUploadResponse initiateLayerUpload(InitiateLayerUploadRequest request) {
    return Shapes.copy(
        within(
            client ->
                client.initiateLayerUpload(
                    r ->
                        r.registryId(registry(request.registryId()))
                            .repositoryName(request.repositoryName()))),
        InitiateLayerUploadResponse.builder());
  }

  @Override
  public ListTagsForResourceResponse listTagsForResource(ListTagsForResourceRequest request) {
    return Shapes.copy(
        within(client -> client.listTagsForResource(r -> r.resourceArn(request.resourceArn()))),
        ListTagsForResourceResponse.builder());
  }

  @Override
  public PutImageResponse putImage(PutImageRequest request) {
    return Shapes.copy(
        within(
            client ->
                client.putImage(
                    r ->
                        r.registryId(registry(request.registryId()))
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
        within(
            client ->
                client.setRepositoryPolicy(
                    r ->
                        r.registryId(registry(request.registryId()))
                            .repositoryName(request.repositoryName())
                            .policyText(request.policyText())
                            .force(request.force()))),
        SetRepositoryPolicyResponse.builder());
  }

  @Override
  public TagResourceResponse tagResource(TagResourceRequest request) {
    return Shapes.copy(
        within(
            client ->
                client.tagResource(
                    r -> r.resourceArn(request.resourceArn()).tags(tags(request.tags())))),
        TagResourceResponse.builder());
  }

  @Override
  public UntagResourceResponse untagResource(UntagResourceRequest request) {
    return Shapes.copy(
        within(
            client ->
                client.untagResource(
                    r -> r.resourceArn(request.resourceArn()).tagKeys(request.tagKeys()))),
        UntagResourceResponse.builder());
  }

  @Override
  public UploadLayerPartResponse uploadLayerPart(UploadLayerPartRequest request) {
    return Shapes.copy(
        within(
            client ->
                client.uploadLayerPart(
                    r ->
                        r.registryId(registry(request.registryId()))
                            .repositoryName(request.repositoryName())
                            .uploadId(request.uploadId())
                            .partFirstByte(request.partFirstByte())
                            .partLastByte(request.partLastByte())
                            .layerPartBlob(request.layerPartBlob()))),
        UploadLayerPartResponse.builder());
  }

  @Override
  public GetAuthorizationTokenResponse getAuthorizationToken(GetAuthorizationTokenRequest request) {
    var data = within(EcrClient::getAuthorizationToken).authorizationData().getFirst();
    return GetAuthorizationTokenResponse.builder()
        .authorizationData(
            d -> d.authorizationToken(data.authorizationToken()).expiresAt(data.expiresAt()))
        .build();
  }

  @Override
  public DescribeImageTagsResponse describeImageTags(DescribeImageTagsRequest request) {
    String name = request.repositoryName();
    Scope scope = entered(request.registryId(), name, "DescribeImageTags");
    Map<String, Instant> setAt = host.tagTimes(scope, name);
    // Who may see the tags may see what they name.
    Caller ours = Caller.root(scope, Caller.current().requestId());
    var images =
        ScopedValue.where(Caller.CURRENT, ours)
            .call(
                () ->
                    within(
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
    Scope scope = entered(request.registryId(), name, "GetRepositoryCatalogData");
    return GetRepositoryCatalogDataResponse.builder()
        .catalogData(gallery.repository(scope, name))
        .build();
  }

  @Override
  public PutRepositoryCatalogDataResponse putRepositoryCatalogData(
      PutRepositoryCatalogDataRequest request) {
    String name = request.repositoryName();
    Scope scope = entered(request.registryId(), name, "PutRepositoryCatalogData");
    RepositoryCatalogData data = Gallery.of(request.catalogData());
    gallery.put(scope, name, data);
    return PutRepositoryCatalogDataResponse.builder().catalogData(data).build();
  }

  /** Where a repository is that is there and that the caller may do this to. */
  private Scope entered(@Nullable String registryId, String repository, String operation) {
    return within(_ -> host.enter(registry(registryId), repository, operation));
  }
}
