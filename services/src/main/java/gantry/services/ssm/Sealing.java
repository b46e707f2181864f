package gantry.services.ssm;

import static java.nio.charset.StandardCharsets.UTF_8;

import gantry.services.Clients;
import gantry.services.KeyNames;
import gantry.services.SecretBox;
import gantry.state.Scope;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.KmsException;
import software.amazon.awssdk.services.ssm.model.InvalidKeyIdException;

/**
 * How the values of SecureStrings are kept: under {@code alias/aws/ssm} by the program's own root
 * key, under a customer's key by KMS. The parameter's ARN is the encryption context, so one
 * parameter's ciphertext is of no use in another.
 */
final class Sealing {

  static final String DEFAULT_KEY = "alias/aws/ssm";

  /** What KMS encrypts directly. */
  private static final int MAX_KMS_BYTES = 4096;

  private final SecretBox box;
  private final Clients clients;

  Sealing(SecretBox box, Clients clients) {
    this.box = box;
    this.clients = clients;
  }

  String seal(Scope scope, String keyId, String arn, String plain) {
    byte[] bytes = plain.getBytes(UTF_8);
    Map<String, String> context = Map.of("PARAMETER_ARN", arn);
    if (keyId.equals(DEFAULT_KEY)) {
      return Base64.getEncoder().encodeToString(box.seal(bytes, context));
    }
    if (bytes.length > MAX_KMS_BYTES) {
      throw SsmErrors.validation(
          String.format(
              Locale.ROOT,
              "A SecureString under a customer managed key can be %d bytes long at most here.",
              MAX_KMS_BYTES));
    }
    try {
      SdkBytes sealed =
          kms(scope)
              .encrypt(
                  request ->
                      request
                          .keyId(KeyNames.arn(scope, keyId))
                          .plaintext(SdkBytes.fromByteArray(bytes))
                          .encryptionContext(context))
              .ciphertextBlob();
      return Base64.getEncoder().encodeToString(sealed.asByteArray());
    } catch (KmsException | UnsupportedOperationException e) {
      throw invalidKey(keyId, e);
    }
  }

  String open(Scope scope, String keyId, String arn, String sealed) {
    byte[] bytes = Base64.getDecoder().decode(sealed);
    Map<String, String> context = Map.of("PARAMETER_ARN", arn);
    if (keyId.equals(DEFAULT_KEY)) {
      return new String(box.open(bytes, context), UTF_8);
    }
    try {
      return kms(scope)
          .decrypt(
              request ->
                  request
                      .keyId(KeyNames.arn(scope, keyId))
                      .ciphertextBlob(SdkBytes.fromByteArray(bytes))
                      .encryptionContext(context))
          .plaintext()
          .asUtf8String();
    } catch (KmsException | UnsupportedOperationException e) {
      throw invalidKey(keyId, e);
    }
  }

  private KmsClient kms(Scope scope) {
    return clients.forCaller("ssm.amazonaws.com", scope, KmsClient.class);
  }

  private static InvalidKeyIdException invalidKey(String keyId, RuntimeException cause) {
    return InvalidKeyIdException.builder()
        .message("Invalid keyId " + keyId + ": " + cause.getMessage())
        .cause(cause)
        .build();
  }
}
