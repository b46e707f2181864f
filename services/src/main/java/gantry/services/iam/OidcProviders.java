package gantry.services.iam;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.iam.Tables.OidcRow;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import software.amazon.awssdk.services.iam.model.CreateOpenIdConnectProviderRequest;

/** Issuers of web identities. Their keys are fetched by whoever checks a token, not kept here. */
public final class OidcProviders {

  static final int MAX_CLIENTS = 100;

  private final ServiceContext context;

  OidcProviders(ServiceContext context) {
    this.context = context;
  }

  static String arn(Scope scope, String url) {
    return "arn:aws:iam::" + scope.account() + ":oidc-provider/" + url;
  }

  String create(CreateOpenIdConnectProviderRequest r) {
    if (!r.url().matches("https?://[^/?#]+(/[^?#]*)?")) {
      throw Errors.validation("Invalid Open ID Connect Provider URL");
    }
    String url = withoutScheme(r.url());
    if (r.clientIDList().size() > MAX_CLIENTS) {
      throw Errors.limit(
          "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: " + MAX_CLIENTS);
    }
    Scope scope = Caller.current().globalScope();
    context
        .store()
        .write(
            tx -> {
              if (tx.get(Tables.OIDC_PROVIDERS, scope.key(url)) != null) {
                throw Errors.exists("Provider with url " + r.url() + " already exists.");
              }
              tx.put(
                  Tables.OIDC_PROVIDERS,
                  scope.key(url),
                  new OidcRow(
                      url,
                      r.clientIDList(),
                      r.thumbprintList(),
                      context.clock().instant(),
                      Names.tags(List.of(), r.tags())));
              return null;
            });
    return arn(scope, url);
  }

  /** How ARNs and condition keys name an issuer. */
  public static String withoutScheme(String url) {
    String bare = url.substring(url.indexOf("://") + "://".length());
    return bare.endsWith("/") ? bare.substring(0, bare.length() - 1) : bare;
  }

  static OidcRow require(View view, Scope scope, String arn) {
    String prefix = arn(scope, "");
    OidcRow row =
        arn.startsWith(prefix)
            ? view.get(Tables.OIDC_PROVIDERS, scope.key(arn.substring(prefix.length())))
            : null;
    if (row == null) {
      throw Errors.none("OpenIDConnect Provider not found for arn " + arn);
    }
    return row;
  }

  void delete(String arn) {
    Scope scope = Caller.current().globalScope();
    context
        .store()
        .write(
            tx -> {
              tx.delete(Tables.OIDC_PROVIDERS, scope.key(require(tx, scope, arn).url()));
              return null;
            });
  }

  void change(String arn, UnaryOperator<OidcRow> change) {
    Scope scope = Caller.current().globalScope();
    context
        .store()
        .write(
            tx -> {
              OidcRow row = require(tx, scope, arn);
              tx.put(Tables.OIDC_PROVIDERS, scope.key(row.url()), change.apply(row));
              return null;
            });
  }

  static List<String> with(List<String> ids, String id) {
    if (ids.contains(id)) {
      return ids;
    }
    List<String> more = new ArrayList<>(ids);
    more.add(id);
    return more;
  }
}
