package gantry.services.sts;

import gantry.services.Caller;
import gantry.services.HostedService;
import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.iam.AuthorizationMessages;
import gantry.services.iam.Documents;
import gantry.services.iam.Identities;
import gantry.services.iam.Identities.Identity;
import gantry.services.iam.Names;
import gantry.services.iam.OidcProviders;
import gantry.services.iam.RequestContext;
import gantry.services.iam.Tables;
import gantry.services.iam.Tables.OidcRow;
import gantry.services.iam.Tables.RoleRow;
import gantry.services.iam.Tables.SessionRow;
import gantry.services.iam.policy.AccessRequest;
import gantry.services.iam.policy.Context;
import gantry.services.iam.policy.Decision;
import gantry.services.iam.policy.Evaluator;
import gantry.services.iam.policy.MalformedPolicy;
import gantry.services.iam.policy.Policy;
import gantry.services.iam.policy.PolicyDocument;
import gantry.services.iam.policy.PolicyKind;
import gantry.services.iam.policy.PrincipalInfo;
import gantry.state.Scope;
import gantry.state.View;
import java.security.PublicKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.model.*;

/**
 * The STS API. A role's trust policy is always held to; whether the caller's own policies are is
 * for the authorizer to say.
 */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
public final class Sts implements StsClient {

  static final int DEFAULT_ROLE_SECONDS = 3600;
  static final int CHAINED_SECONDS = 3600;
  static final int DEFAULT_TOKEN_SECONDS = 43_200;
  static final int ROOT_TOKEN_SECONDS = 3600;
  static final long LEEWAY_SECONDS = 300;

  private final ServiceContext context;
  private final SecretBox box;
  private final WebKeys webKeys;
  private final Sessions sessions;
  private final AuthorizationMessages messages;

  public static HostedService<StsClient> hosted(SecretBox box, WebKeys webKeys) {
    return new HostedService<>(
        StsClient.class,
        context -> new Sts(context, box, webKeys),
        List.of(Tables.SESSIONS),
        context -> List.of(new Sessions(context.store(), context.clock())));
  }

  public Sts(ServiceContext context, SecretBox box, WebKeys webKeys) {
    this.context = context;
    this.box = box;
    this.webKeys = webKeys;
    this.sessions = new Sessions(context.store(), context.clock());
    this.messages = new AuthorizationMessages(box);
  }

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {}

  @Override
  public GetCallerIdentityResponse getCallerIdentity(GetCallerIdentityRequest r) {
    Caller caller = Caller.current();
    return GetCallerIdentityResponse.builder()
        .account(caller.account())
        .arn(caller.arn())
        .userId(caller.userId())
        .build();
  }

  @Override
  public GetAccessKeyInfoResponse getAccessKeyInfo(GetAccessKeyInfoRequest r) {
    String id = r.accessKeyId();
    if (id.length() < 16 && !id.matches("[0-9]{12}")) {
      throw Errors.validation("Invalid length for parameter AccessKeyId");
    }
    return GetAccessKeyInfoResponse.builder()
        .account(
            RequestContext.accountOfKey(context.store().snapshot(), id)
                .orElse(id.matches("[0-9]{12}") ? id : Caller.current().account()))
        .build();
  }

  // ---- roles

  @Override
  public AssumeRoleResponse assumeRole(AssumeRoleRequest r) {
    Caller caller = Caller.current();
    String name = sessionName(r.roleSessionName());
    int seconds = seconds(r.durationSeconds(), DEFAULT_ROLE_SECONDS, 900, 43_200);
    View view = context.store().snapshot();
    Identity who = Identities.of(view, caller);
    String account = accountOf(r.roleArn());
    Scope scope = Scope.global(account);
    RoleRow role = find(view, scope, r.roleArn());
    if (role == null) {
      throw Errors.notAuthorized(caller.arn(), "sts:AssumeRole", r.roleArn());
    }
    boolean chained = who.principal().kind() == PrincipalInfo.Kind.ROLE_SESSION;
    checkDuration(role, r.durationSeconds(), seconds, chained);
    Map<String, String> tags = tags(r.tags());
    SessionRow issued = who.issued();
    Map<String, String> inherited = inherited(issued, tags, r.transitiveTagKeys());
    String source = source(issued, r.sourceIdentity());

    Map<String, List<String>> keys = new HashMap<>();
    keys.put("sts:RoleSessionName", List.of(name));
    if (r.externalId() != null) {
      keys.put("sts:ExternalId", List.of(r.externalId()));
    }
    if (source != null) {
      keys.put("sts:SourceIdentity", List.of(source));
    }
    tagKeys(keys, tags);
    if (!r.transitiveTagKeys().isEmpty()) {
      keys.put("sts:TransitiveTagKeys", r.transitiveTagKeys());
    }
    Context asked = Context.of(keys).or(RequestContext.of(caller, who, context.clock().instant()));
    List<String> actions = new ArrayList<>(List.of("sts:AssumeRole"));
    if (!tags.isEmpty()) {
      actions.add("sts:TagSession");
    }
    if (r.sourceIdentity() != null) {
      actions.add("sts:SetSourceIdentity");
    }
    for (String action : actions) {
      if (!decide(who, role, action, account, asked).allowed()) {
        throw Errors.notAuthorized(caller.arn(), action, r.roleArn());
      }
    }
    Map<String, String> all = new HashMap<>(inherited);
    all.putAll(tags);
    Set<String> transitive = new HashSet<>(inherited.keySet());
    transitive.addAll(r.transitiveTagKeys());
    Credentials credentials =
        issue(
            scope,
            role,
            name,
            seconds,
            r.policy(),
            r.policyArns(),
            all,
            List.copyOf(transitive),
            source,
            Map.of());
    return AssumeRoleResponse.builder()
        .credentials(credentials)
        .assumedRoleUser(assumed(role, name))
        .sourceIdentity(source)
        .packedPolicySize(packed(r.policy(), tags))
        .build();
  }

  @Override
  public AssumeRoleWithWebIdentityResponse assumeRoleWithWebIdentity(
      AssumeRoleWithWebIdentityRequest r) {
    String name = sessionName(r.roleSessionName());
    int seconds = seconds(r.durationSeconds(), DEFAULT_ROLE_SECONDS, 900, 43_200);
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
    Scope scope = Scope.global(accountOf(r.roleArn()));
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
    RoleRow role = find(view, scope, r.roleArn());
    if (role == null) {
      throw Errors.denied("Not authorized to perform sts:AssumeRoleWithWebIdentity");
    }
    checkDuration(role, r.durationSeconds(), seconds, false);
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
        issue(
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
        .assumedRoleUser(assumed(role, name))
        .subjectFromWebIdentityToken(subject)
        .audience(audience)
        .provider(providerArn)
        .packedPolicySize(packed(r.policy(), Map.of()))
        .build();
  }

  private boolean trusts(RoleRow role, String providerArn, Context asked) {
    PrincipalInfo web =
        new PrincipalInfo(PrincipalInfo.Kind.WEB_IDENTITY, "", providerArn, providerArn, null);
    return Evaluator.decide(
            AccessRequest.of(
                    web, "sts:AssumeRoleWithWebIdentity", role.role().arn(), asked, List.of())
                .withResource("", List.of(trust(role)), true))
        .allowed();
  }

  private static long number(String text) {
    try {
      return (long) Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw Errors.badToken("The ID Token provided is not a valid JWT.");
    }
  }

  private static Policy trust(RoleRow role) {
    return new Policy(
        "trust policy",
        Policy.Type.TRUST,
        Documents.compiled(role.role().assumeRolePolicyDocument(), PolicyKind.TRUST));
  }

  private Decision decide(
      Identity who, RoleRow role, String action, String account, Context asked) {
    return Evaluator.decide(
        AccessRequest.of(who.principal(), action, role.role().arn(), asked, who.policies())
            .withBoundary(who.boundary())
            .withSession(who.session())
            .withResource(account, List.of(trust(role)), true));
  }

  private static @Nullable RoleRow find(View view, Scope scope, String arn) {
    String name = arn.substring(arn.lastIndexOf('/') + 1);
    RoleRow row = view.get(Tables.ROLES, scope.key(name.toLowerCase(Locale.ROOT)));
    return row == null || !row.role().arn().equals(arn) ? null : row;
  }

  private static String accountOf(String roleArn) {
    if (!roleArn.matches("arn:aws[a-z-]*:iam::\\d{12}:role/.+")) {
      throw Errors.validation(roleArn + " is invalid");
    }
    return roleArn.split(":", -1)[4];
  }

  private static String sessionName(String name) {
    if (!name.matches("[\\w+=,.@-]*")) {
      throw Errors.validation(
          "1 validation error detected: Value '"
              + name
              + "' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular"
              + " expression pattern: [\\w+=,.@-]*");
    }
    if (name.length() < 2 || name.length() > 64) {
      throw Errors.validation(
          "1 validation error detected: Value '"
              + name
              + "' at 'roleSessionName' failed to satisfy constraint: Member must have length "
              + (name.length() < 2 ? "greater than or equal to 2" : "less than or equal to 64"));
    }
    return name;
  }

  private static int seconds(@Nullable Integer given, int usual, int least, int most) {
    int seconds = given == null ? usual : given;
    if (seconds < least || seconds > most) {
      throw Errors.validation(
          "1 validation error detected: Value '"
              + seconds
              + "' at 'durationSeconds' failed to satisfy constraint: Member must have value "
              + (seconds < least
                  ? "greater than or equal to " + least
                  : "less than or equal to " + most));
    }
    return seconds;
  }

  private static void checkDuration(
      RoleRow role, @Nullable Integer given, int seconds, boolean chained) {
    Integer most = role.role().maxSessionDuration();
    if (given != null && most != null && seconds > most) {
      throw Errors.validation(
          "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
    }
    if (chained && seconds > CHAINED_SECONDS) {
      throw Errors.validation(
          "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role"
              + " chaining.");
    }
  }

  private static Map<String, String> tags(List<Tag> given) {
    Map<String, String> tags = new HashMap<>();
    Set<String> seen = new HashSet<>();
    for (Tag tag : given) {
      if (!seen.add(tag.key().toLowerCase(Locale.ROOT))) {
        throw Errors.invalidParameter(
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
      }
      tags.put(tag.key(), tag.value());
    }
    return tags;
  }

  private static void tagKeys(Map<String, List<String>> keys, Map<String, String> tags) {
    if (!tags.isEmpty()) {
      keys.put("aws:TagKeys", List.copyOf(tags.keySet()));
      tags.forEach((key, value) -> keys.put("aws:RequestTag/" + key, List.of(value)));
    }
  }

  /** The tags that the caller's own session hands on, whoever it becomes. */
  private static Map<String, String> inherited(
      @Nullable SessionRow issued, Map<String, String> tags, List<String> transitive) {
    for (String key : transitive) {
      if (!tags.containsKey(key)) {
        throw Errors.invalidParameter(
            "The specified transitive tag key must be included in the requested tags.");
      }
    }
    Map<String, String> inherited = new HashMap<>();
    if (issued != null) {
      for (String key : issued.transitiveTags()) {
        if (tags.keySet().stream().anyMatch(key::equalsIgnoreCase)) {
          throw Errors.invalidParameter(
              "One of the specified transitive tag keys can't be set because it conflicts with a"
                  + " transitive tag key from the calling session.");
        }
        String value = issued.tags().get(key);
        if (value != null) {
          inherited.put(key, value);
        }
      }
    }
    return inherited;
  }

  private static @Nullable String source(@Nullable SessionRow issued, @Nullable String asked) {
    String held = issued == null ? null : issued.sourceIdentity();
    if (held != null && asked != null && !held.equals(asked)) {
      throw Errors.validation("The source identity is already set for this assume role session");
    }
    return held == null ? asked : held;
  }

  private Credentials issue(
      Scope scope,
      RoleRow role,
      String sessionName,
      int seconds,
      @Nullable String policy,
      List<PolicyDescriptorType> policyArns,
      Map<String, String> tags,
      List<String> transitive,
      @Nullable String source,
      Map<String, String> claims) {
    AssumedRoleUser user = assumed(role, sessionName);
    return add(
        scope,
        user.arn(),
        user.assumedRoleId(),
        role.role().arn(),
        role.role().roleId(),
        seconds,
        policy,
        policyArns,
        policy != null || !policyArns.isEmpty(),
        tags,
        transitive,
        source,
        claims);
  }

  private Credentials add(
      Scope scope,
      String arn,
      String userId,
      String entityArn,
      @Nullable String entityId,
      int seconds,
      @Nullable String policy,
      List<PolicyDescriptorType> policyArns,
      boolean limited,
      Map<String, String> tags,
      List<String> transitive,
      @Nullable String source,
      Map<String, String> claims) {
    if (policy != null) {
      checkPolicy(policy);
    }
    String id = Names.accessKeyId(context.ids(), "ASIA");
    Sessions.Secret secret = Sessions.newSecret(context.ids());
    Instant now = context.clock().instant();
    SessionRow row =
        new SessionRow(
            id,
            Sessions.seal(box, id, secret),
            arn,
            userId,
            entityArn,
            entityId,
            policy == null ? List.of() : List.of(policy),
            policyArns.stream().map(PolicyDescriptorType::arn).toList(),
            limited,
            tags,
            transitive,
            source,
            claims,
            now,
            now.plusSeconds(seconds));
    sessions.add(scope, row);
    return Sessions.credentials(row, secret);
  }

  private static void checkPolicy(String policy) {
    try {
      PolicyDocument.parse(policy, PolicyKind.INLINE);
    } catch (MalformedPolicy e) {
      throw Errors.malformed(e.getMessage() + " (" + e.place() + ")");
    }
    int percent = PolicyDocument.sizeWithoutWhiteSpace(policy) * 100 / 2048;
    if (percent > 100) {
      throw PackedPolicyTooLargeException.builder()
          .message(
              "Packed policy consumes "
                  + percent
                  + "% of allotted space, please use smaller policy.")
          .build();
    }
  }

  private static AssumedRoleUser assumed(RoleRow role, String sessionName) {
    String account = role.role().arn().split(":", -1)[4];
    return AssumedRoleUser.builder()
        .assumedRoleId(role.role().roleId() + ":" + sessionName)
        .arn(
            "arn:aws:sts::"
                + account
                + ":assumed-role/"
                + role.role().roleName()
                + "/"
                + sessionName)
        .build();
  }

  private static @Nullable Integer packed(@Nullable String policy, Map<String, String> tags) {
    if (policy == null && tags.isEmpty()) {
      return null;
    }
    int size = policy == null ? 0 : PolicyDocument.sizeWithoutWhiteSpace(policy);
    for (Map.Entry<String, String> tag : tags.entrySet()) {
      size += tag.getKey().length() + tag.getValue().length();
    }
    return Math.max(1, size * 100 / 2048);
  }

  // ---- users

  @Override
  public GetSessionTokenResponse getSessionToken(GetSessionTokenRequest r) {
    Caller caller = Caller.current();
    Identity who = notFromSession(caller, "GetSessionToken");
    int seconds = tokenSeconds(who, r.durationSeconds());
    if (r.serialNumber() != null || r.tokenCode() != null) {
      throw Errors.denied("MultiFactorAuthentication failed with invalid MFA one time pass code. ");
    }
    return GetSessionTokenResponse.builder()
        .credentials(
            add(
                caller.globalScope(),
                caller.arn(),
                caller.userId(),
                caller.arn(),
                caller.userId(),
                seconds,
                null,
                List.of(),
                false,
                Map.of(),
                List.of(),
                null,
                Map.of()))
        .build();
  }

  @Override
  public GetFederationTokenResponse getFederationToken(GetFederationTokenRequest r) {
    Caller caller = Caller.current();
    Identity who = notFromSession(caller, "GetFederationToken");
    if (!r.name().matches("[\\w+=,.@-]{2,32}")) {
      throw Errors.validation(
          "1 validation error detected: Value '"
              + r.name()
              + "' at 'name' failed to satisfy constraint: Member must satisfy regular expression"
              + " pattern: [\\w+=,.@-]*");
    }
    int seconds = tokenSeconds(who, r.durationSeconds());
    Map<String, String> tags = tags(r.tags());
    String arn = "arn:aws:sts::" + caller.account() + ":federated-user/" + r.name();
    String id = caller.account() + ":" + r.name();
    Credentials credentials =
        add(
            caller.globalScope(),
            arn,
            id,
            caller.arn(),
            caller.userId(),
            seconds,
            r.policy(),
            r.policyArns(),
            true,
            tags,
            List.of(),
            null,
            Map.of());
    Integer packed = packed(r.policy(), tags);
    return GetFederationTokenResponse.builder()
        .credentials(credentials)
        .federatedUser(FederatedUser.builder().arn(arn).federatedUserId(id).build())
        .packedPolicySize(packed == null ? 0 : packed)
        .build();
  }

  private Identity notFromSession(Caller caller, String operation) {
    Identity who = Identities.of(context.store().snapshot(), caller);
    boolean session =
        who.issued() != null
            || (who.principal().kind() != PrincipalInfo.Kind.USER
                && who.principal().kind() != PrincipalInfo.Kind.ROOT);
    if (session) {
      throw Errors.denied("Cannot call " + operation + " with session credentials");
    }
    return who;
  }

  private static int tokenSeconds(Identity who, @Nullable Integer given) {
    int seconds = seconds(given, DEFAULT_TOKEN_SECONDS, 900, 129_600);
    return who.principal().kind() == PrincipalInfo.Kind.ROOT
        ? Math.min(seconds, ROOT_TOKEN_SECONDS)
        : seconds;
  }

  @Override
  public DecodeAuthorizationMessageResponse decodeAuthorizationMessage(
      DecodeAuthorizationMessageRequest r) {
    String decoded = messages.decode(Caller.current().account(), r.encodedMessage());
    if (decoded == null) {
      throw InvalidAuthorizationMessageException.builder()
          .message("The provided message is not a valid encoded authorization message.")
          .build();
    }
    return DecodeAuthorizationMessageResponse.builder().decodedMessage(decoded).build();
  }
}
