package gantry.services.kms;

import gantry.services.AesGcmSecretBox;
import gantry.services.Caller;
import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.iam.IamAuthorizer.Mode;
import gantry.services.kms.Keys.Found;
import java.security.KeyPair;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.model.*;

/** What keys are for: the API that encrypts and decrypts, and makes keys for others to do it. */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
abstract class CryptoApi extends KeyApi {

  static final int MAX_PLAINTEXT = 4096;

  CryptoApi(ServiceContext context, SecretBox box, Mode mode) {
    super(context, box, mode);
  }

  // ---- encryption

  /** Finds a key for use: authorized, enabled, and meant for it. */
  Found use(
      String keyId,
      String operation,
      KeyUsageType usage,
      Map<String, String> encryptionContext,
      List<String> grantTokens,
      @Nullable Boolean dryRun) {
    Found key = keys.find(keyId, grantTokens);
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
    endIfDry(dryRun);
    return key;
  }

  /** Here ends a call that only asked whether it would be served. */
  static void endIfDry(@Nullable Boolean dryRun) {
    if (Boolean.TRUE.equals(dryRun)) {
      throw DryRunOperationException.builder()
          .message("The request would have succeeded, but the DryRun option is set.")
          .build();
    }
  }

  static boolean isSymmetric(Found key) {
    return key.row().metadata().keySpec() == KeySpec.SYMMETRIC_DEFAULT;
  }

  byte[] seal(Found key, byte[] plain, Map<String, String> encryptionContext) {
    int generation = key.row().materials().size() - 1;
    byte[] sealed =
        new AesGcmSecretBox(
                keys.secret(key.row(), key.row().materials().get(generation)), context.ids())
            .seal(plain, encryptionContext);
    return new Ciphertext(key.arn(), generation, sealed).bytes();
  }

  byte[] open(Found key, Ciphertext text, Map<String, String> encryptionContext) {
    int generation = text.generation();
    if (generation < 0 || generation >= key.row().materials().size()) {
      throw KmsErrors.badCiphertext();
    }
    try {
      return new AesGcmSecretBox(
              keys.secret(key.row(), key.row().materials().get(generation)), context.ids())
          .open(text.sealed(), encryptionContext);
    } catch (SecretBox.CannotOpen e) {
      throw KmsErrors.badCiphertext();
    }
  }

  private record Opened(Found key, SdkBytes plain) {}

  Opened decrypt(
      byte[] blob,
      @Nullable String keyId,
      @Nullable String algorithm,
      Map<String, String> encryptionContext,
      String operation,
      List<String> grantTokens,
      @Nullable Boolean dryRun) {
    if (algorithm != null && !algorithm.equals("SYMMETRIC_DEFAULT")) {
      if (keyId == null) {
        throw KmsErrors.validation("A key ID is required to decrypt under an asymmetric key.");
      }
      Found key =
          use(
              keyId,
              operation,
              KeyUsageType.ENCRYPT_DECRYPT,
              encryptionContext,
              grantTokens,
              dryRun);
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
    Ciphertext text = Ciphertext.of(blob);
    String arn = text.arn();
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
    Found key =
        use(arn, operation, KeyUsageType.ENCRYPT_DECRYPT, encryptionContext, grantTokens, dryRun);
    if (keyId != null && !keys.find(keyId).arn().equals(arn)) {
      throw IncorrectKeyException.builder()
          .message(
              "The key ID in the request does not identify a CMK that can perform this operation.")
          .build();
    }
    return new Opened(key, SdkBytes.fromByteArray(open(key, text, encryptionContext)));
  }

  byte[] encrypt(
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

  static byte[] publicKey(Found key) {
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
        use(
            r.keyId(),
            "Encrypt",
            KeyUsageType.ENCRYPT_DECRYPT,
            r.encryptionContext(),
            r.grantTokens(),
            r.dryRun());
    return EncryptResponse.builder()
        .keyId(key.arn())
        .ciphertextBlob(
            SdkBytes.fromByteArray(
                encrypt(key, plain, r.encryptionAlgorithmAsString(), r.encryptionContext())))
        .encryptionAlgorithm(algorithm(r.encryptionAlgorithmAsString()))
        .build();
  }

  static String algorithm(@Nullable String given) {
    return given == null ? "SYMMETRIC_DEFAULT" : given;
  }

  public DecryptResponse decrypt(DecryptRequest r) {
    KmsErrors.refuse(r.recipient());
    Opened opened =
        decrypt(
            r.ciphertextBlob().asByteArray(),
            r.keyId(),
            r.encryptionAlgorithmAsString(),
            r.encryptionContext(),
            "Decrypt",
            r.grantTokens(),
            r.dryRun());
    return DecryptResponse.builder()
        .keyId(opened.key().arn())
        .plaintext(opened.plain())
        .encryptionAlgorithm(algorithm(r.encryptionAlgorithmAsString()))
        .build();
  }

  public ReEncryptResponse reEncrypt(ReEncryptRequest r) {
    Opened opened =
        decrypt(
            r.ciphertextBlob().asByteArray(),
            r.sourceKeyId(),
            r.sourceEncryptionAlgorithmAsString(),
            r.sourceEncryptionContext(),
            "ReEncryptFrom",
            r.grantTokens(),
            false);
    Found to =
        use(
            r.destinationKeyId(),
            "ReEncryptTo",
            KeyUsageType.ENCRYPT_DECRYPT,
            r.destinationEncryptionContext(),
            r.grantTokens(),
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

  Found symmetric(
      String keyId,
      String operation,
      Map<String, String> encryptionContext,
      List<String> grantTokens,
      @Nullable Boolean dryRun) {
    Found key =
        use(keyId, operation, KeyUsageType.ENCRYPT_DECRYPT, encryptionContext, grantTokens, dryRun);
    if (!isSymmetric(key)) {
      throw InvalidKeyUsageException.builder()
          .message(key.arn() + " key spec is not valid for " + operation + ".")
          .build();
    }
    return key;
  }

  byte[] dataKey(@Nullable Integer bytes, @Nullable DataKeySpec spec) {
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

  public GenerateDataKeyResponse generateDataKey(GenerateDataKeyRequest r) {
    KmsErrors.refuse(r.recipient());
    Found key =
        symmetric(r.keyId(), "GenerateDataKey", r.encryptionContext(), r.grantTokens(), r.dryRun());
    byte[] plain = dataKey(r.numberOfBytes(), r.keySpec());
    return GenerateDataKeyResponse.builder()
        .keyId(key.arn())
        .plaintext(SdkBytes.fromByteArray(plain))
        .ciphertextBlob(SdkBytes.fromByteArray(seal(key, plain, r.encryptionContext())))
        .keyMaterialId(key.row().materials().getLast().id())
        .build();
  }

  public GenerateDataKeyWithoutPlaintextResponse generateDataKeyWithoutPlaintext(
      GenerateDataKeyWithoutPlaintextRequest r) {
    Found key =
        symmetric(
            r.keyId(),
            "GenerateDataKeyWithoutPlaintext",
            r.encryptionContext(),
            r.grantTokens(),
            r.dryRun());
    return GenerateDataKeyWithoutPlaintextResponse.builder()
        .keyId(key.arn())
        .ciphertextBlob(
            SdkBytes.fromByteArray(
                seal(key, dataKey(r.numberOfBytes(), r.keySpec()), r.encryptionContext())))
        .keyMaterialId(key.row().materials().getLast().id())
        .build();
  }

  public GenerateDataKeyPairResponse generateDataKeyPair(GenerateDataKeyPairRequest r) {
    KmsErrors.refuse(r.recipient());
    Found key =
        symmetric(
            r.keyId(), "GenerateDataKeyPair", r.encryptionContext(), r.grantTokens(), r.dryRun());
    KeyPair pair = Crypto.pair(r.keyPairSpecAsString(), context.ids());
    byte[] secret = pair.getPrivate().getEncoded();
    return GenerateDataKeyPairResponse.builder()
        .keyId(key.arn())
        .keyPairSpec(r.keyPairSpec())
        .publicKey(SdkBytes.fromByteArray(pair.getPublic().getEncoded()))
        .privateKeyPlaintext(SdkBytes.fromByteArray(secret))
        .privateKeyCiphertextBlob(SdkBytes.fromByteArray(seal(key, secret, r.encryptionContext())))
        .keyMaterialId(key.row().materials().getLast().id())
        .build();
  }

  public GenerateDataKeyPairWithoutPlaintextResponse generateDataKeyPairWithoutPlaintext(
      GenerateDataKeyPairWithoutPlaintextRequest r) {
    Found key =
        symmetric(
            r.keyId(),
            "GenerateDataKeyPairWithoutPlaintext",
            r.encryptionContext(),
            r.grantTokens(),
            r.dryRun());
    KeyPair pair = Crypto.pair(r.keyPairSpecAsString(), context.ids());
    return GenerateDataKeyPairWithoutPlaintextResponse.builder()
        .keyId(key.arn())
        .keyPairSpec(r.keyPairSpec())
        .publicKey(SdkBytes.fromByteArray(pair.getPublic().getEncoded()))
        .privateKeyCiphertextBlob(
            SdkBytes.fromByteArray(
                seal(key, pair.getPrivate().getEncoded(), r.encryptionContext())))
        .keyMaterialId(key.row().materials().getLast().id())
        .build();
  }

  public GenerateRandomResponse generateRandom(GenerateRandomRequest r) {
    KmsErrors.refuse(r.recipient());
    if (r.customKeyStoreId() != null) {
      throw KmsErrors.noKeyStore(r.customKeyStoreId());
    }
    if (r.numberOfBytes() == null || r.numberOfBytes() < 1 || r.numberOfBytes() > 1024) {
      throw KmsErrors.validation("NumberOfBytes must be between 1 and 1024");
    }
    return GenerateRandomResponse.builder()
        .plaintext(SdkBytes.fromByteArray(context.ids().bytes(r.numberOfBytes())))
        .build();
  }
}
