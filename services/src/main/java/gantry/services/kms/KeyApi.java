package gantry.services.kms;

import gantry.services.Caller;
import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.iam.IamAuthorizer.Mode;
import gantry.services.kms.Keys.Found;
import gantry.services.kms.KmsTables.AliasRow;
import gantry.services.kms.KmsTables.KeyRow;
import gantry.state.Page;
import gantry.state.PageToken;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Table;
import gantry.state.View;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.kms.model.*;

/** The API of keys: their life, policies, tags and aliases. */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
abstract class KeyApi {

  static final int DEFAULT_PAGE = 100;

  final ServiceContext context;
  final Keys keys;

  KeyApi(ServiceContext context, SecretBox box, Mode mode) {
    this.context = context;
    this.keys = new Keys(context, box, mode);
  }

  // ---- keys

  public CreateKeyResponse createKey(CreateKeyRequest r) {
    if (r.origin() != null && r.origin() != OriginType.AWS_KMS) {
      throw KmsErrors.unsupported(
          "Keys of origin " + r.originAsString() + " are not supported here.");
    }
    if (r.customKeyStoreId() != null || r.xksKeyId() != null) {
      throw KmsErrors.noKeyStore(r.customKeyStoreId());
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
    keys.checkPolicy(
        new Found(scope, row), policy, Boolean.TRUE.equals(r.bypassPolicyLockoutSafetyCheck()));
    context
        .store()
        .write(
            tx -> {
              tx.put(KmsTables.KEYS, scope.key(row.metadata().keyId()), row);
              return null;
            });
    return CreateKeyResponse.builder().keyMetadata(row.metadata()).build();
  }

  static KeyUsageType usage(String spec, @Nullable KeyUsageType given) {
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
          case SIGN_VERIFY ->
              spec.startsWith("RSA_") || spec.startsWith("ECC_") || spec.startsWith("ML_DSA_");
          case KEY_AGREEMENT -> spec.startsWith("ECC_NIST_P");
          case GENERATE_VERIFY_MAC -> spec.startsWith("HMAC_");
          default -> false;
        };
    if (!fits) {
      throw KmsErrors.validation("KeyUsage " + given + " is not compatible with KeySpec " + spec);
    }
    return given;
  }

  public DescribeKeyResponse describeKey(DescribeKeyRequest r) {
    Found key = keys.find(r.keyId(), r.grantTokens());
    keys.authorize(key, "DescribeKey", Map.of());
    return DescribeKeyResponse.builder().keyMetadata(key.row().metadata()).build();
  }

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

  <V> Page<Row<V>> page(
      String listing, @Nullable String marker, @Nullable Integer limit, Table<V> table) {
    Scope scope = Caller.current().scope();
    return page(
        listing,
        marker,
        limit,
        after -> context.store().snapshot().scanAfter(table, scope, after),
        row -> row.key().id());
  }

  /** What a key has many of, in the order of an id of their own. */
  static <T> Page<T> page(
      String listing,
      @Nullable String marker,
      @Nullable Integer limit,
      Stream<T> all,
      Function<T, String> id) {
    return page(
        listing,
        marker,
        limit,
        after ->
            all.filter(one -> id.apply(one).compareTo(after) > 0).sorted(Comparator.comparing(id)),
        id);
  }

  private static <T> Page<T> page(
      String listing,
      @Nullable String marker,
      @Nullable Integer limit,
      Function<String, Stream<T>> rest,
      Function<T, String> id) {
    try {
      return Page.cut(
          rest.apply(PageToken.lastId(listing, marker)),
          limit == null ? DEFAULT_PAGE : limit,
          id,
          listing);
    } catch (PageToken.Invalid e) {
      throw InvalidMarkerException.builder().message("Invalid marker.").build();
    }
  }

  public EnableKeyResponse enableKey(EnableKeyRequest r) {
    setState(r.keyId(), "EnableKey", KeyState.ENABLED);
    return EnableKeyResponse.builder().build();
  }

  public DisableKeyResponse disableKey(DisableKeyRequest r) {
    setState(r.keyId(), "DisableKey", KeyState.DISABLED);
    return DisableKeyResponse.builder().build();
  }

  void setState(String keyId, String operation, KeyState state) {
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
  Found change(String keyId, String operation, UnaryOperator<KeyRow> change) {
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

  public GetKeyPolicyResponse getKeyPolicy(GetKeyPolicyRequest r) {
    Found key = keys.findByIdOrArn(r.keyId());
    keys.authorize(key, "GetKeyPolicy", Map.of());
    checkPolicyName(r.policyName());
    return GetKeyPolicyResponse.builder().policy(key.row().policy()).policyName("default").build();
  }

  public PutKeyPolicyResponse putKeyPolicy(PutKeyPolicyRequest r) {
    checkPolicyName(r.policyName());
    keys.checkPolicy(
        keys.findByIdOrArn(r.keyId()),
        r.policy(),
        Boolean.TRUE.equals(r.bypassPolicyLockoutSafetyCheck()));
    change(r.keyId(), "PutKeyPolicy", row -> row.withPolicy(r.policy()));
    return PutKeyPolicyResponse.builder().build();
  }

  static void checkPolicyName(@Nullable String name) {
    if (name != null && !name.equals("default")) {
      throw KmsErrors.notFound("No such policy exists");
    }
  }

  public ListKeyPoliciesResponse listKeyPolicies(ListKeyPoliciesRequest r) {
    Found key = keys.findByIdOrArn(r.keyId());
    keys.authorize(key, "ListKeyPolicies", Map.of());
    Page<String> page =
        page(
            "ListKeyPolicies/" + key.id(),
            r.marker(),
            r.limit(),
            Stream.of("default"),
            Function.identity());
    return ListKeyPoliciesResponse.builder()
        .policyNames(page.items())
        .nextMarker(page.nextToken())
        .truncated(page.nextToken() != null)
        .build();
  }

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

  public ListResourceTagsResponse listResourceTags(ListResourceTagsRequest r) {
    Found key = keys.findByIdOrArn(r.keyId());
    keys.authorize(key, "ListResourceTags", Map.of());
    Page<Map.Entry<String, String>> page =
        page(
            "ListResourceTags/" + key.id(),
            r.marker(),
            r.limit(),
            key.row().tags().entrySet().stream(),
            Map.Entry::getKey);
    return ListResourceTagsResponse.builder()
        .tags(
            page.items().stream()
                .map(tag -> Tag.builder().tagKey(tag.getKey()).tagValue(tag.getValue()).build())
                .toList())
        .nextMarker(page.nextToken())
        .truncated(page.nextToken() != null)
        .build();
  }

  static Map<String, String> tags(Map<String, String> before, List<Tag> more) {
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

  Found target(String keyId, String operation) {
    if (keyId.contains("alias/")) {
      throw KmsErrors.validation("Aliases must refer to keys. Not aliases");
    }
    Found key = keys.findByIdOrArn(keyId);
    keys.authorize(key, operation, Map.of());
    Keys.checkNotPending(key.row());
    return key;
  }

  static void checkAlias(String name) {
    if (!name.startsWith("alias/")) {
      throw KmsErrors.validation(
          "Alias must start with the prefix \"alias/\". Please see"
              + " https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html");
    }
    if (!name.matches("alias/[a-zA-Z0-9/_-]+")) {
      throw KmsErrors.validation(name + " contains invalid characters for an alias");
    }
    if (name.startsWith("alias/aws/")) {
      throw KmsErrors.reserved("Aliases beginning with alias/aws/ are reserved");
    }
  }

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

  static AliasRow requireAlias(View view, Scope scope, String name) {
    return view.find(KmsTables.ALIASES, scope.key(name))
        .orElseThrow(
            () -> KmsErrors.notFound("Alias " + Keys.aliasArn(scope, name) + " is not found."));
  }

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
}
