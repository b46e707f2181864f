package gantry.services.sts;

import gantry.services.Caller;
import gantry.services.HostedService;
import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.iam.AuthorizationMessages;
import gantry.services.iam.Identities;
import gantry.services.iam.Identities.Identity;
import gantry.services.iam.RequestContext;
import gantry.services.iam.Tables;
import gantry.services.iam.Tables.RoleRow;
import gantry.services.iam.Tables.SessionRow;
import gantry.services.iam.policy.AccessRequest;
import gantry.services.iam.policy.Context;
import gantry.services.iam.policy.Decision;
import gantry.services.iam.policy.Evaluator;
import gantry.services.iam.policy.PrincipalInfo;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
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
  static final int DEFAULT_TOKEN_SECONDS = 43_200;
  static final int ROOT_TOKEN_SECONDS = 3600;

  private final ServiceContext context;
  private final Issuing issuing;
  private final WebIdentities webIdentities;
  private final AuthorizationMessages messages;

  public static HostedService<StsClient> hosted(SecretBox box, WebKeys webKeys) {
    return new HostedService<>(
        StsClient.class,
        context -> new Sts(context, box, webKeys),
        List.of(Tables.SESSIONS),
        context -> List.of(Sessions.ends(context.store(), context.clock())));
  }

  public Sts(ServiceContext context, SecretBox box, WebKeys webKeys) {
    this.context = context;
    this.issuing = new Issuing(context, box);
    this.webIdentities = new WebIdentities(context, webKeys, issuing);
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
    refuseDevice(r.serialNumber(), r.tokenCode());
    if (!r.providedContexts().isEmpty()) {
      throw Errors.invalidParameter("There are no providers of contexts here.");
    }
    String name = Checks.sessionName(r.roleSessionName());
    int seconds = Checks.seconds(r.durationSeconds(), DEFAULT_ROLE_SECONDS, 900, 43_200);
    View view = context.store().snapshot();
    Identity who = Identities.of(view, caller);
    String account = Checks.accountOf(r.roleArn());
    Scope scope = Scope.global(account);
    RoleRow role = Issuing.find(view, scope, r.roleArn());
    if (role == null) {
      throw Errors.notAuthorized(caller.arn(), "sts:AssumeRole", r.roleArn());
    }
    boolean chained = who.principal().kind() == PrincipalInfo.Kind.ROLE_SESSION;
    Checks.checkDuration(role, r.durationSeconds(), seconds, chained);
    Map<String, String> tags = Checks.tags(r.tags());
    SessionRow issued = who.issued();
    Map<String, String> inherited = Checks.inherited(issued, tags, r.transitiveTagKeys());
    String source = Checks.source(issued, r.sourceIdentity());

    Map<String, List<String>> keys = new HashMap<>();
    keys.put("sts:RoleSessionName", List.of(name));
    if (r.externalId() != null) {
      keys.put("sts:ExternalId", List.of(r.externalId()));
    }
    if (source != null) {
      keys.put("sts:SourceIdentity", List.of(source));
    }
    Checks.tagKeys(keys, tags);
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
        issuing.issue(
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
        .assumedRoleUser(Issuing.assumed(role, name))
        .sourceIdentity(source)
        .packedPolicySize(Checks.packed(r.policy(), tags))
        .build();
  }

  private Decision decide(
      Identity who, RoleRow role, String action, String account, Context asked) {
    return Evaluator.decide(
        AccessRequest.of(who.principal(), action, role.role().arn(), asked, who.policies())
            .withBoundary(who.boundary())
            .withSession(who.session())
            .withResource(account, List.of(Issuing.trust(role)), true));
  }

  @Override
  public AssumeRoleWithWebIdentityResponse assumeRoleWithWebIdentity(
      AssumeRoleWithWebIdentityRequest r) {
    return webIdentities.assume(r);
  }

  // ---- users

  @Override
  public GetSessionTokenResponse getSessionToken(GetSessionTokenRequest r) {
    Caller caller = Caller.current();
    Identity who = notFromSession(caller, "GetSessionToken");
    int seconds = tokenSeconds(who, r.durationSeconds());
    refuseDevice(r.serialNumber(), r.tokenCode());
    return GetSessionTokenResponse.builder()
        .credentials(
            issuing.add(
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
    Map<String, String> tags = Checks.tags(r.tags());
    String arn = "arn:aws:sts::" + caller.account() + ":federated-user/" + r.name();
    String id = caller.account() + ":" + r.name();
    Credentials credentials =
        issuing.add(
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
    Integer packed = Checks.packed(r.policy(), tags);
    return GetFederationTokenResponse.builder()
        .credentials(credentials)
        .federatedUser(FederatedUser.builder().arn(arn).federatedUserId(id).build())
        .packedPolicySize(packed == null ? 0 : packed)
        .build();
  }

  /** Nobody has one, so no code is the right one. */
  private static void refuseDevice(@Nullable String serialNumber, @Nullable String code) {
    if (serialNumber != null || code != null) {
      throw Errors.denied("MultiFactorAuthentication failed with invalid MFA one time pass code. ");
    }
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
    int seconds = Checks.seconds(given, DEFAULT_TOKEN_SECONDS, 900, 129_600);
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
