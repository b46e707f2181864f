package gantry.services.ecrpublic;

import gantry.services.Caller;
import gantry.services.HostedService;
import gantry.services.ServiceContext;
import gantry.services.ecr.EcrHost;
import gantry.state.Key;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.Table;
import java.time.Instant;
import java.util.Map;
import java.util.function.Function;
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
import software.amazon.awssdk.services.ecrpublic.model.RegistryCatalogData;
import software.amazon.awssdk.services.ecrpublic.model.RepositoryCatalogData;
import software.amazon.awssdk.services.ecrpublic.model.RepositoryCatalogDataInput;
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

  private static final Table<RepositoryCatalogData> CATALOG =
      Table.of("ecr-public.catalog-data", RepositoryCatalogData.class);
  private static final Table<RegistryCatalogData> REGISTRIES =
      Table.of("ecr-public.registries", RegistryCatalogData.class);
  private static final String REGISTRY = "registry";

  private final EcrHost host;
  private final EcrClient ecr;
  private final Store store;

  public EcrPublic(EcrHost host, ServiceContext context) {
    this.host = host;
    this.ecr = host.client();
    this.store = context.store();
  }

  public static HostedService<EcrPublicClient> hosted(EcrHost.Once once) {
    return HostedService.of(
        EcrPublicClient.class,
        context -> new EcrPublic(once.host(context), context),
        CATALOG,
        REGISTRIES);
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

  // ---- repositories

  @Override
  public CreateRepositoryResponse createRepository(CreateRepositoryRequest request) {
    RepositoryCatalogData catalog =
        request.catalogData() == null ? null : catalog(request.catalogData());
    SdkPojo made =
        within(
            client ->
                client.createRepository(
                    Shapes.copy(
                        request,
                        software.amazon.awssdk.services.ecr.model.CreateRepositoryRequest
                            .builder())));
    if (catalog != null) {
      put(CATALOG, scope().key(request.repositoryName()), catalog);
    }
    return Shapes.copy(made, CreateRepositoryResponse.builder()).toBuilder()
        .catalogData(catalog)
        .build();
  }

  @Override
  public DeleteRepositoryResponse deleteRepository(DeleteRepositoryRequest request) {
    SdkPojo deleted =
        within(
            client ->
                client.deleteRepository(
                    Shapes.copy(
                        request,
                        software.amazon.awssdk.services.ecr.model.DeleteRepositoryRequest
                            .builder())));
    store.write(
        tx -> {
          tx.delete(CATALOG, scope().key(request.repositoryName()));
          return null;
        });
    return Shapes.copy(deleted, DeleteRepositoryResponse.builder());
  }

  @Override
  public DescribeRepositoriesResponse describeRepositories(DescribeRepositoriesRequest request) {
    return Shapes.copy(
        within(
            client ->
                client.describeRepositories(
                    Shapes.copy(
                        request,
                        software.amazon.awssdk.services.ecr.model.DescribeRepositoriesRequest
                            .builder()))),
        DescribeRepositoriesResponse.builder());
  }

  @Override
  public BatchCheckLayerAvailabilityResponse batchCheckLayerAvailability(BatchCheckLayerAvailabilityRequest request) {
    return Shapes.copy(
        within(
            client ->
                client.batchCheckLayerAvailability(
                    Shapes.copy(
                        request,
                        software.amazon.awssdk.services.ecr.model.BatchCheckLayerAvailabilityRequest.builder()))),
        BatchCheckLayerAvailabilityResponse.builder());
  }

  @Override
  public BatchDeleteImageResponse batchDeleteImage(BatchDeleteImageRequest request) {
    return Shapes.copy(
        within(
            client ->
                client.batchDeleteImage(
                    Shapes.copy(
                        request,
                        software.amazon.awssdk.services.ecr.model.BatchDeleteImageRequest.builder()))),
        BatchDeleteImageResponse.builder());
  }

  @Override
  public CompleteLayerUploadResponse completeLayerUpload(CompleteLayerUploadRequest request) {
    return Shapes.copy(
        within(
            client ->
                client.completeLayerUpload(
                    Shapes.copy(
                        request,
                        software.amazon.awssdk.services.ecr.model.CompleteLayerUploadRequest.builder()))),
        CompleteLayerUploadResponse.builder());
  }

  @Override
  public DeleteRepositoryPolicyResponse deleteRepositoryPolicy(DeleteRepositoryPolicyRequest request) {
    return Shapes.copy(
        within(
            client ->
                client.deleteRepositoryPolicy(
                    Shapes.copy(
                        request,
                        software.amazon.awssdk.services.ecr.model.DeleteRepositoryPolicyRequest.builder()))),
        DeleteRepositoryPolicyResponse.builder());
  }

  @Override
  public DescribeImagesResponse describeImages(DescribeImagesRequest request) {
    return Shapes.copy(
        within(
            client ->
                client.describeImages(
                    Shapes.copy(
                        request,
                        software.amazon.awssdk.services.ecr.model.DescribeImagesRequest.builder()))),
        DescribeImagesResponse.builder());
  }

  @Override
  public GetRepositoryPolicyResponse getRepositoryPolicy(GetRepositoryPolicyRequest request) {
    return Shapes.copy(
        within(
            client ->
                client.getRepositoryPolicy(
                    Shapes.copy(
                        request,
                        software.amazon.awssdk.services.ecr.model.GetRepositoryPolicyRequest.builder()))),
        GetRepositoryPolicyResponse.builder());
  }

  @Override
  public InitiateLayerUploadResponse initiateLayerUpload(InitiateLayerUploadRequest request) {
    return Shapes.copy(
        within(
            client ->
                client.initiateLayerUpload(
                    Shapes.copy(
                        request,
                        software.amazon.awssdk.services.ecr.model.InitiateLayerUploadRequest.builder()))),
        InitiateLayerUploadResponse.builder());
  }

  @Override
  public ListTagsForResourceResponse listTagsForResource(ListTagsForResourceRequest request) {
    return Shapes.copy(
        within(
            client ->
                client.listTagsForResource(
                    Shapes.copy(
                        request,
                        software.amazon.awssdk.services.ecr.model.ListTagsForResourceRequest.builder()))),
        ListTagsForResourceResponse.builder());
  }

  @Override
  public PutImageResponse putImage(PutImageRequest request) {
    return Shapes.copy(
        within(
            client ->
                client.putImage(
                    Shapes.copy(
                        request,
                        software.amazon.awssdk.services.ecr.model.PutImageRequest.builder()))),
        PutImageResponse.builder());
  }

  @Override
  public SetRepositoryPolicyResponse setRepositoryPolicy(SetRepositoryPolicyRequest request) {
    return Shapes.copy(
        within(
            client ->
                client.setRepositoryPolicy(
                    Shapes.copy(
                        request,
                        software.amazon.awssdk.services.ecr.model.SetRepositoryPolicyRequest.builder()))),
        SetRepositoryPolicyResponse.builder());
  }

  @Override
  public TagResourceResponse tagResource(TagResourceRequest request) {
    return Shapes.copy(
        within(
            client ->
                client.tagResource(
                    Shapes.copy(
                        request,
                        software.amazon.awssdk.services.ecr.model.TagResourceRequest.builder()))),
        TagResourceResponse.builder());
  }

  @Override
  public UntagResourceResponse untagResource(UntagResourceRequest request) {
    return Shapes.copy(
        within(
            client ->
                client.untagResource(
                    Shapes.copy(
                        request,
                        software.amazon.awssdk.services.ecr.model.UntagResourceRequest.builder()))),
        UntagResourceResponse.builder());
  }

  @Override
  public UploadLayerPartResponse uploadLayerPart(UploadLayerPartRequest request) {
    return Shapes.copy(
        within(
            client ->
                client.uploadLayerPart(
                    Shapes.copy(
                        request,
                        software.amazon.awssdk.services.ecr.model.UploadLayerPartRequest.builder()))),
        UploadLayerPartResponse.builder());
  }

  @Override
  public GetAuthorizationTokenResponse getAuthorizationToken(GetAuthorizationTokenRequest request) {
    var data =
        within(EcrClient::getAuthorizationToken).authorizationData().getFirst();
    return GetAuthorizationTokenResponse.builder()
        .authorizationData(
            d -> d.authorizationToken(data.authorizationToken()).expiresAt(data.expiresAt()))
        .build();
  }

  @Override
  public DescribeImageTagsResponse describeImageTags(DescribeImageTagsRequest request) {
    Map<String, Instant> setAt = host.tagTimes(scope(), request.repositoryName());
    var images =
        within(
            client ->
                client.describeImages(
                    r ->
                        r.repositoryName(request.repositoryName())
                            .nextToken(request.nextToken())
                            .maxResults(request.maxResults())));
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
    return DescribeRegistriesResponse.builder()
        .registries(
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
                .build())
        .build();
  }

  @Override
  public GetRegistryCatalogDataResponse getRegistryCatalogData(
      GetRegistryCatalogDataRequest request) {
    @Nullable RegistryCatalogData data = store.snapshot().get(REGISTRIES, scope().key(REGISTRY));
    return GetRegistryCatalogDataResponse.builder()
        .registryCatalogData(data == null ? RegistryCatalogData.builder().build() : data)
        .build();
  }

  @Override
  public PutRegistryCatalogDataResponse putRegistryCatalogData(
      PutRegistryCatalogDataRequest request) {
    RegistryCatalogData data =
        RegistryCatalogData.builder().displayName(request.displayName()).build();
    put(REGISTRIES, scope().key(REGISTRY), data);
    return PutRegistryCatalogDataResponse.builder().registryCatalogData(data).build();
  }

  @Override
  public GetRepositoryCatalogDataResponse getRepositoryCatalogData(
      GetRepositoryCatalogDataRequest request) {
    mustExist(request.repositoryName());
    @Nullable RepositoryCatalogData data =
        store.snapshot().get(CATALOG, scope().key(request.repositoryName()));
    return GetRepositoryCatalogDataResponse.builder()
        .catalogData(data == null ? RepositoryCatalogData.builder().build() : data)
        .build();
  }

  @Override
  public PutRepositoryCatalogDataResponse putRepositoryCatalogData(
      PutRepositoryCatalogDataRequest request) {
    mustExist(request.repositoryName());
    RepositoryCatalogData data = catalog(request.catalogData());
    put(CATALOG, scope().key(request.repositoryName()), data);
    return PutRepositoryCatalogDataResponse.builder().catalogData(data).build();
  }

  private void mustExist(String repository) {
    within(client -> client.describeRepositories(r -> r.repositoryNames(repository)));
  }

  private <V> void put(Table<V> table, Key key, V row) {
    store.write(
        tx -> {
          tx.put(table, key, row);
          return null;
        });
  }

  private static RepositoryCatalogData catalog(RepositoryCatalogDataInput input) {
    if (input.logoImageBlob() != null) {
      throw InvalidParameterException.builder()
          .message(
              "Invalid parameter at 'logoImageBlob': Gantry has no gallery to show a logo in")
          .build();
    }
    return RepositoryCatalogData.builder()
        .description(input.description())
        .architectures(input.architectures())
        .operatingSystems(input.operatingSystems())
        .aboutText(input.aboutText())
        .usageText(input.usageText())
        .marketplaceCertified(false)
        .build();
  }
}
