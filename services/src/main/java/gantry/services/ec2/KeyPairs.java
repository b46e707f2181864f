package gantry.services.ec2;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import software.amazon.awssdk.services.ec2.model.*;

/** Key pairs: RSA ones that we make, and public keys of any kind that are imported. */
final class KeyPairs {

  private static final int RSA_BITS = 2048;

  private final Desk desk;

  KeyPairs(Desk desk) {
    this.desk = desk;
  }

  CreateKeyPairResponse create(CreateKeyPairRequest request) {
    if (request.keyType() == KeyType.ED25519) {
      throw Errors.unsupported("Making an ED25519 key pair (importing one works)");
    }
    if (request.keyFormat() == KeyFormat.PPK) {
      throw Errors.unsupported("The PPK format");
    }
    String name = Errors.required(request.keyName(), "KeyName");
    List<Tag> tags = Tags.of(request.tagSpecifications(), ResourceType.KEY_PAIR);
    // Making a key takes long: what is refused is refused before it.
    desk.read(
        request.dryRun(),
        lookup -> {
          unused(lookup, name);
          return true;
        });
    KeyPair pair = rsa();
    String fingerprint = colons(digest("SHA-1", pair.getPrivate().getEncoded()));
    String material = pem(pair.getPrivate());
    return desk.write(
        request.dryRun(),
        session -> {
          KeyPairInfo info =
              put(session, name, openSsh(pair.getPublic(), name), fingerprint, KeyType.RSA, tags);
          return CreateKeyPairResponse.builder()
              .keyName(name)
              .keyPairId(info.keyPairId())
              .keyFingerprint(fingerprint)
              .keyMaterial(material)
              .tags(tags)
              .build();
        });
  }

  /** Keys come from the platform's own generator, not from chance that a simulation controls. */
  private static KeyPair rsa() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(RSA_BITS);
      return generator.generateKeyPair();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String pem(PrivateKey key) {
    return "-----BEGIN PRIVATE KEY-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key.getEncoded())
        + "\n-----END PRIVATE KEY-----";
  }

  /** As {@code authorized_keys} has it: the algorithm's name, the exponent and the modulus. */
  private static String openSsh(PublicKey key, String name) {
    if (!(key instanceof RSAPublicKey rsa)) {
      throw new IllegalStateException("not an RSA key: " + key.getAlgorithm());
    }
    ByteArrayOutputStream blob = new ByteArrayOutputStream();
    for (byte[] part :
        List.of(
            "ssh-rsa".getBytes(StandardCharsets.US_ASCII),
            rsa.getPublicExponent().toByteArray(),
            rsa.getModulus().toByteArray())) {
      blob.writeBytes(ByteBuffer.allocate(Integer.BYTES).putInt(part.length).array());
      blob.writeBytes(part);
    }
    return "ssh-rsa " + Base64.getEncoder().encodeToString(blob.toByteArray()) + " " + name;
  }

  private static void unused(Lookup lookup, String name) {
    if (lookup.all(Kinds.KEY_PAIR).anyMatch(key -> key.keyName().equals(name))) {
      throw Errors.of("InvalidKeyPair.Duplicate", "The keypair already exists: %s", name);
    }
  }

  private static KeyPairInfo put(
      Session session,
      String name,
      String publicKey,
      String fingerprint,
      KeyType type,
      List<Tag> tags) {
    unused(session, name);
    KeyPairInfo info =
        KeyPairInfo.builder()
            .keyPairId(session.newId("key-"))
            .keyName(name)
            .publicKey(publicKey)
            .keyFingerprint(fingerprint)
            .keyType(type)
            .createTime(session.now())
            .tags(tags)
            .build();
    session.put(Kinds.KEY_PAIR, info.keyPairId(), info);
    return info;
  }

  ImportKeyPairResponse importKey(ImportKeyPairRequest request) {
    String name = Errors.required(request.keyName(), "KeyName");
    if (request.publicKeyMaterial() == null) {
      throw Errors.missing("PublicKeyMaterial");
    }
    String text = request.publicKeyMaterial().asString(StandardCharsets.UTF_8).strip();
    String[] words = text.split("\\s+", -1);
    KeyType type =
        switch (words[0]) {
          case "ssh-rsa" -> KeyType.RSA;
          case "ssh-ed25519" -> KeyType.ED25519;
          default ->
              throw Errors.of("InvalidKey.Format", "Key is not in valid OpenSSH public key format");
        };
    String fingerprint;
    try {
      byte[] blob = Base64.getDecoder().decode(words.length > 1 ? words[1] : "");
      if (blob.length < 32) {
        throw Errors.of("InvalidKey.Format", "Key is not in valid OpenSSH public key format");
      }
      fingerprint =
          type == KeyType.RSA
              ? colons(digest("MD5", blob))
              : Base64.getEncoder().encodeToString(digest("SHA-256", blob));
    } catch (IllegalArgumentException notBase64) {
      throw Errors.of("InvalidKey.Format", "Key is not in valid OpenSSH public key format");
    }
    List<Tag> tags = Tags.of(request.tagSpecifications(), ResourceType.KEY_PAIR);
    return desk.write(
        request.dryRun(),
        session -> {
          KeyPairInfo info = put(session, name, text, fingerprint, type, tags);
          return ImportKeyPairResponse.builder()
              .keyName(name)
              .keyPairId(info.keyPairId())
              .keyFingerprint(fingerprint)
              .tags(tags)
              .build();
        });
  }

  DescribeKeyPairsResponse describe(DescribeKeyPairsRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          List<String> ids = new ArrayList<>(request.keyPairIds());
          for (String name : request.keyNames()) {
            ids.add(
                lookup
                    .all(Kinds.KEY_PAIR)
                    .filter(key -> key.keyName().equals(name))
                    .findFirst()
                    .orElseThrow(
                        () ->
                            Errors.of(
                                Kinds.KEY_PAIR.notFoundCode(), Kinds.KEY_PAIR.notFoundText(), name))
                    .keyPairId());
          }
          boolean whole = Boolean.TRUE.equals(request.includePublicKey());
          return DescribeKeyPairsResponse.builder()
              .keyPairs(
                  lookup
                      .describe(Kinds.KEY_PAIR, ids, request.filters(), null, null)
                      .rows()
                      .stream()
                      .map(key -> whole ? key : key.toBuilder().publicKey(null).build())
                      .toList())
              .build();
        });
  }

  DeleteKeyPairResponse delete(DeleteKeyPairRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          if (request.keyName() == null && request.keyPairId() == null) {
            throw Errors.missing("KeyName");
          }
          String id =
              session
                  .all(Kinds.KEY_PAIR)
                  .filter(
                      key ->
                          key.keyName().equals(request.keyName())
                              || key.keyPairId().equals(request.keyPairId()))
                  .findFirst()
                  .map(KeyPairInfo::keyPairId)
                  .orElse("");
          // To delete one that is not there succeeds, as on AWS.
          session.delete(Kinds.KEY_PAIR, id);
          return DeleteKeyPairResponse.builder().returnValue(true).keyPairId(id).build();
        });
  }

  private static byte[] digest(String algorithm, byte[] of) {
    try {
      return MessageDigest.getInstance(algorithm).digest(of);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String colons(byte[] digest) {
    return HexFormat.ofDelimiter(":").formatHex(digest);
  }
}
