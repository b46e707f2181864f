package gantry.services.kms;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.Caller;
import gantry.services.iam.IamAuthorizer.Mode;
import gantry.services.iam.IamWorld;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.*;

class KmsTest {

  private final IamWorld world = new IamWorld(KmsTables.KEYS, KmsTables.ALIASES, KmsTables.GRANTS);
  private final Kms kms = new Kms(world.context, world.box, Mode.ENFORCE);

  private <R> R call(Caller who, Function<KmsClient, R> operation) {
    return IamWorld.as(who, () -> operation.apply(kms));
  }

  private <R> R call(Function<KmsClient, R> operation) {
    return call(IamWorld.ROOT, operation);
  }

  private KeyMetadata key() {
    return call(k -> k.createKey(r -> {})).keyMetadata();
  }

  private static SdkBytes bytes(String text) {
    return SdkBytes.fromUtf8String(text);
  }

  @Test
  void aKeyIsDescribedAsAwsDoes() {
    KeyMetadata key = key();
    assertThat(key.arn()).isEqualTo("arn:aws:kms:us-east-1:111122223333:key/" + key.keyId());
    assertThat(key.keyUsage()).isEqualTo(KeyUsageType.ENCRYPT_DECRYPT);
    assertThat(key.keySpec()).isEqualTo(KeySpec.SYMMETRIC_DEFAULT);
    assertThat(key.description()).isEmpty();
    assertThat(key.currentKeyMaterialId()).isNotNull();
    assertThat(call(k -> k.describeKey(r -> r.keyId(key.arn()))).keyMetadata()).isEqualTo(key);
  }

  @Test
  void whatIsEncryptedOpensOnlyInItsContext() {
    KeyMetadata key = key();
    Map<String, String> context = Map.of("app", "web");
    SdkBytes blob =
        call(k ->
                k.encrypt(
                    r -> r.keyId(key.keyId()).plaintext(bytes("hush")).encryptionContext(context)))
            .ciphertextBlob();
    var opened = call(k -> k.decrypt(r -> r.ciphertextBlob(blob).encryptionContext(context)));
    assertThat(opened.plaintext().asUtf8String()).isEqualTo("hush");
    assertThat(opened.keyId()).isEqualTo(key.arn());
    assertThatThrownBy(() -> call(k -> k.decrypt(r -> r.ciphertextBlob(blob))))
        .isInstanceOf(InvalidCiphertextException.class);
    assertThatThrownBy(
            () ->
                call(
                    k ->
                        k.decrypt(
                            r -> r.ciphertextBlob(blob).encryptionContext(Map.of("App", "web")))))
        .isInstanceOf(InvalidCiphertextException.class);
    byte[] broken = blob.asByteArray();
    broken[broken.length - 1] ^= 1;
    assertThatThrownBy(
            () ->
                call(
                    k ->
                        k.decrypt(
                            r ->
                                r.ciphertextBlob(SdkBytes.fromByteArray(broken))
                                    .encryptionContext(context))))
        .isInstanceOf(InvalidCiphertextException.class);
    assertThatThrownBy(() -> call(k -> k.decrypt(r -> r.ciphertextBlob(bytes("nonsense")))))
        .isInstanceOf(InvalidCiphertextException.class);
    KeyMetadata other = key();
    assertThatThrownBy(
            () ->
                call(
                    k ->
                        k.decrypt(
                            r ->
                                r.keyId(other.keyId())
                                    .ciphertextBlob(blob)
                                    .encryptionContext(context))))
        .isInstanceOf(IncorrectKeyException.class);
    SdkBytes moved =
        call(k ->
                k.reEncrypt(
                    r ->
                        r.ciphertextBlob(blob)
                            .sourceEncryptionContext(context)
                            .destinationKeyId(other.keyId())))
            .ciphertextBlob();
    assertThat(call(k -> k.decrypt(r -> r.ciphertextBlob(moved))).plaintext().asUtf8String())
        .isEqualTo("hush");
  }

  @Test
  void oldCiphertextsOpenAfterRotation() {
    KeyMetadata key = key();
    SdkBytes blob =
        call(k -> k.encrypt(r -> r.keyId(key.keyId()).plaintext(bytes("old")))).ciphertextBlob();
    call(k -> k.rotateKeyOnDemand(r -> r.keyId(key.keyId())));
    SdkBytes newer =
        call(k -> k.encrypt(r -> r.keyId(key.keyId()).plaintext(bytes("new")))).ciphertextBlob();
    assertThat(call(k -> k.decrypt(r -> r.ciphertextBlob(blob))).plaintext().asUtf8String())
        .isEqualTo("old");
    assertThat(call(k -> k.decrypt(r -> r.ciphertextBlob(newer))).plaintext().asUtf8String())
        .isEqualTo("new");
    assertThat(call(k -> k.listKeyRotations(r -> r.keyId(key.keyId()))).rotations()).hasSize(1);
    assertThat(
            call(k -> k.describeKey(r -> r.keyId(key.keyId())))
                .keyMetadata()
                .currentKeyMaterialId())
        .isNotEqualTo(key.currentKeyMaterialId());
  }

  @Test
  void keysRotateAndGoByThemselves() {
    KeyMetadata key = key();
    call(k -> k.enableKeyRotation(r -> r.keyId(key.keyId()).rotationPeriodInDays(90)));
    KeyTimes times = new KeyTimes(world.context, new Keys(world.context, world.box, Mode.ENFORCE));
    var at = IamWorld.SCOPE.key(key.keyId());
    times.reconcile(at);
    assertThat(call(k -> k.listKeyRotations(r -> r.keyId(key.keyId()))).rotations()).isEmpty();
    world.time.advance(Duration.ofDays(90));
    times.reconcile(at);
    assertThat(call(k -> k.listKeyRotations(r -> r.keyId(key.keyId()))).rotations()).hasSize(1);

    call(k -> k.createAlias(r -> r.aliasName("alias/a").targetKeyId(key.keyId())));
    call(k -> k.scheduleKeyDeletion(r -> r.keyId(key.keyId()).pendingWindowInDays(7)));
    assertThatThrownBy(() -> call(k -> k.encrypt(r -> r.keyId("alias/a").plaintext(bytes("x")))))
        .hasMessageContaining(key.arn() + " is pending deletion.");
    world.time.advance(Duration.ofDays(7));
    times.reconcile(at);
    assertThatThrownBy(() -> call(k -> k.describeKey(r -> r.keyId(key.keyId()))))
        .hasMessageContaining("Key '" + key.arn() + "' does not exist");
    assertThatThrownBy(() -> call(k -> k.describeKey(r -> r.keyId("alias/a"))))
        .hasMessageContaining("is not found.");
  }

  @Test
  void statesSayWhatTheyAre() {
    KeyMetadata key = key();
    call(k -> k.disableKey(r -> r.keyId(key.keyId())));
    assertThatThrownBy(() -> call(k -> k.encrypt(r -> r.keyId(key.keyId()).plaintext(bytes("x")))))
        .isInstanceOf(DisabledException.class)
        .hasMessageContaining(key.arn() + " is disabled.");
    assertThatThrownBy(() -> call(k -> k.cancelKeyDeletion(r -> r.keyId(key.keyId()))))
        .hasMessageContaining("is not pending deletion.");
    call(k -> k.scheduleKeyDeletion(r -> r.keyId(key.keyId())));
    call(k -> k.cancelKeyDeletion(r -> r.keyId(key.keyId())));
    assertThat(call(k -> k.describeKey(r -> r.keyId(key.keyId()))).keyMetadata().keyState())
        .isEqualTo(KeyState.DISABLED);
  }

  /** A key of each kind for all its algorithms: to make one of RSA takes a second. */
  private record Signer(KmsTest world, String keyId) {
    static Signer of(String spec) {
      KmsTest world = new KmsTest();
      return new Signer(
          world,
          world
              .call(k -> k.createKey(r -> r.keySpec(spec).keyUsage(KeyUsageType.SIGN_VERIFY)))
              .keyMetadata()
              .keyId());
    }
  }

  private static final Map<String, Signer> SIGNERS = new ConcurrentHashMap<>();

  @ParameterizedTest
  @CsvSource({
    "RSA_2048,RSASSA_PKCS1_V1_5_SHA_256,SHA256withRSA,SHA-256",
    "RSA_2048,RSASSA_PSS_SHA_256,,SHA-256",
    "RSA_2048,RSASSA_PSS_SHA_512,,SHA-512",
    "ECC_NIST_P256,ECDSA_SHA_256,SHA256withECDSA,SHA-256",
    "ECC_NIST_P384,ECDSA_SHA_384,SHA384withECDSA,SHA-384",
    "ECC_NIST_P521,ECDSA_SHA_512,SHA512withECDSA,SHA-512"
  })
  void signaturesAreRealOnes(String spec, String algorithm, String jdk, String digestName)
      throws Exception {
    Signer signer = SIGNERS.computeIfAbsent(spec, Signer::of);
    String id = signer.keyId;
    SdkBytes signature =
        signer
            .world
            .call(k -> k.sign(r -> r.keyId(id).message(bytes("text")).signingAlgorithm(algorithm)))
            .signature();
    SdkBytes digest =
        SdkBytes.fromByteArray(
            MessageDigest.getInstance(digestName).digest(bytes("text").asByteArray()));
    assertThat(
            signer
                .world
                .call(
                    k ->
                        k.verify(
                            r ->
                                r.keyId(id)
                                    .message(digest)
                                    .messageType(MessageType.DIGEST)
                                    .signature(signature)
                                    .signingAlgorithm(algorithm)))
                .signatureValid())
        .isTrue();
    assertThatThrownBy(
            () ->
                signer.world.call(
                    k ->
                        k.verify(
                            r ->
                                r.keyId(id)
                                    .message(bytes("other"))
                                    .signature(signature)
                                    .signingAlgorithm(algorithm))))
        .isInstanceOf(KmsInvalidSignatureException.class);
    if (jdk != null) {
      var publicKey =
          KeyFactory.getInstance(spec.startsWith("RSA") ? "RSA" : "EC")
              .generatePublic(
                  new X509EncodedKeySpec(
                      signer
                          .world
                          .call(k -> k.getPublicKey(r -> r.keyId(id)))
                          .publicKey()
                          .asByteArray()));
      Signature verifier = Signature.getInstance(jdk);
      verifier.initVerify(publicKey);
      verifier.update(bytes("text").asByteArray());
      assertThat(verifier.verify(signature.asByteArray())).isTrue();
    }
  }

  @Test
  void rsaKeysEncryptAndHmacKeysAuthenticate() {
    String rsa =
        call(k ->
                k.createKey(
                    r -> r.keySpec(KeySpec.RSA_2048).keyUsage(KeyUsageType.ENCRYPT_DECRYPT)))
            .keyMetadata()
            .keyId();
    for (String algorithm : new String[] {"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"}) {
      SdkBytes blob =
          call(k ->
                  k.encrypt(
                      r -> r.keyId(rsa).plaintext(bytes("hi")).encryptionAlgorithm(algorithm)))
              .ciphertextBlob();
      assertThat(
              call(k ->
                      k.decrypt(
                          r -> r.keyId(rsa).ciphertextBlob(blob).encryptionAlgorithm(algorithm)))
                  .plaintext()
                  .asUtf8String())
          .isEqualTo("hi");
    }
    assertThatThrownBy(
            () ->
                call(
                    k ->
                        k.encrypt(
                            r ->
                                r.keyId(rsa)
                                    .plaintext(bytes("x".repeat(191)))
                                    .encryptionAlgorithm("RSAES_OAEP_SHA_256"))))
        .hasMessageContaining("cannot encrypt data larger than 190 bytes.");
    String hmac =
        call(k ->
                k.createKey(
                    r -> r.keySpec(KeySpec.HMAC_256).keyUsage(KeyUsageType.GENERATE_VERIFY_MAC)))
            .keyMetadata()
            .keyId();
    SdkBytes mac =
        call(k ->
                k.generateMac(r -> r.keyId(hmac).message(bytes("m")).macAlgorithm("HMAC_SHA_256")))
            .mac();
    assertThat(
            call(k ->
                    k.verifyMac(
                        r ->
                            r.keyId(hmac)
                                .message(bytes("m"))
                                .mac(mac)
                                .macAlgorithm("HMAC_SHA_256")))
                .macValid())
        .isTrue();
    assertThatThrownBy(
            () ->
                call(
                    k ->
                        k.verifyMac(
                            r ->
                                r.keyId(hmac)
                                    .message(bytes("n"))
                                    .mac(mac)
                                    .macAlgorithm("HMAC_SHA_256"))))
        .isInstanceOf(KmsInvalidMacException.class);
    assertThatThrownBy(
            () ->
                call(
                    k ->
                        k.sign(
                            r ->
                                r.keyId(hmac)
                                    .message(bytes("m"))
                                    .signingAlgorithm("ECDSA_SHA_256"))))
        .hasMessageContaining("key usage is GENERATE_VERIFY_MAC which is not valid for Sign.");
  }

  @Test
  void theKeysPolicyIsTheRootOfTrust() {
    Caller ann = world.user("ann");
    KeyMetadata open = key();
    SdkBytes blob =
        call(k -> k.encrypt(r -> r.keyId(open.keyId()).plaintext(bytes("x")))).ciphertextBlob();
    assertThatThrownBy(() -> call(ann, k -> k.decrypt(r -> r.ciphertextBlob(blob))))
        .hasMessageContaining(
            "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: kms:Decrypt on"
                + " resource: "
                + open.arn());
    world.allow("ann", "{'Effect':'Allow','Action':'kms:*','Resource':'*'}");
    assertThat(call(ann, k -> k.decrypt(r -> r.ciphertextBlob(blob))).plaintext().asUtf8String())
        .isEqualTo("x");

    // Without the account in its policy, IAM's policies do not count.
    Caller bob = world.user("bob");
    String closed =
        call(
                bob,
                k ->
                    k.createKey(
                        r ->
                            r.policy(
                                IamWorld.document(
                                    "{'Effect':'Allow','Principal':{'AWS':'arn:aws:iam::111122223333:user/bob'},'Action':'kms:*','Resource':'*'}"))))
            .keyMetadata()
            .keyId();
    assertThatThrownBy(() -> call(ann, k -> k.encrypt(r -> r.keyId(closed).plaintext(bytes("x")))))
        .hasMessageContaining("because no resource-based policy allows the kms:Encrypt action");
    assertThatThrownBy(
            () ->
                call(
                    k ->
                        k.createKey(
                            r ->
                                r.policy(
                                    IamWorld.document(
                                        "{'Effect':'Allow','Principal':{'AWS':'444455556666'},'Action':'kms:*','Resource':'*'}")))))
        .hasMessageContaining(
            "The new key policy will not allow you to update the key policy in the future.");
  }

  @Test
  void grantsAddToWhatPoliciesAllow() {
    Caller ann = world.user("ann");
    KeyMetadata key = key();
    var grant =
        call(
            k ->
                k.createGrant(
                    r ->
                        r.keyId(key.keyId())
                            .granteePrincipal(ann.arn())
                            .operations(GrantOperation.ENCRYPT, GrantOperation.RETIRE_GRANT)
                            .constraints(c -> c.encryptionContextSubset(Map.of("app", "web")))));
    call(
        ann,
        k ->
            k.encrypt(
                r ->
                    r.keyId(key.keyId())
                        .plaintext(bytes("x"))
                        .encryptionContext(Map.of("app", "web", "n", "1"))));
    assertThatThrownBy(
            () -> call(ann, k -> k.encrypt(r -> r.keyId(key.keyId()).plaintext(bytes("x")))))
        .hasMessageContaining("is not authorized");
    assertThatThrownBy(() -> call(ann, k -> k.describeKey(r -> r.keyId(key.keyId()))))
        .hasMessageContaining("is not authorized");
    assertThat(call(k -> k.listGrants(r -> r.keyId(key.keyId()))).grants()).hasSize(1);
    call(ann, k -> k.retireGrant(r -> r.grantToken(grant.grantToken())));
    assertThatThrownBy(
            () ->
                call(
                    ann,
                    k ->
                        k.encrypt(
                            r ->
                                r.keyId(key.keyId())
                                    .plaintext(bytes("x"))
                                    .encryptionContext(Map.of("app", "web")))))
        .hasMessageContaining("is not authorized");
  }

  @Test
  void aliasesNameKeysAndServicesHaveTheirOwn() {
    KeyMetadata key = key();
    call(k -> k.createAlias(r -> r.aliasName("alias/db").targetKeyId(key.keyId())));
    assertThat(call(k -> k.describeKey(r -> r.keyId("alias/db"))).keyMetadata().keyId())
        .isEqualTo(key.keyId());
    assertThatThrownBy(
            () -> call(k -> k.createAlias(r -> r.aliasName("alias/db").targetKeyId(key.keyId()))))
        .hasMessageContaining(
            "An alias with the name arn:aws:kms:us-east-1:111122223333:alias/db already exists");
    assertThatThrownBy(
            () -> call(k -> k.createAlias(r -> r.aliasName("db").targetKeyId(key.keyId()))))
        .hasMessageContaining("Alias must start with the prefix \"alias/\"");
    var own = call(k -> k.describeKey(r -> r.keyId("alias/aws/ssm"))).keyMetadata();
    assertThat(own.keyManager()).isEqualTo(KeyManagerType.AWS);
    assertThat(call(k -> k.describeKey(r -> r.keyId("alias/aws/ssm"))).keyMetadata().keyId())
        .isEqualTo(own.keyId());
    assertThatThrownBy(() -> call(k -> k.disableKey(r -> r.keyId(own.keyId()))))
        .hasMessageContaining("managed by AWS");
    call(k -> k.deleteAlias(r -> r.aliasName("alias/db")));
    assertThatThrownBy(() -> call(k -> k.describeKey(r -> r.keyId("alias/db"))))
        .hasMessageContaining("Alias arn:aws:kms:us-east-1:111122223333:alias/db is not found.");
  }

  @Test
  void dataKeysOpenAndDryRunsSayThatTheyAreDry() {
    KeyMetadata key = key();
    var made = call(k -> k.generateDataKey(r -> r.keyId(key.keyId()).keySpec(DataKeySpec.AES_256)));
    assertThat(made.plaintext().asByteArray()).hasSize(32);
    assertThat(call(k -> k.decrypt(r -> r.ciphertextBlob(made.ciphertextBlob()))).plaintext())
        .isEqualTo(made.plaintext());
    assertThatThrownBy(() -> call(k -> k.generateDataKey(r -> r.keyId(key.keyId()))))
        .hasMessageContaining("Please specify either number of bytes or key spec.");
    assertThatThrownBy(
            () ->
                call(k -> k.encrypt(r -> r.keyId(key.keyId()).plaintext(bytes("x")).dryRun(true))))
        .isInstanceOf(DryRunOperationException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "ECC_SECG_P256K1,ECDSA_SHA_256,RAW",
    "ECC_SECG_P256K1,ECDSA_SHA_256,DIGEST",
    "ECC_NIST_EDWARDS25519,ED25519_SHA_512,RAW",
    "ECC_NIST_EDWARDS25519,ED25519_PH_SHA_512,DIGEST",
    "ML_DSA_44,ML_DSA_SHAKE_256,RAW",
    "ML_DSA_87,ML_DSA_SHAKE_256,RAW"
  })
  void newerKeysSignToo(String spec, String algorithm, MessageType type) {
    String id =
        call(k -> k.createKey(r -> r.keySpec(spec).keyUsage(KeyUsageType.SIGN_VERIFY)))
            .keyMetadata()
            .keyId();
    SdkBytes message = SdkBytes.fromByteArray(new byte[algorithm.endsWith("512") ? 64 : 32]);
    SdkBytes signature =
        call(k ->
                k.sign(
                    r ->
                        r.keyId(id).message(message).messageType(type).signingAlgorithm(algorithm)))
            .signature();
    VerifyRequest request =
        VerifyRequest.builder()
            .keyId(id)
            .message(message)
            .messageType(type)
            .signature(signature)
            .signingAlgorithm(algorithm)
            .build();
    assertThat(call(k -> k.verify(request)).signatureValid()).isTrue();
    byte[] other = message.asByteArray();
    other[0] = 1;
    assertThatThrownBy(
            () ->
                call(
                    k ->
                        k.verify(
                            request.toBuilder().message(SdkBytes.fromByteArray(other)).build())))
        .isInstanceOf(KmsInvalidSignatureException.class);
    if (!algorithm.startsWith("ECDSA")) {
      MessageType wrong = type == MessageType.RAW ? MessageType.DIGEST : MessageType.RAW;
      assertThatThrownBy(() -> call(k -> k.verify(request.toBuilder().messageType(wrong).build())))
          .hasMessageContaining("needs the message type " + type);
    }
  }

  @Test
  void twoKeysAgreeOnASecret() {
    KeyMetadata one = agreeing();
    KeyMetadata other = agreeing();
    assertThat(one.keyAgreementAlgorithms()).containsExactly(KeyAgreementAlgorithmSpec.ECDH);
    assertThat(shared(one, other)).isEqualTo(shared(other, one));
    SdkBytes nonsense = bytes("none");
    assertThatThrownBy(
            () ->
                call(
                    k ->
                        k.deriveSharedSecret(
                            r ->
                                r.keyId(one.keyId())
                                    .keyAgreementAlgorithm(KeyAgreementAlgorithmSpec.ECDH)
                                    .publicKey(nonsense))))
        .hasMessageContaining("public key");
  }

  private KeyMetadata agreeing() {
    return call(k ->
            k.createKey(r -> r.keySpec(KeySpec.ECC_NIST_P256).keyUsage(KeyUsageType.KEY_AGREEMENT)))
        .keyMetadata();
  }

  private SdkBytes shared(KeyMetadata own, KeyMetadata others) {
    SdkBytes publicKey = call(k -> k.getPublicKey(r -> r.keyId(others.keyId()))).publicKey();
    return call(k ->
            k.deriveSharedSecret(
                r ->
                    r.keyId(own.keyId())
                        .keyAgreementAlgorithm(KeyAgreementAlgorithmSpec.ECDH)
                        .publicKey(publicKey)))
        .sharedSecret();
  }

  @Test
  void nobodyLocksHimselfOut() {
    String id = key().keyId();
    String useOnly =
        IamWorld.document(
            "{'Effect':'Allow','Principal':{'AWS':'arn:aws:iam::111122223333:root'},'Action':'kms:Encrypt','Resource':'*'}");
    assertThatThrownBy(() -> call(k -> k.putKeyPolicy(r -> r.keyId(id).policy(useOnly))))
        .isInstanceOf(MalformedPolicyDocumentException.class)
        .hasMessageContaining("will not allow you to update the key policy in the future.");
    String nobody =
        IamWorld.document(
            "{'Effect':'Allow','Principal':{'AWS':['111122223333','arn:aws:iam::111122223333:role/nobody']},'Action':'kms:*','Resource':'*'}");
    assertThatThrownBy(() -> call(k -> k.putKeyPolicy(r -> r.keyId(id).policy(nobody))))
        .isInstanceOf(MalformedPolicyDocumentException.class)
        .hasMessageContaining("role/nobody");
    call(
        k -> k.putKeyPolicy(r -> r.keyId(id).policy(useOnly).bypassPolicyLockoutSafetyCheck(true)));
  }

  @Test
  void grantsAreListedInPagesAndTriedOut() {
    String id = key().keyId();
    Caller ann = world.user("ann");
    CreateGrantRequest grant =
        CreateGrantRequest.builder()
            .keyId(id)
            .granteePrincipal(ann.arn())
            .retiringPrincipal(ann.arn())
            .operations(GrantOperation.ENCRYPT)
            .name("one")
            .build();
    assertThatThrownBy(() -> call(k -> k.createGrant(grant.toBuilder().dryRun(true).build())))
        .isInstanceOf(DryRunOperationException.class);
    CreateGrantResponse made = call(k -> k.createGrant(grant));
    assertThat(call(k -> k.createGrant(grant)).grantId()).isEqualTo(made.grantId());
    for (String name : new String[] {"two", "three"}) {
      assertThat(call(k -> k.createGrant(grant.toBuilder().name(name).build())).grantId())
          .isNotEqualTo(made.grantId());
    }
    ListGrantsResponse first = call(k -> k.listGrants(r -> r.keyId(id).limit(2)));
    assertThat(first.grants()).hasSize(2);
    assertThat(first.truncated()).isTrue();
    assertThat(call(k -> k.listGrants(r -> r.keyId(id).marker(first.nextMarker()))).grants())
        .hasSize(1);
    assertThat(call(k -> k.listRetirableGrants(r -> r.retiringPrincipal(ann.arn()))).grants())
        .hasSize(3);
    assertThatThrownBy(
            () ->
                call(k -> k.createGrant(grant.toBuilder().operations(GrantOperation.SIGN).build())))
        .hasMessageContaining("Operations");
    assertThatThrownBy(
            () -> call(k -> k.createGrant(grant.toBuilder().granteePrincipal("ann").build())))
        .isInstanceOf(InvalidArnException.class);
    call(
        ann, k -> k.encrypt(r -> r.keyId(id).plaintext(bytes("x")).grantTokens(made.grantToken())));
    assertThatThrownBy(
            () ->
                call(
                    ann,
                    k -> k.encrypt(r -> r.keyId(id).plaintext(bytes("x")).grantTokens("none"))))
        .isInstanceOf(InvalidGrantTokenException.class);
    assertThatThrownBy(
            () -> call(k -> k.revokeGrant(r -> r.keyId(id).grantId(made.grantId()).dryRun(true))))
        .isInstanceOf(DryRunOperationException.class);
    call(ann, k -> k.retireGrant(r -> r.keyId(id).grantId(made.grantId())));
    assertThat(call(k -> k.listGrants(r -> r.keyId(id))).grants()).hasSize(2);
  }
}
