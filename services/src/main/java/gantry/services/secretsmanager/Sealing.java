package gantry.services.secretsmanager;

import gantry.services.AesGcmSecretBox;
import gantry.services.Clients;
import gantry.services.KeyNames;
import gantry.services.SecretBox;
import gantry.services.secretsmanager.SecretTables.SecretRow;
import gantry.services.secretsmanager.SecretTables.Version;
import gantry.state.Ids;
import gantry.state.Scope;
import java.util.Base64;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.DataKeySpec;
import software.amazon.awssdk.services.kms.model.KmsException;
import software.amazon.awssdk.services.secretsmanager.model.DecryptionFailureException;
import software.amazon.awssdk.services.secretsmanager.model.EncryptionFailureException;

/**
 * How values are kept: under {@code alias/aws/secretsmanager} by the program's own root key, under
 * a customer's key by a data key that KMS makes and opens, in front of what it closed.
 */
final class Sealing {

  static final String DEFAULT_KEY = "alias/aws/secretsmanager";

  private final SecretBox box;
  private final Clients clients;
  private final Ids ids;

  Sealing(SecretBox box, Clients clients, Ids ids) {
    this.box = box;
    this.clients = clients;
    this.ids = ids;
  }

  private static Map<String, String> context(String arn, String versionId) {
    return Map.of("SecretARN", arn, "SecretVersionId", versionId);
  }

  private KmsClient kms(Scope scope) {
    return clients.forCaller("secretsmanager.amazonaws.com", scope, KmsClient.class);
  }

  String seal(Scope scope, @Nullable String keyId, String arn, String versionId, byte[] plain) {
    Map<String, String> context = context(arn, versionId);
    if (keyId == null || keyId.endsWith(DEFAULT_KEY)) {
      return Base64.getEncoder().encodeToString(box.seal(plain, context));
    }
    String key = KeyNames.arn(scope, keyId);
    try {
      var data =
          kms(scope)
              .generateDataKey(
                  r -> r.keyId(key).keySpec(DataKeySpec.AES_256).encryptionContext(context));
      byte[] sealed = new AesGcmSecretBox(data.plaintext().asByteArray(), ids).seal(plain, context);
      return Base64.getEncoder().encodeToString(data.ciphertextBlob().asByteArray())
          + "."
          + Base64.getEncoder().encodeToString(sealed);
    } catch (KmsException e) {
      refused(e);
      throw EncryptionFailureException.builder()
          .message(
              "Secrets Manager can't encrypt the protected secret text using the provided KMS key. "
                  + e.getMessage())
          .cause(e)
          .build();
    }
  }

  byte[] open(Scope scope, SecretRow row, Version version) {
    Map<String, String> context = context(row.arn(), version.id());
    int dot = version.sealed().indexOf('.');
    if (dot < 0) {
      return box.open(Base64.getDecoder().decode(version.sealed()), context);
    }
    try {
      byte[] key =
          kms(scope)
              .decrypt(
                  r ->
                      r.ciphertextBlob(
                              SdkBytes.fromByteArray(
                                  Base64.getDecoder().decode(version.sealed().substring(0, dot))))
                          .encryptionContext(context))
              .plaintext()
              .asByteArray();
      return new AesGcmSecretBox(key, ids)
          .open(Base64.getDecoder().decode(version.sealed().substring(dot + 1)), context);
    } catch (KmsException e) {
      refused(e);
      throw DecryptionFailureException.builder()
          .message(
              "Secrets Manager can't decrypt the protected secret text using the provided KMS key. "
                  + e.getMessage())
          .cause(e)
          .build();
    }
  }

  /** Who may not use the key is told no more than that. */
  private static void refused(KmsException e) {
    if (e.awsErrorDetails() != null
        && "AccessDeniedException".equals(e.awsErrorDetails().errorCode())) {
      throw SecretErrors.denied("Access to KMS is not allowed");
    }
  }
}
