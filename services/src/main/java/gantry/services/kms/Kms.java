package gantry.services.kms;

import gantry.services.AesGcmSecretBox;
import gantry.services.Caller;
import gantry.services.HostedService;
import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.iam.IamAuthorizer.Mode;
import gantry.services.iam.policy.MalformedPolicy;
import gantry.services.iam.policy.PolicyDocument;
import gantry.services.iam.policy.PolicyKind;
import gantry.services.kms.Keys.Found;
import gantry.services.kms.KmsTables.AliasRow;
import gantry.services.kms.KmsTables.GrantRow;
import gantry.services.kms.KmsTables.KeyRow;
import gantry.services.kms.KmsTables.Material;
import gantry.state.Page;
import gantry.state.PageToken;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.*;

/** The KMS API. */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
public final class Kms implements KmsClient {

  static final int MAX_PLAINTEXT = 4096;
  static final int DEFAULT_ROTATION_DAYS = 365;
  private static final byte BLOB_VERSION = 1;

  private final ServiceContext context;
  private final Keys keys;

  public static HostedService<KmsClient> hosted(SecretBox box, Mode mode) {
    return new HostedService<>(
        KmsClient.class,
        context -> new Kms(context, box, mode),
        List.of(KmsTables.KEYS, KmsTables.ALIASES, KmsTables.GRANTS),
        context -> List.of(new KeyTimes(context, new Keys(context, box, mode))));
  }

  public Kms(ServiceContext context, SecretBox box, Mode mode) {
    this.context = context;
    this.keys = new Keys(context, box, mode);
  }

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {}

  // ---- keys

  @Override
  public CreateKeyResponse createKey(CreateKeyRequest r) {
    if (r.origin() != null && r.origin() != OriginType.AWS_KMS) {
      throw KmsErrors.unsupported(
          "Keys of origin " + r.originAsString() + " are not supported here.");
    }
    if (Boolean.TRUE.equals(r.multiRegion())) {
      throw KmsErrors.unsupported("Multi-Region keys are not supported here.");
    }
    String spec =
        r.keySpecAsString() != null
            ? r.keySpecAsString()
            : r.customerMasterKeySpecAsString() != null
                ? r.customerMasterKeySpecAsString()
                : "SYMMETRIC_DEFAULT";
    KeyUsageType usage = usage(spec, r.keyUsage());
    Scope scope = Caller.current().scope();
    String policy = r.policy() == null ? Keys.defaultPolicy(scope.account()) : r.policy();
    checkPolicy(policy, scope.account(), Boolean.TRUE.equals(r.bypassPolicyLockoutSafetyCheck()));
    KeyRow row =
        keys.make(
            scope,
            KeyMetadata.builder()
                .description(r.description() == null ? "" : r.description())
                .keyUsage(usage)
                .keySpec(spec)
                .keyManager(KeyManagerType.CUSTOMER)
                .multiRegion(false),
            policy,
            tags(Map.of(), r.tags()));
    context
        .store()
        .write(
            tx -> {
              tx.put(KmsTables.KEYS, scope.key(row.metadata().keyId()), row);
              return null;
            });
    return CreateKeyResponse.builder().keyMetadata(row.metadata()).build();
  }

  private static KeyUsageType usage(String spec, @Nullable KeyUsageType given) {
    if (given == null) {
      if (spec.equals("SYMMETRIC_DEFAULT")) {
        return KeyUsageType.ENCRYPT_DECRYPT;
      }
      throw KmsErrors.validation(
          "You must specify a KeyUsage value for all KMS keys except for symmetric encryption"
              + " keys.");
    }
    boolean fits =
        switch (given) {
          case ENCRYPT_DECRYPT -> spec.equals("SYMMETRIC_DEFAULT") || spec.startsWith("RSA_");
          case SIGN_VERIFY -> spec.startsWith("RSA_") || spec.startsWith("ECC_");
          case GENERATE_VERIFY_MAC -> spec.startsWith("HMAC_");
          default -> false;
        };
    if (!fits) {
      throw KmsErrors.validation("KeyUsage " + given + " is not compatible with KeySpec " + spec);
    }
    return given;
  }

  private static void checkPolicy(String policy, String account, boolean bypass) {
    PolicyDocument parsed;
    try {
      parsed = PolicyDocument.parse(policy, PolicyKind.RESOURCE);
    } catch (MalformedPolicy e) {
      throw MalformedPolicyDocumentException.builder()
          .message(e.getMessage() + " (" + e.place() + ")")
          .build();
    }
    // Somebody of the account must be named, or nobody can ever mend the policy.
    boolean reachable =
        policy.contains("\"*\"") && parsed.awsPrincipals().isEmpty()
            || parsed.awsPrincipals().stream().anyMatch(arn -> arn.contains(account));
    if (!bypass && !reachable) {
      throw MalformedPolicyDocumentException.builder()
          .message("The new key policy will not allow you to update the key policy in the future.")
          .build();
    }
  }

  @Override
  public DescribeKeyResponse describeKey(DescribeKeyRequest r) {
    Found key = keys.find(r.keyId());
    keys.authorize(key, "DescribeKey", Map.of());
    return DescribeKeyResponse.builder().keyMetadata(key.row().metadata()).build();
  }

  @Override
  public ListKeysResponse listKeys(ListKeysRequest r) {
    Page<Row<KeyRow>> page = page("ListKeys", r.marker(), r.limit(), KmsTables.KEYS);
    return ListKeysResponse.builder()
        .keys(
            page.items().stream()
                .map(
                    row ->
                        KeyListEntry.builder()
                            .keyId(row.value().metadata().keyId())
                            .keyArn(row.value().metadata().arn())
                            .build())
                .toList())
        .nextMarker(page.nextToken())
        .truncated(page.nextToken() != null)
        .build();
  }

  private <V> Page<Row<V>> page(
      String listing,
      @Nullable String marker,
      @Nullable Integer limit,
      gantry.state.Table<V> table) {
    try {
      String after = PageToken.lastId(listing, marker);
      return Page.cut(
          context.store().snapshot().scanAfter(table, Caller.current().scope(), after),
          limit == null ? 100 : limit,
          row -> row.key().id(),
          listing);
    } catch (PageToken.Invalid e) {
      throw InvalidMarkerException.builder().message("Invalid marker.").build();
    }
  }

  @Override
  public EnableKeyResponse enableKey(EnableKeyRequest r) {
    setState(r.keyId(), "EnableKey", KeyState.ENABLED);
    return EnableKeyResponse.builder().build();
  }

  @Override
  public DisableKeyResponse disableKey(DisableKeyRequest r) {
    setState(r.keyId(), "DisableKey", KeyState.DISABLED);
    return DisableKeyResponse.builder().build();
  }

  private void setState(String keyId, String operation, KeyState state) {
    change(
        keyId,
        operation,
        row -> {
          Keys.checkNotPending(row);
          return row.with(
              row.metadata().toBuilder()
                  .keyState(state)
                  .enabled(state == KeyState.ENABLED)
                  .build());
        });
  }

  /** Finds, authorizes, and changes a customer's key. */
  private Found change(String keyId, String operation, UnaryOperator<KeyRow> change) {
    Found key = keys.findByIdOrArn(keyId);
    keys.authorize(key, operation, Map.of());
    Keys.checkCustomers(key.row());
    return context
        .store()
        .write(
            tx -> {
              KeyRow row = tx.get(KmsTables.KEYS, key.scope().key(key.id()));
              if (row == null) {
                throw KmsErrors.notFound("Key '" + key.arn() + "' does not exist");
              }
              KeyRow changed = change.apply(row);
              tx.put(KmsTables.KEYS, key.scope().key(key.id()), changed);
              return new Found(key.scope(), changed);
            });
  }

  @Override
  public UpdateKeyDescriptionResponse updateKeyDescription(UpdateKeyDescriptionRequest r) {
    change(
        r.keyId(),
        "UpdateKeyDescription",
        row -> {
          Keys.checkNotPending(row);
          return row.with(row.metadata().toBuilder().description(r.description()).build());
        });
    return UpdateKeyDescriptionResponse.builder().build();
  }

  @Override
  public ScheduleKeyDeletionResponse scheduleKeyDeletion(ScheduleKeyDeletionRequest r) {
    int days = r.pendingWindowInDays() == null ? 30 : r.pendingWindowInDays();
    if (days < 7 || days > 30) {
      throw KmsErrors.validation("PendingWindowInDays must be between 7 and 30");
    }
    Instant at = context.clock().instant().plus(Duration.ofDays(days));
    Found key =
        change(
            r.keyId(),
            "ScheduleKeyDeletion",
            row -> {
              Keys.checkNotPending(row);
              return row.with(
                  row.metadata().toBuilder()
                      .keyState(KeyState.PENDING_DELETION)
                      .enabled(false)
                      .deletionDate(at)
                      .build());
            });
    return ScheduleKeyDeletionResponse.builder()
        .keyId(key.arn())
        .deletionDate(at)
        .keyState(KeyState.PENDING_DELETION)
        .pendingWindowInDays(days)
        .build();
  }

  @Override
  public CancelKeyDeletionResponse cancelKeyDeletion(CancelKeyDeletionRequest r) {
    Found key =
        change(
            r.keyId(),
            "CancelKeyDeletion",
            row -> {
              if (row.metadata().keyState() != KeyState.PENDING_DELETION) {
                throw KmsErrors.state(row.metadata().arn() + " is not pending deletion.");
              }
              return row.with(
                  row.metadata().toBuilder()
                      .keyState(KeyState.DISABLED)
                      .deletionDate(null)
                      .build());
            });
    return CancelKeyDeletionResponse.builder().keyId(key.arn()).build();
  }

  // ---- policies and tags

  @Override
  public GetKeyPolicyResponse getKeyPolicy(GetKeyPolicyRequest r) {
    Found key = keys.findByIdOrArn(r.keyId());
    keys.authorize(key, "GetKeyPolicy", Map.of());
    checkPolicyName(r.policyName());
    return GetKeyPolicyResponse.builder().policy(key.row().policy()).policyName("default").build();
  }

  @Override
  public PutKeyPolicyResponse putKeyPolicy(PutKeyPolicyRequest r) {
    checkPolicyName(r.policyName());
    checkPolicy(
        r.policy(),
        Caller.current().account(),
        Boolean.TRUE.equals(r.bypassPolicyLockoutSafetyCheck()));
    change(r.keyId(), "PutKeyPolicy", row -> row.withPolicy(r.policy()));
    return PutKeyPolicyResponse.builder().build();
  }

  private static void checkPolicyName(@Nullable String name) {
    if (name != null && !name.equals("default")) {
      throw KmsErrors.notFound("No such policy exists");
    }
  }

  @Override
  public ListKeyPoliciesResponse listKeyPolicies(ListKeyPoliciesRequest r) {
    keys.authorize(keys.findByIdOrArn(r.keyId()), "ListKeyPolicies", Map.of());
    return ListKeyPoliciesResponse.builder().policyNames("default").truncated(false).build();
  }

  @Override
  public TagResourceResponse tagResource(TagResourceRequest r) {
    change(
        r.keyId(),
        "TagResource",
        row -> {
          Keys.checkNotPending(row);
          return row.withTags(tags(row.tags(), r.tags()));
        });
    return TagResourceResponse.builder().build();
  }

  @Override
  public UntagResourceResponse untagResource(UntagResourceRequest r) {
    change(
        r.keyId(),
        "UntagResource",
        row -> {
          Keys.checkNotPending(row);
          Map<String, String> tags = new TreeMap<>(row.tags());
          r.tagKeys().forEach(tags::remove);
          return row.withTags(tags);
        });
    return UntagResourceResponse.builder().build();
  }

  @Override
  public ListResourceTagsResponse listResourceTags(ListResourceTagsRequest r) {
    Found key = keys.findByIdOrArn(r.keyId());
    keys.authorize(key, "ListResourceTags", Map.of());
    return ListResourceTagsResponse.builder()
        .tags(
            new TreeMap<>(key.row().tags())
                .entrySet().stream()
                    .map(tag -> Tag.builder().tagKey(tag.getKey()).tagValue(tag.getValue()).build())
                    .toList())
        .truncated(false)
        .build();
  }

  private static Map<String, String> tags(Map<String, String> before, List<Tag> more) {
    Map<String, String> given = new HashMap<>();
    for (Tag tag : more) {
      if (tag.tagKey().startsWith("aws:")) {
        throw TagException.builder().message("Tags beginning with aws: are reserved").build();
      }
      if (given.put(tag.tagKey(), tag.tagValue()) != null) {
        throw TagException.builder().message("Duplicate tag keys").build();
      }
    }
    Map<String, String> all = new TreeMap<>(before);
    all.putAll(given);
    if (all.size() > 50) {
      throw TagException.builder().message("Too many tags").build();
    }
    return all;
  }

  // ---- aliases

  @Override
  public CreateAliasResponse createAlias(CreateAliasRequest r) {
    checkAlias(r.aliasName());
    Found key = target(r.targetKeyId(), "CreateAlias");
    Scope scope = Caller.current().scope();
    Instant now = context.clock().instant();
    context
        .store()
        .write(
            tx -> {
              if (tx.get(KmsTables.ALIASES, scope.key(r.aliasName())) != null) {
                throw AlreadyExistsException.builder()
                    .message(
                        "An alias with the name "
                            + Keys.aliasArn(scope, r.aliasName())
                            + " already exists")
                    .build();
              }
              tx.put(
                  KmsTables.ALIASES,
                  scope.key(r.aliasName()),
                  new AliasRow(r.aliasName(), key.id(), now, now));
              return null;
            });
    return CreateAliasResponse.builder().build();
  }

  private Found target(String keyId, String operation) {
    if (keyId.contains("alias/")) {
      throw KmsErrors.validation("Aliases must refer to keys. Not aliases");
    }
    Found key = keys.findByIdOrArn(keyId);
    keys.authorize(key, operation, Map.of());
    Keys.checkNotPending(key.row());
    return key;
  }

  private static void checkAlias(String name) {
    if (!name.startsWith("alias/")) {
      throw KmsErrors.validation(
          "Alias must start with the prefix \"alias/\". Please see"
              + " https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html");
    }
    if (!name.matches("alias/[a-zA-Z0-9/_-]+")) {
      throw KmsErrors.validation(name + " contains invalid characters for an alias");
    }
    if (name.startsWith("alias/aws/")) {
      throw KmsErrors.denied("Aliases beginning with alias/aws/ are reserved");
    }
  }

  @Override
  public UpdateAliasResponse updateAlias(UpdateAliasRequest r) {
    checkAlias(r.aliasName());
    Found key = target(r.targetKeyId(), "UpdateAlias");
    Scope scope = Caller.current().scope();
    context
        .store()
        .write(
            tx -> {
              AliasRow row = requireAlias(tx, scope, r.aliasName());
              tx.put(
                  KmsTables.ALIASES,
                  scope.key(r.aliasName()),
                  new AliasRow(row.name(), key.id(), row.created(), context.clock().instant()));
              return null;
            });
    return UpdateAliasResponse.builder().build();
  }

  private static AliasRow requireAlias(View view, Scope scope, String name) {
    return view.find(KmsTables.ALIASES, scope.key(name))
        .orElseThrow(
            () -> KmsErrors.notFound("Alias " + Keys.aliasArn(scope, name) + " is not found."));
  }

  @Override
  public DeleteAliasResponse deleteAlias(DeleteAliasRequest r) {
    checkAlias(r.aliasName());
    Scope scope = Caller.current().scope();
    AliasRow alias = requireAlias(context.store().snapshot(), scope, r.aliasName());
    keys.authorize(keys.find(alias.keyId()), "DeleteAlias", Map.of());
    context
        .store()
        .write(
            tx -> {
              tx.delete(KmsTables.ALIASES, scope.key(r.aliasName()));
              return null;
            });
    return DeleteAliasResponse.builder().build();
  }

  @Override
  public ListAliasesResponse listAliases(ListAliasesRequest r) {
    String of = r.keyId() == null ? null : keys.findByIdOrArn(r.keyId()).id();
    Scope scope = Caller.current().scope();
    Page<Row<AliasRow>> page = page("ListAliases", r.marker(), r.limit(), KmsTables.ALIASES);
    return ListAliasesResponse.builder()
        .aliases(
            page.items().stream()
                .map(Row::value)
                .filter(alias -> of == null || alias.keyId().equals(of))
                .map(
                    alias ->
                        AliasListEntry.builder()
                            .aliasName(alias.name())
                            .aliasArn(Keys.aliasArn(scope, alias.name()))
                            .targetKeyId(alias.keyId())
                            .creationDate(alias.created())
                            .lastUpdatedDate(alias.updated())
                            .build())
                .toList())
        .nextMarker(page.nextToken())
        .truncated(page.nextToken() != null)
        .build();
  }

  // ---- encryption

  /** Finds a key for use: authorized, enabled, and meant for it. */
  private Found use(
      String keyId,
      String operation,
      KeyUsageType usage,
      Map<String, String> encryptionContext,
      @Nullable Boolean dryRun) {
    Found key = keys.find(keyId);
    keys.authorize(key, operation, encryptionContext);
    Keys.checkUsable(key.row());
    if (key.row().metadata().keyUsage() != usage) {
      throw InvalidKeyUsageException.builder()
          .message(
              key.arn()
                  + " key usage is "
                  + key.row().metadata().keyUsageAsString()
                  + " which is not valid for "
                  + operation
                  + ".")
          .build();
    }
    if (Boolean.TRUE.equals(dryRun)) {
      throw DryRunOperationException.builder()
          .message("The request would have succeeded, but the DryRun option is set.")
          .build();
    }
    return key;
  }

  private static boolean isSymmetric(Found key) {
    return key.row().metadata().keySpec() == KeySpec.SYMMETRIC_DEFAULT;
  }

  /** What opens names itself: version, key id, generation, box. */
  private byte[] seal(Found key, byte[] plain, Map<String, String> encryptionContext) {
    int generation = key.row().materials().size() - 1;
    byte[] sealed =
        new AesGcmSecretBox(
                keys.secret(key.row(), key.row().materials().get(generation)), context.ids())
            .seal(plain, encryptionContext);
    byte[] arn = key.arn().getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(1 + Short.BYTES + arn.length + Integer.BYTES + sealed.length)
        .put(BLOB_VERSION)
        .putShort((short) arn.length)
        .put(arn)
        .putInt(generation)
        .put(sealed)
        .array();
  }

  /** The ARN of the key that a symmetric ciphertext names. */
  private static String keyOf(ByteBuffer blob) {
    if (blob.remaining() < 1 + Short.BYTES || blob.get() != BLOB_VERSION) {
      throw KmsErrors.badCiphertext();
    }
    int length = blob.getShort();
    if (length <= 0 || length > blob.remaining() - Integer.BYTES) {
      throw KmsErrors.badCiphertext();
    }
    byte[] arn = new byte[length];
    blob.get(arn);
    return new String(arn, StandardCharsets.UTF_8);
  }

  private byte[] open(Found key, ByteBuffer rest, Map<String, String> encryptionContext) {
    int generation = rest.getInt();
    if (generation < 0 || generation >= key.row().materials().size()) {
      throw KmsErrors.badCiphertext();
    }
    byte[] sealed = new byte[rest.remaining()];
    rest.get(sealed);
    try {
      return new AesGcmSecretBox(
              keys.secret(key.row(), key.row().materials().get(generation)), context.ids())
          .open(sealed, encryptionContext);
    } catch (SecretBox.CannotOpen e) {
      throw KmsErrors.badCiphertext();
    }
  }

  private record Opened(Found key, SdkBytes plain) {}

  private Opened decrypt(
      byte[] blob,
      @Nullable String keyId,
      @Nullable String algorithm,
      Map<String, String> encryptionContext,
      String operation,
      @Nullable Boolean dryRun) {
    if (algorithm != null && !algorithm.equals("SYMMETRIC_DEFAULT")) {
      if (keyId == null) {
        throw KmsErrors.validation("A key ID is required to decrypt under an asymmetric key.");
      }
      Found key = use(keyId, operation, KeyUsageType.ENCRYPT_DECRYPT, encryptionContext, dryRun);
      if (isSymmetric(key)) {
        throw InvalidKeyUsageException.builder()
            .message("Algorithm " + algorithm + " is incompatible with key spec SYMMETRIC_DEFAULT.")
            .build();
      }
      return new Opened(
          key,
          SdkBytes.fromByteArray(
              Crypto.decrypt(
                  keys.secret(key.row(), key.row().materials().getLast()), algorithm, blob)));
    }
    ByteBuffer bytes = ByteBuffer.wrap(blob);
    String arn = keyOf(bytes);
    if (Keys.lookup(context.store().snapshot(), Caller.current().scope(), arn) == null) {
      throw KmsErrors.denied(
          "User: "
              + Caller.current().arn()
              + " is not authorized to perform: kms:"
              + operation
              + " on the resource associated with this ciphertext because the resource does not"
              + " exist in this Region, no resource-based policies allow access, or a"
              + " resource-based policy explicitly denies access");
    }
    Found key = use(arn, operation, KeyUsageType.ENCRYPT_DECRYPT, encryptionContext, dryRun);
    if (keyId != null && !keys.find(keyId).arn().equals(arn)) {
      throw IncorrectKeyException.builder()
          .message(
              "The key ID in the request does not identify a CMK that can perform this operation.")
          .build();
    }
    return new Opened(key, SdkBytes.fromByteArray(open(key, bytes, encryptionContext)));
  }

  private byte[] encrypt(
      Found key, byte[] plain, @Nullable String algorithm, Map<String, String> encryptionContext) {
    if (isSymmetric(key)) {
      if (algorithm != null && !algorithm.equals("SYMMETRIC_DEFAULT")) {
        throw InvalidKeyUsageException.builder()
            .message("Algorithm " + algorithm + " is incompatible with key spec SYMMETRIC_DEFAULT.")
            .build();
      }
      return seal(key, plain, encryptionContext);
    }
    String spec = key.row().metadata().keySpecAsString();
    if (algorithm == null || !algorithm.startsWith("RSAES_OAEP")) {
      throw InvalidKeyUsageException.builder()
          .message("Algorithm " + algorithm + " is incompatible with key spec " + spec + ".")
          .build();
    }
    int overhead = algorithm.endsWith("256") ? 66 : 42;
    int most = Integer.parseInt(spec.substring("RSA_".length())) / 8 - overhead;
    if (plain.length > most) {
      throw KmsErrors.validation(
          "Algorithm "
              + algorithm
              + " and key spec "
              + spec
              + " cannot encrypt data larger than "
              + most
              + " bytes.");
    }
    return Crypto.encrypt(publicKey(key), algorithm, plain, context.ids());
  }

  private static byte[] publicKey(Found key) {
    String text = key.row().publicKey();
    if (text == null) {
      throw KmsErrors.unsupported(
          key.arn()
              + " has no public key: its key spec is "
              + key.row().metadata().keySpecAsString()
              + ".");
    }
    return Base64.getDecoder().decode(text);
  }

  @Override
  public EncryptResponse encrypt(EncryptRequest r) {
    byte[] plain = r.plaintext().asByteArray();
    if (plain.length < 1 || plain.length > MAX_PLAINTEXT) {
      throw KmsErrors.validation(
          "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member"
              + " must have length "
              + (plain.length < 1
                  ? "greater than or equal to 1"
                  : "less than or equal to " + MAX_PLAINTEXT));
    }
    Found key =
        use(r.keyId(), "Encrypt", KeyUsageType.ENCRYPT_DECRYPT, r.encryptionContext(), r.dryRun());
    return EncryptResponse.builder()
        .keyId(key.arn())
        .ciphertextBlob(
            SdkBytes.fromByteArray(
                encrypt(key, plain, r.encryptionAlgorithmAsString(), r.encryptionContext())))
        .encryptionAlgorithm(algorithm(r.encryptionAlgorithmAsString()))
        .build();
  }

  private static String algorithm(@Nullable String given) {
    return given == null ? "SYMMETRIC_DEFAULT" : given;
  }

  @Override
  public DecryptResponse decrypt(DecryptRequest r) {
    if (r.recipient() != null) {
      throw KmsErrors.unsupported("Attested recipients are not supported here.");
    }
    Opened opened =
        decrypt(
            r.ciphertextBlob().asByteArray(),
            r.keyId(),
            r.encryptionAlgorithmAsString(),
            r.encryptionContext(),
            "Decrypt",
            r.dryRun());
    return DecryptResponse.builder()
        .keyId(opened.key().arn())
        .plaintext(opened.plain())
        .encryptionAlgorithm(algorithm(r.encryptionAlgorithmAsString()))
        .build();
  }

  @Override
  public ReEncryptResponse reEncrypt(ReEncryptRequest r) {
    Opened opened =
        decrypt(
            r.ciphertextBlob().asByteArray(),
            r.sourceKeyId(),
            r.sourceEncryptionAlgorithmAsString(),
            r.sourceEncryptionContext(),
            "ReEncryptFrom",
            false);
    Found to =
        use(
            r.destinationKeyId(),
            "ReEncryptTo",
            KeyUsageType.ENCRYPT_DECRYPT,
            r.destinationEncryptionContext(),
            r.dryRun());
    return ReEncryptResponse.builder()
        .sourceKeyId(opened.key().arn())
        .keyId(to.arn())
        .ciphertextBlob(
            SdkBytes.fromByteArray(
                encrypt(
                    to,
                    opened.plain().asByteArray(),
                    r.destinationEncryptionAlgorithmAsString(),
                    r.destinationEncryptionContext())))
        .sourceEncryptionAlgorithm(algorithm(r.sourceEncryptionAlgorithmAsString()))
        .destinationEncryptionAlgorithm(algorithm(r.destinationEncryptionAlgorithmAsString()))
        .build();
  }

  private Found symmetric(
      String keyId,
      String operation,
      Map<String, String> encryptionContext,
      @Nullable Boolean dryRun) {
    Found key = use(keyId, operation, KeyUsageType.ENCRYPT_DECRYPT, encryptionContext, dryRun);
    if (!isSymmetric(key)) {
      throw InvalidKeyUsageException.builder()
          .message(key.arn() + " key spec is not valid for " + operation + ".")
          .build();
    }
    return key;
  }

  private byte[] dataKey(@Nullable Integer bytes, @Nullable DataKeySpec spec) {
    if ((bytes == null) == (spec == null)) {
      throw KmsErrors.validation("Please specify either number of bytes or key spec.");
    }
    if (bytes != null) {
      if (bytes < 1 || bytes > 1024) {
        throw KmsErrors.validation("NumberOfBytes must be between 1 and 1024");
      }
      return context.ids().bytes(bytes);
    }
    return context.ids().bytes(spec == DataKeySpec.AES_128 ? 16 : 32);
  }

  @Override
  public GenerateDataKeyResponse generateDataKey(GenerateDataKeyRequest r) {
    if (r.recipient() != null) {
      throw KmsErrors.unsupported("Attested recipients are not supported here.");
    }
    Found key = symmetric(r.keyId(), "GenerateDataKey", r.encryptionContext(), r.dryRun());
    byte[] plain = dataKey(r.numberOfBytes(), r.keySpec());
    return GenerateDataKeyResponse.builder()
        .keyId(key.arn())
        .plaintext(SdkBytes.fromByteArray(plain))
        .ciphertextBlob(SdkBytes.fromByteArray(seal(key, plain, r.encryptionContext())))
        .keyMaterialId(key.row().materials().getLast().id())
        .build();
  }

  @Override
  public GenerateDataKeyWithoutPlaintextResponse generateDataKeyWithoutPlaintext(
      GenerateDataKeyWithoutPlaintextRequest r) {
    Found key =
        symmetric(r.keyId(), "GenerateDataKeyWithoutPlaintext", r.encryptionContext(), r.dryRun());
    return GenerateDataKeyWithoutPlaintextResponse.builder()
        .keyId(key.arn())
        .ciphertextBlob(
            SdkBytes.fromByteArray(
                seal(key, dataKey(r.numberOfBytes(), r.keySpec()), r.encryptionContext())))
        .keyMaterialId(key.row().materials().getLast().id())
        .build();
  }

  @Override
  public GenerateDataKeyPairResponse generateDataKeyPair(GenerateDataKeyPairRequest r) {
    Found key = symmetric(r.keyId(), "GenerateDataKeyPair", r.encryptionContext(), r.dryRun());
    KeyPair pair = Crypto.pair(r.keyPairSpecAsString(), context.ids());
    byte[] secret = pair.getPrivate().getEncoded();
    return GenerateDataKeyPairResponse.builder()
        .keyId(key.arn())
        .keyPairSpec(r.keyPairSpec())
        .publicKey(SdkBytes.fromByteArray(pair.getPublic().getEncoded()))
        .privateKeyPlaintext(SdkBytes.fromByteArray(secret))
        .privateKeyCiphertextBlob(SdkBytes.fromByteArray(seal(key, secret, r.encryptionContext())))
        .build();
  }

  @Override
  public GenerateRandomResponse generateRandom(GenerateRandomRequest r) {
    if (r.numberOfBytes() == null || r.numberOfBytes() < 1 || r.numberOfBytes() > 1024) {
      throw KmsErrors.validation("NumberOfBytes must be between 1 and 1024");
    }
    return GenerateRandomResponse.builder()
        .plaintext(SdkBytes.fromByteArray(context.ids().bytes(r.numberOfBytes())))
        .build();
  }

  // ---- signatures

  private static void checkAlgorithm(Found key, List<String> able, String algorithm) {
    if (!able.contains(algorithm)) {
      throw InvalidKeyUsageException.builder()
          .message(
              "Algorithm "
                  + algorithm
                  + " is incompatible with key spec "
                  + key.row().metadata().keySpecAsString()
                  + ".")
          .build();
    }
  }

  private static boolean isDigest(@Nullable MessageType type, byte[] message) {
    if (type == null || type == MessageType.RAW) {
      if (message.length > MAX_PLAINTEXT) {
        throw KmsErrors.validation(
            "1 validation error detected: Value at 'message' failed to satisfy constraint: Member"
                + " must have length less than or equal to 4096");
      }
      return false;
    }
    if (type != MessageType.DIGEST) {
      throw KmsErrors.unsupported("Message type " + type + " is not supported here.");
    }
    return true;
  }

  @Override
  public SignResponse sign(SignRequest r) {
    Found key = use(r.keyId(), "Sign", KeyUsageType.SIGN_VERIFY, Map.of(), r.dryRun());
    checkAlgorithm(
        key, key.row().metadata().signingAlgorithmsAsStrings(), r.signingAlgorithmAsString());
    byte[] message = r.message().asByteArray();
    return SignResponse.builder()
        .keyId(key.arn())
        .signingAlgorithm(r.signingAlgorithm())
        .signature(
            SdkBytes.fromByteArray(
                Crypto.sign(
                    keys.secret(key.row(), key.row().materials().getLast()),
                    r.signingAlgorithmAsString(),
                    message,
                    isDigest(r.messageType(), message),
                    context.ids())))
        .build();
  }

  @Override
  public VerifyResponse verify(VerifyRequest r) {
    Found key = use(r.keyId(), "Verify", KeyUsageType.SIGN_VERIFY, Map.of(), r.dryRun());
    checkAlgorithm(
        key, key.row().metadata().signingAlgorithmsAsStrings(), r.signingAlgorithmAsString());
    byte[] message = r.message().asByteArray();
    boolean valid =
        Crypto.verify(
            publicKey(key),
            r.signingAlgorithmAsString(),
            message,
            isDigest(r.messageType(), message),
            r.signature().asByteArray());
    if (!valid) {
      throw KmsInvalidSignatureException.builder().build();
    }
    return VerifyResponse.builder()
        .keyId(key.arn())
        .signatureValid(true)
        .signingAlgorithm(r.signingAlgorithm())
        .build();
  }

  @Override
  public GetPublicKeyResponse getPublicKey(GetPublicKeyRequest r) {
    Found key = keys.find(r.keyId());
    keys.authorize(key, "GetPublicKey", Map.of());
    Keys.checkUsable(key.row());
    KeyMetadata metadata = key.row().metadata();
    return GetPublicKeyResponse.builder()
        .keyId(key.arn())
        .publicKey(SdkBytes.fromByteArray(publicKey(key)))
        .keySpec(metadata.keySpec())
        .customerMasterKeySpec(metadata.customerMasterKeySpec())
        .keyUsage(metadata.keyUsage())
        .encryptionAlgorithms(
            metadata.hasEncryptionAlgorithms() ? metadata.encryptionAlgorithms() : null)
        .signingAlgorithms(metadata.hasSigningAlgorithms() ? metadata.signingAlgorithms() : null)
        .build();
  }

  private byte[] mac(Found key, String algorithm, byte[] message) {
    if (!key.row().metadata().macAlgorithmsAsStrings().contains(algorithm)) {
      throw KmsErrors.validation(
          "Algorithm "
              + algorithm
              + " is incompatible with key spec "
              + key.row().metadata().keySpecAsString()
              + ".");
    }
    isDigest(null, message);
    return Crypto.mac(keys.secret(key.row(), key.row().materials().getLast()), algorithm, message);
  }

  @Override
  public GenerateMacResponse generateMac(GenerateMacRequest r) {
    Found key =
        use(r.keyId(), "GenerateMac", KeyUsageType.GENERATE_VERIFY_MAC, Map.of(), r.dryRun());
    return GenerateMacResponse.builder()
        .keyId(key.arn())
        .macAlgorithm(r.macAlgorithm())
        .mac(SdkBytes.fromByteArray(mac(key, r.macAlgorithmAsString(), r.message().asByteArray())))
        .build();
  }

  @Override
  public VerifyMacResponse verifyMac(VerifyMacRequest r) {
    Found key = use(r.keyId(), "VerifyMac", KeyUsageType.GENERATE_VERIFY_MAC, Map.of(), r.dryRun());
    byte[] right = mac(key, r.macAlgorithmAsString(), r.message().asByteArray());
    if (!MessageDigest.isEqual(right, r.mac().asByteArray())) {
      throw KmsInvalidMacException.builder().build();
    }
    return VerifyMacResponse.builder()
        .keyId(key.arn())
        .macAlgorithm(r.macAlgorithm())
        .macValid(true)
        .build();
  }

  // ---- rotation

  private static void checkRotates(KeyRow row) {
    if (row.metadata().keyState() == KeyState.DISABLED) {
      Keys.checkUsable(row);
    }
    Keys.checkNotPending(row);
    if (row.metadata().keySpec() != KeySpec.SYMMETRIC_DEFAULT) {
      throw KmsErrors.unsupported(
          row.metadata().arn()
              + " key spec is "
              + row.metadata().keySpecAsString()
              + " which is not valid for this operation.");
    }
  }

  @Override
  public EnableKeyRotationResponse enableKeyRotation(EnableKeyRotationRequest r) {
    int days = r.rotationPeriodInDays() == null ? DEFAULT_ROTATION_DAYS : r.rotationPeriodInDays();
    if (days < 90 || days > 2560) {
      throw KmsErrors.validation("RotationPeriodInDays must be between 90 and 2560");
    }
    Instant next = context.clock().instant().plus(Duration.ofDays(days));
    change(
        r.keyId(),
        "EnableKeyRotation",
        row -> {
          checkRotates(row);
          return row.withRotation(days, next);
        });
    return EnableKeyRotationResponse.builder().build();
  }

  @Override
  public DisableKeyRotationResponse disableKeyRotation(DisableKeyRotationRequest r) {
    change(
        r.keyId(),
        "DisableKeyRotation",
        row -> {
          checkRotates(row);
          return row.withRotation(null, null);
        });
    return DisableKeyRotationResponse.builder().build();
  }

  @Override
  public GetKeyRotationStatusResponse getKeyRotationStatus(GetKeyRotationStatusRequest r) {
    Found key = keys.findByIdOrArn(r.keyId());
    keys.authorize(key, "GetKeyRotationStatus", Map.of());
    return GetKeyRotationStatusResponse.builder()
        .keyId(key.arn())
        .keyRotationEnabled(key.row().rotationDays() != null)
        .rotationPeriodInDays(key.row().rotationDays())
        .nextRotationDate(key.row().nextRotation())
        .build();
  }

  @Override
  public RotateKeyOnDemandResponse rotateKeyOnDemand(RotateKeyOnDemandRequest r) {
    Found found = keys.findByIdOrArn(r.keyId());
    Material fresh =
        keys.material(found.id(), context.ids().bytes(AesGcmSecretBox.KEY_BYTES), true);
    Found key =
        change(
            r.keyId(),
            "RotateKeyOnDemand",
            row -> {
              checkRotates(row);
              return KeyTimes.rotated(row, fresh, row.nextRotation());
            });
    return RotateKeyOnDemandResponse.builder().keyId(key.arn()).build();
  }

  @Override
  public ListKeyRotationsResponse listKeyRotations(ListKeyRotationsRequest r) {
    Found key = keys.findByIdOrArn(r.keyId());
    keys.authorize(key, "ListKeyRotations", Map.of());
    List<Material> materials = key.row().materials();
    return ListKeyRotationsResponse.builder()
        .rotations(
            materials.subList(1, materials.size()).stream()
                .map(
                    material ->
                        RotationsListEntry.builder()
                            .keyId(key.arn())
                            .rotationDate(material.since())
                            .rotationType(
                                material.onDemand()
                                    ? RotationType.ON_DEMAND
                                    : RotationType.AUTOMATIC)
                            .keyMaterialId(material.id())
                            .build())
                .toList())
        .truncated(false)
        .build();
  }

  // ---- grants

  @Override
  public CreateGrantResponse createGrant(CreateGrantRequest r) {
    Found key = keys.findByIdOrArn(r.keyId());
    keys.authorize(key, "CreateGrant", Map.of());
    Keys.checkUsable(key.row());
    if (r.operations().isEmpty()
        || r.operations().contains(GrantOperation.UNKNOWN_TO_SDK_VERSION)) {
      throw KmsErrors.validation("Operations must be grant operations of this key.");
    }
    if (r.constraints() != null && !isSymmetric(key)) {
      throw KmsErrors.validation("Grant constraints are for symmetric encryption keys only.");
    }
    String id = context.ids().hex(64);
    String token = Base64.getEncoder().encodeToString(context.ids().bytes(96));
    return context
        .store()
        .write(
            tx -> {
              GrantRow same =
                  r.name() == null
                      ? null
                      : tx.lookup(KmsTables.GRANTS_BY_KEY, key.scope(), key.id())
                          .map(Row::value)
                          .filter(
                              row ->
                                  r.name().equals(row.grant().name())
                                      && row.grant().granteePrincipal().equals(r.granteePrincipal())
                                      && row.grant().operations().equals(r.operations()))
                          .findFirst()
                          .orElse(null);
              GrantRow row =
                  same != null
                      ? same
                      : new GrantRow(
                          GrantListEntry.builder()
                              .keyId(key.id())
                              .grantId(id)
                              .name(r.name())
                              .creationDate(context.clock().instant())
                              .granteePrincipal(r.granteePrincipal())
                              .retiringPrincipal(r.retiringPrincipal())
                              .issuingAccount("arn:aws:iam::" + key.scope().account() + ":root")
                              .operations(r.operations())
                              .constraints(r.constraints())
                              .build(),
                          token);
              tx.put(KmsTables.GRANTS, key.scope().key(row.grant().grantId()), row);
              return CreateGrantResponse.builder()
                  .grantId(row.grant().grantId())
                  .grantToken(row.token())
                  .build();
            });
  }

  @Override
  public ListGrantsResponse listGrants(ListGrantsRequest r) {
    Found key = keys.findByIdOrArn(r.keyId());
    keys.authorize(key, "ListGrants", Map.of());
    return ListGrantsResponse.builder()
        .grants(
            context
                .store()
                .snapshot()
                .lookup(KmsTables.GRANTS_BY_KEY, key.scope(), key.id())
                .map(row -> row.value().grant().toBuilder().keyId(key.arn()).build())
                .filter(grant -> r.grantId() == null || grant.grantId().equals(r.grantId()))
                .filter(
                    grant ->
                        r.granteePrincipal() == null
                            || grant.granteePrincipal().equals(r.granteePrincipal()))
                .toList())
        .truncated(false)
        .build();
  }

  @Override
  public RevokeGrantResponse revokeGrant(RevokeGrantRequest r) {
    Found key = keys.findByIdOrArn(r.keyId());
    keys.authorize(key, "RevokeGrant", Map.of());
    endGrant(key.scope(), r.grantId());
    return RevokeGrantResponse.builder().build();
  }

  @Override
  public RetireGrantResponse retireGrant(RetireGrantRequest r) {
    View view = context.store().snapshot();
    Scope scope = Caller.current().scope();
    GrantRow row =
        view.scan(KmsTables.GRANTS, scope)
            .map(Row::value)
            .filter(
                grant ->
                    r.grantToken() != null
                        ? grant.token().equals(r.grantToken())
                        : grant.grant().grantId().equals(r.grantId()))
            .findFirst()
            .orElseThrow(() -> KmsErrors.notFound("Grant ID " + r.grantId() + " not found"));
    String arn = Caller.current().arn();
    boolean may =
        arn.endsWith(":root")
            || arn.equals(row.grant().retiringPrincipal())
            || (arn.equals(row.grant().granteePrincipal())
                && row.grant().operations().contains(GrantOperation.RETIRE_GRANT));
    if (!may) {
      keys.authorize(keys.find(row.grant().keyId()), "RetireGrant", Map.of());
    }
    endGrant(scope, row.grant().grantId());
    return RetireGrantResponse.builder().build();
  }

  private void endGrant(Scope scope, String grantId) {
    context
        .store()
        .write(
            tx -> {
              if (tx.get(KmsTables.GRANTS, scope.key(grantId)) == null) {
                throw KmsErrors.notFound("Grant ID " + grantId + " not found");
              }
              tx.delete(KmsTables.GRANTS, scope.key(grantId));
              return null;
            });
  }
}
