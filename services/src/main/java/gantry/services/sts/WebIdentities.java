package gantry.services.sts;

import gantry.services.ServiceContext;
import gantry.services.iam.OidcProviders;
import gantry.services.iam.Tables;
import gantry.services.iam.Tables.OidcRow;
import gantry.services.iam.Tables.RoleRow;
import gantry.services.iam.policy.AccessRequest;
import gantry.services.iam.policy.Context;
import gantry.services.iam.policy.Evaluator;
import gantry.services.iam.policy.PrincipalInfo;
import gantry.state.Scope;
import gantry.state.View;
import java.security.PublicKey;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.sts.model.AssumeRoleWithWebIdentityRequest;
import software.amazon.awssdk.services.sts.model.AssumeRoleWithWebIdentityResponse;
import software.amazon.awssdk.services.sts.model.Credentials;

/** Roles for whom an issuer of web identities vouches. */
final class WebIdentities {

  private static final long LEEWAY_SECONDS = 300;

  private final ServiceContext context;
  private final WebKeys webKeys;
  private final Issuing issuing;

  WebIdentities(ServiceContext context, WebKeys webKeys, Issuing issuing) {
    this.context = context;
    this.webKeys = webKeys;
    this.issuing = issuing;
  }

  AssumeRoleWithWebIdentityResponse assume(AssumeRoleWithWebIdentityRequest r) {
    if (r.providerId() != null) {
      throw Errors.validation(
          "ProviderId names a provider of OAuth 2.0, of which there are none: " + r.providerId());
    }
    String name = Checks.sessionName(r.roleSessionName());
    int seconds = Checks.seconds(r.durationSeconds(), Sts.DEFAULT_ROLE_SECONDS, 900, 43_200);
    WebToken token = WebToken.parse(r.webIdentityToken());
    long issuedAt = number(token.required("iat"));
    String subject = token.required("sub");
    String audience = token.audience();
    Instant now = context.clock().instant();
    long expires = number(token.required("exp"));
    if (now.getEpochSecond() > expires + LEEWAY_SECONDS) {
      throw Errors.expired(
          "Token expired: current date/time "
              + now.getEpochSecond()
              + " must be before the expiration date/time "
              + expires);
    }
    if (issuedAt > now.getEpochSecond() + LEEWAY_SECONDS) {
      throw Errors.badToken("Token is not yet valid");
    }
    String issuer = token.required("iss");
    View view = context.store().snapshot();
    Scope scope = Scope.global(Checks.accountOf(r.roleArn()));
    String provider = issuer.contains("://") ? OidcProviders.withoutScheme(issuer) : issuer;
    OidcRow oidc = view.get(Tables.OIDC_PROVIDERS, scope.key(provider));
    if (oidc == null) {
      throw Errors.badToken("No OpenIDConnect provider found in your account for " + issuer);
    }
    if (!oidc.clientIds().contains(audience)) {
      throw Errors.badToken("Incorrect token audience");
    }
    PublicKey key = webKeys.find(issuer, token.keyId());
    if (key == null) {
      throw Errors.badToken(
          "Couldn't retrieve verification key from your identity provider,  please reference"
              + " AssumeRoleWithWebIdentity documentation for requirements");
    }
    if (!token.isSignedBy(key)) {
      throw Errors.badToken("The provided token could not be verified: its signature is not valid");
    }
    RoleRow role = Issuing.find(view, scope, r.roleArn());
    if (role == null) {
      throw Errors.denied("Not authorized to perform sts:AssumeRoleWithWebIdentity");
    }
    Checks.checkDuration(role, r.durationSeconds(), seconds, false);
    String providerArn = "arn:aws:iam::" + scope.account() + ":oidc-provider/" + provider;
    Map<String, List<String>> claims = new HashMap<>();
    claims.put("sts:RoleSessionName", List.of(name));
    claims.put("aws:FederatedProvider", List.of(providerArn));
    claims.put(provider + ":sub", List.of(subject));
    claims.put(provider + ":aud", List.of(audience));
    token.claims().forEach((claim, values) -> claims.putIfAbsent(provider + ":" + claim, values));
    if (!trusts(role, providerArn, Context.of(claims))) {
      throw Errors.denied("Not authorized to perform sts:AssumeRoleWithWebIdentity");
    }
    Credentials credentials =
        issuing.issue(
            scope,
            role,
            name,
            seconds,
            r.policy(),
            r.policyArns(),
            Map.of(),
            List.of(),
            null,
            Map.of(
                "aws:FederatedProvider",
                providerArn,
                provider + ":sub",
                subject,
                provider + ":aud",
                audience));
    return AssumeRoleWithWebIdentityResponse.builder()
        .credentials(credentials)
        .assumedRoleUser(Issuing.assumed(role, name))
        .subjectFromWebIdentityToken(subject)
        .audience(audience)
        .provider(providerArn)
        .packedPolicySize(Checks.packed(r.policy(), Map.of()))
        .build();
  }

  private boolean trusts(RoleRow role, String providerArn, Context asked) {
    PrincipalInfo web =
        new PrincipalInfo(PrincipalInfo.Kind.WEB_IDENTITY, "", providerArn, providerArn, null);
    return Evaluator.decide(
            AccessRequest.of(
                    web, "sts:AssumeRoleWithWebIdentity", role.role().arn(), asked, List.of())
                .withResource("", List.of(Issuing.trust(role)), true))
        .allowed();
  }

  private static long number(String text) {
    try {
      return (long) Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw Errors.badToken("The ID Token provided is not a valid JWT.");
    }
  }
}
