package gantry.services.cloudmap;

import static gantry.services.cloudmap.Errors.invalid;
import static gantry.services.cloudmap.Errors.noNamespace;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.cloudmap.Tables.NamespaceRow;
import gantry.services.cloudmap.Tables.OperationRow;
import gantry.state.Scope;
import gantry.state.Tx;
import gantry.state.View;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.servicediscovery.model.DnsProperties;
import software.amazon.awssdk.services.servicediscovery.model.HttpProperties;
import software.amazon.awssdk.services.servicediscovery.model.Namespace;
import software.amazon.awssdk.services.servicediscovery.model.NamespaceAlreadyExistsException;
import software.amazon.awssdk.services.servicediscovery.model.NamespaceProperties;
import software.amazon.awssdk.services.servicediscovery.model.NamespaceType;
import software.amazon.awssdk.services.servicediscovery.model.OperationType;
import software.amazon.awssdk.services.servicediscovery.model.ResourceInUseException;
import software.amazon.awssdk.services.servicediscovery.model.SOA;
import software.amazon.awssdk.services.servicediscovery.model.Tag;

/**
 * Namespaces: made, changed and deleted by operations that {@link DnsController} finishes where
 * there is a zone.
 */
final class Namespaces {

  static final long DEFAULT_SOA_TTL = 15;
  static final int MAX_HTTP_NAME = 1024;
  static final int MAX_DNS_NAME = 253;

  private final ServiceContext context;
  private final Operations operations;

  Namespaces(ServiceContext context, Operations operations) {
    this.context = context;
    this.operations = operations;
  }

  /** A namespace as a request wishes it. */
  record Wish(
      NamespaceType type,
      String name,
      @Nullable String description,
      @Nullable String creatorRequestId,
      @Nullable String vpcId,
      @Nullable Long soaTtl,
      List<Tag> tags) {}

  String create(Wish wish) {
    Scope scope = Caller.current().scope();
    checkName(wish);
    String newId = NewIds.namespace(context.ids());
    String operationId = NewIds.operation(context.ids());
    String hash = NewIds.namespace(context.ids()).substring(3);
    return context
        .store()
        .write(
            tx -> {
              Namespace again = madeByTheSameRequest(tx, scope, wish);
              if (again != null) {
                return operations.lastOf(tx, scope, again.id());
              }
              checkFree(tx, scope, wish);
              boolean httpNameTaken =
                  tx.lookup(Tables.NAMESPACES_BY_HTTP_NAME, scope, wish.name())
                      .findAny()
                      .isPresent();
              Namespace namespace =
                  Namespace.builder()
                      .id(newId)
                      .arn(arn(scope, newId))
                      .name(wish.name())
                      .type(wish.type())
                      .description(wish.description())
                      .serviceCount(0)
                      .createDate(context.clock().instant())
                      .creatorRequestId(
                          Objects.requireNonNullElseGet(wish.creatorRequestId(), () -> operationId))
                      .resourceOwner(scope.account())
                      .properties(
                          properties(wish, httpNameTaken ? wish.name() + "-" + hash : wish.name()))
                      .build();
              tx.put(
                  Tables.NAMESPACES,
                  scope.key(newId),
                  new NamespaceRow(namespace, wish.vpcId(), tags(wish.tags())));
              return operations.begin(
                  tx,
                  scope,
                  operationId,
                  OperationType.CREATE_NAMESPACE,
                  newId,
                  Map.of("NAMESPACE", newId),
                  wish.type() == NamespaceType.HTTP);
            });
  }

  private static NamespaceProperties properties(Wish wish, String httpName) {
    NamespaceProperties.Builder properties =
        NamespaceProperties.builder()
            .httpProperties(HttpProperties.builder().httpName(httpName).build());
    if (wish.type() != NamespaceType.HTTP) {
      long ttl = wish.soaTtl() == null ? DEFAULT_SOA_TTL : wish.soaTtl();
      properties.dnsProperties(DnsProperties.builder().soa(SOA.builder().ttl(ttl).build()).build());
    }
    return properties.build();
  }

  private static void checkName(Wish wish) {
    String name = wish.name();
    if (wish.type() == NamespaceType.HTTP) {
      if (name.isEmpty()
          || name.length() > MAX_HTTP_NAME
          || !name.chars().allMatch(c -> c >= '!' && c <= '~')) {
        throw invalid("The namespace name '" + name + "' is not valid.");
      }
      return;
    }
    boolean labels =
        name.length() <= MAX_DNS_NAME
            && name.matches(
                "([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\\.)*[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\\.?");
    if (!labels || (wish.type() == NamespaceType.DNS_PUBLIC && !name.contains("."))) {
      throw invalid("The namespace name '" + name + "' is not a valid domain name.");
    }
  }

  private static @Nullable Namespace madeByTheSameRequest(View view, Scope scope, Wish wish) {
    if (wish.creatorRequestId() == null) {
      return null;
    }
    return view.lookup(Tables.NAMESPACES_BY_REQUEST, scope, wish.creatorRequestId())
        .map(row -> row.value().namespace())
        .filter(n -> n.name().equals(wish.name()) && n.type() == wish.type())
        .findFirst()
        .orElse(null);
  }

  /** HTTP names are unique in a region, private names in a VPC, public names in an account. */
  private static void checkFree(View view, Scope scope, Wish wish) {
    view.lookup(Tables.NAMESPACES_BY_NAME, scope, wish.name().toLowerCase(Locale.ROOT))
        .map(row -> row.value())
        .filter(row -> row.namespace().type() == wish.type())
        .filter(row -> Objects.equals(row.vpcId(), wish.vpcId()))
        .findFirst()
        .ifPresent(
            row -> {
              throw NamespaceAlreadyExistsException.builder()
                  .message("Namespace " + wish.name() + " already exists in the account.")
                  .namespaceId(row.namespace().id())
                  .creatorRequestId(row.namespace().creatorRequestId())
                  .build();
            });
  }

  static String arn(Scope scope, String id) {
    return "arn:aws:servicediscovery:"
        + scope.region()
        + ":"
        + scope.account()
        + ":namespace/"
        + id;
  }

  /** Parameters that are called an id also take an ARN. */
  static String bareId(String idOrArn) {
    return idOrArn.startsWith("arn:") ? idOrArn.substring(idOrArn.lastIndexOf('/') + 1) : idOrArn;
  }

  static NamespaceRow require(View view, Scope scope, String idOrArn) {
    return view.find(Tables.NAMESPACES, scope.key(bareId(idOrArn)))
        .orElseThrow(() -> noNamespace(idOrArn));
  }

  /** With the count of its services, which is a question and not a fact of its own. */
  static Namespace shown(View view, Scope scope, NamespaceRow row) {
    int services =
        (int) view.lookup(Tables.SERVICES_BY_NAMESPACE, scope, row.namespace().id()).count();
    return row.namespace().toBuilder().serviceCount(services).build();
  }

  String delete(String idOrArn) {
    Scope scope = Caller.current().scope();
    String operationId = NewIds.operation(context.ids());
    return context
        .store()
        .write(
            tx -> {
              NamespaceRow row = require(tx, scope, idOrArn);
              String id = row.namespace().id();
              if (tx.lookup(Tables.SERVICES_BY_NAMESPACE, scope, id).findAny().isPresent()) {
                throw ResourceInUseException.builder()
                    .message(
                        "Namespace has associated services; delete the services before deleting the namespace")
                    .build();
              }
              operations.checkIdle(tx, scope, id, null);
              boolean http = row.namespace().type() == NamespaceType.HTTP;
              if (http) {
                tx.delete(Tables.NAMESPACES, scope.key(id));
              }
              return operations.begin(
                  tx,
                  scope,
                  operationId,
                  OperationType.DELETE_NAMESPACE,
                  id,
                  Map.of("NAMESPACE", id),
                  http);
            });
  }

  /** Description and the SOA's time to live; null leaves as it is. */
  String update(
      String idOrArn, NamespaceType type, @Nullable String description, @Nullable Long soaTtl) {
    Scope scope = Caller.current().scope();
    String operationId = NewIds.operation(context.ids());
    return context
        .store()
        .write(
            tx -> {
              NamespaceRow row = require(tx, scope, idOrArn);
              Namespace old = row.namespace();
              if (old.type() != type) {
                throw invalid("Namespace " + old.id() + " is of type " + old.typeAsString() + ".");
              }
              Namespace.Builder changed = old.toBuilder();
              if (description != null) {
                changed.description(description);
              }
              if (soaTtl != null) {
                changed.properties(
                    old.properties().toBuilder()
                        .dnsProperties(
                            old.properties().dnsProperties().toBuilder()
                                .soa(SOA.builder().ttl(soaTtl).build())
                                .build())
                        .build());
              }
              tx.put(Tables.NAMESPACES, scope.key(old.id()), row.with(changed.build()));
              return operations.begin(
                  tx,
                  scope,
                  operationId,
                  OperationType.UPDATE_NAMESPACE,
                  old.id(),
                  Map.of("NAMESPACE", old.id()),
                  type == NamespaceType.HTTP);
            });
  }

  static Map<String, String> tags(List<Tag> tags) {
    Map<String, String> all = new TreeMap<>();
    tags.forEach(tag -> all.put(tag.key(), tag.value()));
    return all;
  }

  /** Drops the row of a namespace whose zone is gone. */
  static void forget(Tx tx, Scope scope, OperationRow operation) {
    tx.delete(Tables.NAMESPACES, scope.key(operation.concerns()));
  }
}
