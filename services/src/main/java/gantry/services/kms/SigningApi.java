package gantry.services.kms;

import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.iam.IamAuthorizer.Mode;
import gantry.services.kms.Keys.Found;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.model.*;

/** The API that signs and verifies, with and without public keys, and agrees on secrets. */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
abstract class SigningApi extends CryptoApi {

  SigningApi(ServiceContext context, SecretBox box, Mode mode) {
    super(context, box, mode);
  }

  // ---- signatures

  static void checkAlgorithm(Found key, List<String> able, String algorithm) {
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

  static boolean isDigest(@Nullable MessageType type, byte[] message) {
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

  public SignResponse sign(SignRequest r) {
    Found key =
        use(r.keyId(), "Sign", KeyUsageType.SIGN_VERIFY, Map.of(), r.grantTokens(), r.dryRun());
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

  public VerifyResponse verify(VerifyRequest r) {
    Found key =
        use(r.keyId(), "Verify", KeyUsageType.SIGN_VERIFY, Map.of(), r.grantTokens(), r.dryRun());
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

  public GetPublicKeyResponse getPublicKey(GetPublicKeyRequest r) {
    Found key = keys.find(r.keyId(), r.grantTokens());
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
        .keyAgreementAlgorithms(
            metadata.hasKeyAgreementAlgorithms() ? metadata.keyAgreementAlgorithms() : null)
        .build();
  }

  byte[] mac(Found key, String algorithm, byte[] message) {
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

  public GenerateMacResponse generateMac(GenerateMacRequest r) {
    Found key =
        use(
            r.keyId(),
            "GenerateMac",
            KeyUsageType.GENERATE_VERIFY_MAC,
            Map.of(),
            r.grantTokens(),
            r.dryRun());
    return GenerateMacResponse.builder()
        .keyId(key.arn())
        .macAlgorithm(r.macAlgorithm())
        .mac(SdkBytes.fromByteArray(mac(key, r.macAlgorithmAsString(), r.message().asByteArray())))
        .build();
  }

  public VerifyMacResponse verifyMac(VerifyMacRequest r) {
    Found key =
        use(
            r.keyId(),
            "VerifyMac",
            KeyUsageType.GENERATE_VERIFY_MAC,
            Map.of(),
            r.grantTokens(),
            r.dryRun());
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

  // ---- key agreement

  public DeriveSharedSecretResponse deriveSharedSecret(DeriveSharedSecretRequest r) {
    KmsErrors.refuse(r.recipient());
    Found key =
        use(
            r.keyId(),
            "DeriveSharedSecret",
            KeyUsageType.KEY_AGREEMENT,
            Map.of(),
            r.grantTokens(),
            r.dryRun());
    checkAlgorithm(
        key,
        key.row().metadata().keyAgreementAlgorithmsAsStrings(),
        r.keyAgreementAlgorithmAsString());
    return DeriveSharedSecretResponse.builder()
        .keyId(key.arn())
        .keyAgreementAlgorithm(r.keyAgreementAlgorithm())
        .keyOrigin(key.row().metadata().origin())
        .sharedSecret(
            SdkBytes.fromByteArray(
                Crypto.shared(
                    keys.secret(key.row(), key.row().materials().getLast()),
                    r.publicKey().asByteArray())))
        .build();
  }
}
