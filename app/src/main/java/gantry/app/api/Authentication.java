package gantry.app.api;

import gantry.services.AccessKeys;
import gantry.services.Caller;
import gantry.wire.Protocol;
import gantry.wire.Route;
import gantry.wire.ServiceInfo;
import gantry.wire.sigv4.Claim;
import gantry.wire.sigv4.CredentialLookup;
import gantry.wire.sigv4.Payload;
import gantry.wire.sigv4.SigV4Failure;
import gantry.wire.sigv4.SigV4Failure.Dialect;
import gantry.wire.sigv4.SignedMessage;
import gantry.wire.sigv4.Verifier;
import java.time.Clock;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Who calls. A key that we know is always verified, and one that we made and that is over is
 * refused. One that we do not know is refused beyond loopback; on loopback it is taken for the root
 * of the default account, or of the account whose number it is, as the local tools do that people
 * know.
 */
public final class Authentication {

  private static final Pattern ACCOUNT = Pattern.compile("[0-9]{12}");

  /** Operations whose caller proves himself by other means than a key. */
  private static final Set<String> WITHOUT_KEY =
      Set.of("AssumeRoleWithSAML", "AssumeRoleWithWebIdentity");

  private final Verifier<AccessKeys.Principal> verifier;
  private final AccessKeys keys;
  private final boolean anyKey;
  private final String account;
  private final String region;

  /** With {@code anyKey}, keys that are not known are taken. */
  public Authentication(
      AccessKeys keys, Clock clock, boolean anyKey, String account, String region) {
    this.verifier =
        new Verifier<>(
            id -> {
              AccessKeys.AccessKey key = keys.find(id);
              return key == null
                  ? null
                  : new CredentialLookup.Key<>(
                      key.secret(), key.sessionToken(), key.expires(), key.principal());
            },
            clock);
    this.keys = keys;
    this.anyKey = anyKey;
    this.account = account;
    this.region = region;
  }

  /** Who it is, and how his body is to be read. */
  public record Known(Caller caller, Payload payload) {}

  /**
   * Finds out who calls.
   *
   * @throws SigV4Failure.Refused when it is nobody that may
   */
  public Known caller(
      SignedMessage message,
      Route route,
      String requestId,
      @Nullable String sourceIp,
      Supplier<byte[]> body) {
    Claim claim = Claim.of(message);
    String service = route.service().info().signingName();
    boolean known =
        claim != null
            && (verifier.key(claim) != null || keys.issued(claim.credential().accessKeyId()));
    if (known || !(anyKey || WITHOUT_KEY.contains(route.operation().name()))) {
      Verifier.Verified<AccessKeys.Principal> verified =
          verifier.verify(message, claim, service, body);
      return new Known(
          caller(verified.principal(), verified.claim(), requestId, sourceIp, message),
          verified.payload());
    }
    String keyId = claim == null ? "" : claim.credential().accessKeyId();
    String named = ACCOUNT.matcher(keyId).matches() ? keyId : account;
    return new Known(
        caller(AccessKeys.Principal.root(named), claim, requestId, sourceIp, message),
        Verifier.unverified(message, claim));
  }

  private Caller caller(
      AccessKeys.Principal principal,
      @Nullable Claim claim,
      String requestId,
      @Nullable String sourceIp,
      SignedMessage message) {
    String said = claim == null ? "" : claim.credential().region();
    return new Caller(
        principal.account(),
        said.isEmpty() ? region : said,
        principal.arn(),
        principal.userId(),
        claim == null ? null : claim.credential().accessKeyId(),
        principal.tags(),
        requestId,
        sourceIp,
        message.header("user-agent"));
  }

  /** How the service words what is wrong with a signature. */
  static Dialect dialect(ServiceInfo service, Protocol protocol) {
    return switch (protocol) {
      case AWS_JSON_1_0, AWS_JSON_1_1, RPC_V2_CBOR -> Dialect.JSON;
      case AWS_QUERY -> Dialect.QUERY;
      case EC2_QUERY -> Dialect.EC2;
      case REST_JSON -> Dialect.REST_JSON;
      case REST_XML -> service.id().equals("s3") ? Dialect.S3 : Dialect.QUERY;
    };
  }
}
