package gantry.services.kms;

import gantry.services.AesGcmSecretBox;
import gantry.services.Caller;
import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.iam.Documents;
import gantry.services.iam.IamAuthorizer.Mode;
import gantry.services.iam.Identities;
import gantry.services.iam.Identities.Identity;
import gantry.services.iam.NamedPrincipals;
import gantry.services.iam.RequestContext;
import gantry.services.iam.policy.AccessRequest;
import gantry.services.iam.policy.Context;
import gantry.services.iam.policy.Decision;
import gantry.services.iam.policy.Evaluator;
import gantry.services.iam.policy.MalformedPolicy;
import gantry.services.iam.policy.Policy;
import gantry.services.iam.policy.PolicyDocument;
import gantry.services.iam.policy.PolicyKind;
import gantry.services.kms.KmsTables.AliasRow;
import gantry.services.kms.KmsTables.GrantRow;
import gantry.services.kms.KmsTables.KeyRow;
import gantry.services.kms.KmsTables.Material;
import gantry.state.Scope;
import gantry.state.View;
import java.security.KeyPair;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.kms.model.DisabledException;
import software.amazon.awssdk.services.kms.model.GrantConstraints;
import software.amazon.awssdk.services.kms.model.GrantOperation;
import software.amazon.awssdk.services.kms.model.InvalidGrantTokenException;
import software.amazon.awssdk.services.kms.model.KeyAgreementAlgorithmSpec;
import software.amazon.awssdk.services.kms.model.KeyManagerType;
import software.amazon.awssdk.services.kms.model.KeyMetadata;
import software.amazon.awssdk.services.kms.model.KeyState;
import software.amazon.awssdk.services.kms.model.KeyUsageType;
import software.amazon.awssdk.services.kms.model.OriginType;

/** Finding a key, making one, opening its secret, and who may use it. */
final class Keys {

  /**
   * The policies of a caller whom nothing of his own holds back: compiled when one is asked for.
   */
  private static final class Anything {
    static final List<Policy> POLICIES =
        List.of(
            new Policy(
                "audit",
                Policy.Type.IDENTITY,
                Documents.compiled(
                    "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}}",
                    PolicyKind.MANAGED)));
  }

  private final ServiceContext context;
  private final SecretBox box;
  private final Mode mode;

  Keys(ServiceContext context, SecretBox box, Mode mode) {
    this.context = context;
    this.box = box;
    this.mode = mode;
  }

  static String arn(Scope scope, String keyId) {
    return "arn:aws:kms:" + scope.region() + ":" + scope.account() + ":key/" + keyId;
  }

  static String aliasArn(Scope scope, String alias) {
    return "arn:aws:kms:" + scope.region() + ":" + scope.account() + ":" + alias;
  }

  static String defaultPolicy(String account) {
    return """
    {
      "Version" : "2012-10-17",
      "Id" : "key-default-1",
      "Statement" : [ {
        "Sid" : "Enable IAM User Permissions",
        "Effect" : "Allow",
        "Principal" : {
          "AWS" : "arn:aws:iam::%s:root"
        },
        "Action" : "kms:*",
        "Resource" : "*"
      } ]
    }\
    """
        .formatted(account);
  }

  /** A key and where it lives, which for an ARN may be another account. */
  record Found(Scope scope, KeyRow row) {
    String arn() {
      return row.metadata().arn();
    }

    String id() {
      return row.metadata().keyId();
    }
  }

  /** By id, ARN, alias or alias ARN. A service's own key is made when it is first named. */
  Found find(String named) {
    Found found = lookup(context.store().snapshot(), Caller.current().scope(), named);
    if (found != null) {
      return found;
    }
    Scope scope = Caller.current().scope();
    String alias = named.startsWith("arn:") ? named.substring(named.lastIndexOf(':') + 1) : named;
    if (alias.matches("alias/aws/[a-z0-9-]+")
        && (named.equals(alias) || named.equals(aliasArn(scope, alias)))) {
      return makeOwnedByAws(scope, alias);
    }
    if (alias.startsWith("alias/")) {
      throw KmsErrors.notFound("Alias " + aliasArn(scope, alias) + " is not found.");
    }
    if (named.startsWith("arn:")) {
      throw KmsErrors.notFound(
          named.startsWith("arn:aws:kms:" + scope.region() + ":")
              ? "Key '" + named + "' does not exist"
              : "Invalid arn " + region(named));
    }
    if (!named.matches("[0-9a-fA-F-]{36}|mrk-[0-9a-f]{32}")) {
      throw KmsErrors.notFound("Invalid keyId '" + named + "'");
    }
    throw KmsErrors.notFound("Key '" + arn(scope, named) + "' does not exist");
  }

  private static String region(String arn) {
    String[] parts = arn.split(":", -1);
    return parts.length > 3 ? parts[3] : arn;
  }

  /**
   * The same, for a caller that brings tokens of grants. A grant holds from the moment it is made,
   * so that they add nothing; but each must be one.
   */
  Found find(String named, List<String> grantTokens) {
    Found key = find(named);
    if (!grantTokens.isEmpty()) {
      View view = context.store().snapshot();
      List<String> known =
          view.scan(KmsTables.GRANTS, key.scope()).map(row -> row.value().token()).toList();
      if (!known.containsAll(grantTokens)) {
        throw InvalidGrantTokenException.builder().message("Invalid grant token.").build();
      }
    }
    return key;
  }

  /** For management: by id or ARN only. */
  Found findByIdOrArn(String named) {
    if (named.contains("alias/")) {
      throw KmsErrors.notFound("Invalid keyId '" + named + "'");
    }
    return find(named);
  }

  Found findByIdOrArn(String named, List<String> grantTokens) {
    findByIdOrArn(named);
    return find(named, grantTokens);
  }

  static @Nullable Found lookup(View view, Scope own, String named) {
    Scope scope = own;
    String name = named;
    if (named.startsWith("arn:")) {
      String[] parts = named.split(":", 6);
      if (parts.length < 6 || !parts[3].equals(own.region())) {
        return null;
      }
      scope = new Scope(parts[4], parts[3]);
      name = parts[5].startsWith("key/") ? parts[5].substring("key/".length()) : parts[5];
    }
    if (name.startsWith("alias/")) {
      AliasRow alias = view.get(KmsTables.ALIASES, scope.key(name));
      if (alias == null) {
        return null;
      }
      name = alias.keyId();
    }
    KeyRow row = view.get(KmsTables.KEYS, scope.key(name));
    return row == null ? null : new Found(scope, row);
  }

  private Found makeOwnedByAws(Scope scope, String alias) {
    String service = alias.substring("alias/aws/".length());
    KeyRow made =
        make(
            scope,
            KeyMetadata.builder()
                .description(
                    "Default key that protects my "
                        + service
                        + " data when no other key is defined")
                .keyUsage(KeyUsageType.ENCRYPT_DECRYPT)
                .keySpec("SYMMETRIC_DEFAULT")
                .keyManager(KeyManagerType.AWS)
                .multiRegion(false),
            defaultPolicy(scope.account()),
            Map.of());
    return context
        .store()
        .write(
            tx -> {
              Found there = lookup(tx, scope, alias);
              if (there != null) {
                return there;
              }
              tx.put(KmsTables.KEYS, scope.key(made.metadata().keyId()), made);
              var now = context.clock().instant();
              tx.put(
                  KmsTables.ALIASES,
                  scope.key(alias),
                  new AliasRow(alias, made.metadata().keyId(), now, now));
              return new Found(scope, made);
            });
  }

  /** A new key with its secret; not yet in the store. */
  KeyRow make(Scope scope, KeyMetadata.Builder asked, String policy, Map<String, String> tags) {
    String spec = asked.build().keySpecAsString();
    String id =
        Boolean.TRUE.equals(asked.build().multiRegion())
            ? "mrk-" + context.ids().hex(32)
            : context.ids().uuid();
    byte[] secret;
    String publicKey = null;
    switch (spec) {
      case "SYMMETRIC_DEFAULT" -> secret = context.ids().bytes(AesGcmSecretBox.KEY_BYTES);
      case "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512" ->
          secret = context.ids().bytes(Integer.parseInt(spec.substring("HMAC_".length())) / 8);
      default -> {
        KeyPair pair = Crypto.pair(spec, context.ids());
        secret = pair.getPrivate().getEncoded();
        publicKey = Base64.getEncoder().encodeToString(pair.getPublic().getEncoded());
      }
    }
    Material material = material(id, secret, false);
    KeyUsageType usage = asked.build().keyUsage();
    asked
        .awsAccountId(scope.account())
        .keyId(id)
        .arn(arn(scope, id))
        .creationDate(context.clock().instant())
        .enabled(true)
        .keyState(KeyState.ENABLED)
        .origin(OriginType.AWS_KMS)
        .customerMasterKeySpec(spec);
    if (usage == KeyUsageType.ENCRYPT_DECRYPT) {
      asked.encryptionAlgorithmsWithStrings(
          spec.equals("SYMMETRIC_DEFAULT")
              ? List.of("SYMMETRIC_DEFAULT")
              : List.of("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"));
    } else if (usage == KeyUsageType.SIGN_VERIFY) {
      asked.signingAlgorithmsWithStrings(Crypto.signingAlgorithms(spec));
    } else if (usage == KeyUsageType.KEY_AGREEMENT) {
      asked.keyAgreementAlgorithms(KeyAgreementAlgorithmSpec.ECDH);
    } else if (usage == KeyUsageType.GENERATE_VERIFY_MAC) {
      asked.macAlgorithmsWithStrings(List.of("HMAC_SHA_" + spec.substring("HMAC_".length())));
    }
    if (spec.equals("SYMMETRIC_DEFAULT")) {
      asked.currentKeyMaterialId(material.id());
    }
    return new KeyRow(asked.build(), policy, List.of(material), publicKey, tags, null, null);
  }

  Material material(String keyId, byte[] secret, boolean onDemand) {
    String id = context.ids().hex(64);
    return new Material(
        id,
        Base64.getEncoder().encodeToString(box.seal(secret, sealing(keyId, id))),
        context.clock().instant(),
        onDemand);
  }

  byte[] secret(KeyRow row, Material material) {
    return box.open(
        Base64.getDecoder().decode(material.sealed()),
        sealing(row.metadata().keyId(), material.id()));
  }

  private static Map<String, String> sealing(String keyId, String materialId) {
    return Map.of("kms-key", keyId, "material", materialId);
  }

  // ---- states

  static void checkUsable(KeyRow row) {
    String arn = row.metadata().arn();
    switch (row.metadata().keyState()) {
      case ENABLED -> {}
      case DISABLED -> throw DisabledException.builder().message(arn + " is disabled.").build();
      default -> checkNotPending(row);
    }
  }

  static void checkNotPending(KeyRow row) {
    if (row.metadata().keyState() == KeyState.PENDING_DELETION) {
      throw KmsErrors.state(row.metadata().arn() + " is pending deletion.");
    }
  }

  static void checkCustomers(KeyRow row) {
    if (row.metadata().keyManager() == KeyManagerType.AWS) {
      throw KmsErrors.denied(
          "User: "
              + Caller.current().arn()
              + " is not authorized to perform this operation on "
              + row.metadata().arn()
              + ": it is managed by AWS");
    }
  }

  // ---- who may

  /** Refuses a caller whom neither the key's policy nor a grant lets do {@code operation}. */
  void authorize(Found key, String operation, Map<String, String> encryptionContext) {
    Caller caller = Caller.current();
    View view = context.store().snapshot();
    Identity who = Identities.of(view, caller);
    String action = "kms:" + operation;
    Context asked =
        given(encryptionContext)
            .or(keys(key.row()))
            .or(RequestContext.of(caller, who, context.clock().instant()));
    // In audit mode only the key's own policy holds; what the caller's would refuse is for the
    // authorizer.
    boolean enforced = mode == Mode.ENFORCE;
    Decision decision =
        Evaluator.decide(
            AccessRequest.of(
                    who.principal(),
                    action,
                    key.arn(),
                    asked,
                    enforced ? who.policies() : Anything.POLICIES)
                .withBoundary(enforced ? who.boundary() : null)
                .withSession(enforced ? who.session() : null)
                .withResource(key.scope().account(), List.of(policy(key.row())), true));
    if (decision.allowed()
        || (decision.outcome() == Decision.Outcome.IMPLICIT_DENY
            && granted(view, key, who, operation, encryptionContext))) {
      return;
    }
    throw KmsErrors.denied(decision.message(caller.arn(), action, key.arn()));
  }

  static Policy policy(KeyRow row) {
    return policy(row.policy());
  }

  private static Policy policy(String document) {
    return new Policy(
        "key policy", Policy.Type.RESOURCE, Documents.compiled(document, PolicyKind.RESOURCE));
  }

  /** Refuses a policy that is none, and one after which its author could change it no more. */
  void checkPolicy(Found key, String policy, boolean bypass) {
    Caller caller = Caller.current();
    View view = context.store().snapshot();
    PolicyDocument parsed;
    try {
      parsed = PolicyDocument.parse(policy, PolicyKind.RESOURCE);
    } catch (MalformedPolicy e) {
      throw KmsErrors.malformed(e.getMessage() + " (" + e.place() + ")");
    }
    NamedPrincipals.missing(view, key.scope().account(), parsed)
        .ifPresent(
            arn -> {
              throw KmsErrors.malformed(
                  "Policy contains a statement with one or more invalid principals: " + arn);
            });
    Identity who = Identities.of(view, caller);
    boolean mayChange =
        Evaluator.decide(
                AccessRequest.of(
                        who.principal(),
                        "kms:PutKeyPolicy",
                        key.arn(),
                        keys(key.row())
                            .or(RequestContext.of(caller, who, context.clock().instant())),
                        Anything.POLICIES)
                    .withResource(key.scope().account(), List.of(policy(policy)), true))
            .allowed();
    if (!bypass && !mayChange) {
      throw KmsErrors.malformed(
          "The new key policy will not allow you to update the key policy in the future.");
    }
  }

  private static Context given(Map<String, String> encryptionContext) {
    Map<String, List<String>> keys = new HashMap<>();
    encryptionContext.forEach(
        (name, value) -> keys.put("kms:EncryptionContext:" + name, List.of(value)));
    if (!encryptionContext.isEmpty()) {
      keys.put("kms:EncryptionContextKeys", new ArrayList<>(encryptionContext.keySet()));
    }
    return Context.of(keys);
  }

  /** What conditions may ask of the key. */
  static Context keys(KeyRow row) {
    Map<String, List<String>> keys = new HashMap<>();
    keys.put("kms:KeySpec", List.of(row.metadata().keySpecAsString()));
    keys.put("kms:KeyUsage", List.of(row.metadata().keyUsageAsString()));
    keys.put("kms:KeyOrigin", List.of(row.metadata().originAsString()));
    row.tags().forEach((tag, value) -> keys.put("aws:ResourceTag/" + tag, List.of(value)));
    return Context.of(keys);
  }

  private static boolean granted(
      View view, Found key, Identity who, String operation, Map<String, String> encryptionContext) {
    return view.lookup(KmsTables.GRANTS_BY_KEY, key.scope(), key.id())
        .map(row -> row.value())
        .anyMatch(row -> grants(row, who, operation, encryptionContext));
  }

  private static boolean grants(
      GrantRow row, Identity who, String operation, Map<String, String> encryptionContext) {
    String grantee = row.grant().granteePrincipal();
    boolean his =
        grantee.equals(who.principal().arn()) || grantee.equals(who.principal().entityArn());
    return his
        && row.grant().operations().contains(GrantOperation.fromValue(operation))
        && holds(row.grant().constraints(), encryptionContext);
  }

  private static boolean holds(
      @Nullable GrantConstraints constraints, Map<String, String> encryptionContext) {
    if (constraints == null) {
      return true;
    }
    return (!constraints.hasEncryptionContextEquals()
            || constraints.encryptionContextEquals().equals(encryptionContext))
        && (!constraints.hasEncryptionContextSubset()
            || encryptionContext
                .entrySet()
                .containsAll(constraints.encryptionContextSubset().entrySet()));
  }
}
