package gantry.services.kms;

import gantry.services.AesGcmSecretBox;
import gantry.services.HostedService;
import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.iam.IamAuthorizer.Mode;
import gantry.services.kms.Keys.Found;
import gantry.services.kms.KmsTables.KeyRow;
import gantry.services.kms.KmsTables.Material;
import gantry.state.Page;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.*;

/**
 * The KMS API. It is long, so it stands in several files, each of which adds its operations to
 * those of the one before: {@link KeyApi}, {@link CryptoApi}, {@link SigningApi}, {@link GrantApi},
 * and here rotation.
 */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
public final class Kms extends GrantApi implements KmsClient {

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
    boolean first = r.includeKeyMaterial() == IncludeKeyMaterial.ALL_KEY_MATERIAL;
    Material current = materials.getLast();
    Page<Integer> page =
        page(
            "ListKeyRotations/" + key.id() + first,
            r.marker(),
            r.limit(),
            IntStream.range(first ? 0 : 1, materials.size()).boxed(),
            place -> String.format(Locale.ROOT, "%010d", place));
    return ListKeyRotationsResponse.builder()
        .rotations(
            page.items().stream()
                .map(
                    i -> {
                      Material material = materials.get(i);
                      RotationsListEntry.Builder entry =
                          RotationsListEntry.builder()
                              .keyId(key.arn())
                              .keyMaterialId(material.id());
                      if (first) {
                        entry.keyMaterialState(
                            material == current
                                ? KeyMaterialState.CURRENT
                                : KeyMaterialState.NON_CURRENT);
                      }
                      if (i > 0) {
                        entry
                            .rotationDate(material.since())
                            .rotationType(
                                material.onDemand()
                                    ? RotationType.ON_DEMAND
                                    : RotationType.AUTOMATIC);
                      }
                      return entry.build();
                    })
                .toList())
        .nextMarker(page.nextToken())
        .truncated(page.nextToken() != null)
        .build();
  }
}
