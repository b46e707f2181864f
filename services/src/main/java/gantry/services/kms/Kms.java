package gantry.services.kms;

import gantry.services.AesGcmSecretBox;
import gantry.services.Caller;
import gantry.services.HostedService;
import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.iam.IamAuthorizer.Mode;
import gantry.services.kms.Keys.Found;
import gantry.services.kms.KmsTables.GrantRow;
import gantry.services.kms.KmsTables.KeyRow;
import gantry.services.kms.KmsTables.Material;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.*;

/**
 * The KMS API. It is long, so it stands in several files, each of which adds its operations to
 * those of the one before: {@link KeyApi}, {@link CryptoApi}, and here rotation and grants.
 */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
public final class Kms extends CryptoApi implements KmsClient {

  static final int DEFAULT_ROTATION_DAYS = 365;

  public static HostedService<KmsClient> hosted(SecretBox box, Mode mode) {
    return new HostedService<>(
        KmsClient.class,
        context -> new Kms(context, box, mode),
        List.of(KmsTables.KEYS, KmsTables.ALIASES, KmsTables.GRANTS),
        context -> List.of(new KeyTimes(context, new Keys(context, box, mode))));
  }

  public Kms(ServiceContext context, SecretBox box, Mode mode) {
    super(context, box, mode);
  }

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {}

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
