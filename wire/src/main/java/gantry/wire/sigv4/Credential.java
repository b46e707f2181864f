package gantry.wire.sigv4;

/** The credential of a signature: whose key, and the scope that the signing key was derived for. */
public record Credential(
    String accessKeyId, String date, String region, String service, String terminator) {

  static final String TERMINATOR = "aws4_request";

  /** The part after the key id, as it stands in the string to sign. */
  public String scope() {
    return date + "/" + region + "/" + service + "/" + terminator;
  }

  @Override
  public String toString() {
    return accessKeyId + "/" + scope();
  }
}
