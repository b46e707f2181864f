package gantry.services.cloudmap;

import static gantry.services.cloudmap.Errors.invalid;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.cloudmap.Tables.NamespaceRow;
import gantry.state.Page;
import gantry.state.PageToken;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.servicediscovery.ServiceDiscoveryClient;
import software.amazon.awssdk.services.servicediscovery.model.*;

/** The operations of namespaces, and what all operations share. */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
abstract class NamespaceApi implements ServiceDiscoveryClient {

  private static final int DEFAULT_PAGE = 100;

  final ServiceContext context;
  final Operations operations;
  private final Namespaces namespaces;

  NamespaceApi(ServiceContext context) {
    this.context = context;
    this.operations = new Operations(context);
    this.namespaces = new Namespaces(context, operations);
  }

  // ---- namespaces

  @Override
  public CreateHttpNamespaceResponse createHttpNamespace(CreateHttpNamespaceRequest r) {
    var wish =
        new Namespaces.Wish(
            NamespaceType.HTTP,
            r.name(),
            r.description(),
            r.creatorRequestId(),
            null,
            null,
            r.tags());
    return CreateHttpNamespaceResponse.builder().operationId(namespaces.create(wish)).build();
  }

  @Override
  public CreatePrivateDnsNamespaceResponse createPrivateDnsNamespace(
      CreatePrivateDnsNamespaceRequest r) {
    Long ttl =
        r.properties() == null
                || r.properties().dnsProperties() == null
                || r.properties().dnsProperties().soa() == null
            ? null
            : r.properties().dnsProperties().soa().ttl();
    var wish =
        new Namespaces.Wish(
            NamespaceType.DNS_PRIVATE,
            r.name(),
            r.description(),
            r.creatorRequestId(),
            r.vpc(),
            ttl,
            r.tags());
    return CreatePrivateDnsNamespaceResponse.builder().operationId(namespaces.create(wish)).build();
  }

  @Override
  public CreatePublicDnsNamespaceResponse createPublicDnsNamespace(
      CreatePublicDnsNamespaceRequest r) {
    Long ttl =
        r.properties() == null
                || r.properties().dnsProperties() == null
                || r.properties().dnsProperties().soa() == null
            ? null
            : r.properties().dnsProperties().soa().ttl();
    var wish =
        new Namespaces.Wish(
            NamespaceType.DNS_PUBLIC,
            r.name(),
            r.description(),
            r.creatorRequestId(),
            null,
            ttl,
            r.tags());
    return CreatePublicDnsNamespaceResponse.builder().operationId(namespaces.create(wish)).build();
  }

  @Override
  public DeleteNamespaceResponse deleteNamespace(DeleteNamespaceRequest r) {
    return DeleteNamespaceResponse.builder().operationId(namespaces.delete(r.id())).build();
  }

  @Override
  public UpdateHttpNamespaceResponse updateHttpNamespace(UpdateHttpNamespaceRequest r) {
    return UpdateHttpNamespaceResponse.builder()
        .operationId(
            namespaces.update(r.id(), NamespaceType.HTTP, r.namespace().description(), null))
        .build();
  }

  @Override
  public UpdatePrivateDnsNamespaceResponse updatePrivateDnsNamespace(
      UpdatePrivateDnsNamespaceRequest r) {
    PrivateDnsNamespaceChange change = r.namespace();
    Long ttl = change.properties() == null ? null : change.properties().dnsProperties().soa().ttl();
    return UpdatePrivateDnsNamespaceResponse.builder()
        .operationId(
            namespaces.update(r.id(), NamespaceType.DNS_PRIVATE, change.description(), ttl))
        .build();
  }

  @Override
  public UpdatePublicDnsNamespaceResponse updatePublicDnsNamespace(
      UpdatePublicDnsNamespaceRequest r) {
    PublicDnsNamespaceChange change = r.namespace();
    Long ttl = change.properties() == null ? null : change.properties().dnsProperties().soa().ttl();
    return UpdatePublicDnsNamespaceResponse.builder()
        .operationId(namespaces.update(r.id(), NamespaceType.DNS_PUBLIC, change.description(), ttl))
        .build();
  }

  @Override
  public GetNamespaceResponse getNamespace(GetNamespaceRequest r) {
    View view = view();
    return GetNamespaceResponse.builder()
        .namespace(Namespaces.shown(view, scope(), Namespaces.require(view, scope(), r.id())))
        .build();
  }

  @Override
  public ListNamespacesResponse listNamespaces(ListNamespacesRequest r) {
    View view = view();
    Page<Row<NamespaceRow>> page =
        page(
            "ListNamespaces",
            from ->
                view.scanAfter(Tables.NAMESPACES, scope(), from)
                    .filter(row -> matches(row.value(), r.filters())),
            row -> row.key().id(),
            r.nextToken(),
            r.maxResults());
    return ListNamespacesResponse.builder()
        .nextToken(page.nextToken())
        .namespaces(
            page.items().stream()
                .map(row -> Namespaces.shown(view, scope(), row.value()))
                .map(
                    n ->
                        NamespaceSummary.builder()
                            .id(n.id())
                            .arn(n.arn())
                            .name(n.name())
                            .type(n.type())
                            .description(n.description())
                            .serviceCount(n.serviceCount())
                            .properties(n.properties())
                            .createDate(n.createDate())
                            .resourceOwner(n.resourceOwner())
                            .build())
                .toList())
        .build();
  }

  private static boolean matches(NamespaceRow row, List<NamespaceFilter> filters) {
    Namespace n = row.namespace();
    return filters.stream()
        .allMatch(
            filter ->
                switch (filter.name()) {
                  case TYPE -> holds(filter.condition(), filter.values(), n.typeAsString());
                  case NAME -> holds(filter.condition(), filter.values(), n.name());
                  case HTTP_NAME ->
                      holds(
                          filter.condition(),
                          filter.values(),
                          n.properties().httpProperties().httpName());
                  case RESOURCE_OWNER -> ownedBySelf(filter.values());
                  case UNKNOWN_TO_SDK_VERSION ->
                      throw invalid("There is no filter " + filter.nameAsString() + ".");
                });
  }

  static boolean ownedBySelf(List<String> values) {
    return values.contains("SELF");
  }

  static boolean holds(@Nullable FilterCondition condition, List<String> wanted, String value) {
    return switch (condition == null ? FilterCondition.EQ : condition) {
      case EQ, IN -> wanted.contains(value);
      case BEGINS_WITH -> wanted.stream().anyMatch(value::startsWith);
      case BETWEEN -> throw invalid("The condition BETWEEN fits dates only.");
      case UNKNOWN_TO_SDK_VERSION -> throw invalid("There is no such filter condition.");
    };
  }

  // ---- what operations share

  View view() {
    return context.store().snapshot();
  }

  static Scope scope() {
    return Caller.current().scope();
  }

  static <T> Page<T> page(
      String listing,
      Function<String, Stream<T>> after,
      Function<T, String> id,
      @Nullable String token,
      @Nullable Integer limit) {
    try {
      String last = PageToken.lastId(listing, token);
      return Page.cut(after.apply(last), limit == null ? DEFAULT_PAGE : limit, id, listing);
    } catch (PageToken.Invalid bad) {
      throw invalid("The NextToken is not valid.");
    }
  }
}
