package gantry.wire.sigv4;

import static java.nio.charset.StandardCharsets.UTF_8;

/** A secret, narrowed to one day, region and service. */
final class SigningKey {

  private final byte[] bytes;

  private SigningKey(byte[] bytes) {
    this.bytes = bytes;
  }

  static SigningKey derive(String secret, Credential credential) {
    byte[] date = Hashes.hmac(("AWS4" + secret).getBytes(UTF_8), credential.date());
    byte[] region = Hashes.hmac(date, credential.region());
    byte[] service = Hashes.hmac(region, credential.service());
    return new SigningKey(Hashes.hmac(service, credential.terminator()));
  }

  String sign(String text) {
    return Hashes.hex(Hashes.hmac(bytes, text));
  }
}
