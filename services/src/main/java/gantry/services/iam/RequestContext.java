package gantry.services.iam;

import gantry.services.Caller;
import gantry.services.iam.Identities.Identity;
import gantry.services.iam.Tables.SessionRow;
import gantry.services.iam.policy.Context;
import gantry.services.iam.policy.PrincipalInfo;
import gantry.state.Row;
import gantry.state.View;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The global condition keys: what every request has, whatever it asks. Values are made when a
 * policy asks for them.
 */
public final class RequestContext {

  private RequestContext() {}

  public static Context of(Caller caller, Identity who, Instant now) {
    return key -> {
      String value = value(key, caller, who, now);
      return value == null ? null : List.of(value);
    };
  }

  private static @Nullable String value(String key, Caller caller, Identity who, Instant now) {
    PrincipalInfo principal = who.principal();
    SessionRow issued = who.issued();
    if (key.startsWith("aws:principaltag/")) {
      String tag = key.substring("aws:principaltag/".length());
      return who.tags().entrySet().stream()
          .filter(entry -> entry.getKey().toLowerCase(Locale.ROOT).equals(tag))
          .map(java.util.Map.Entry::getValue)
          .findFirst()
          .orElse(null);
    }
    return switch (key) {
      case "aws:currenttime" -> DateTimeFormatter.ISO_INSTANT.format(now);
      case "aws:epochtime" -> Long.toString(now.getEpochSecond());
      case "aws:securetransport" -> "false"; // TLS ends before us, if there is any
      case "aws:requestedregion" -> caller.region();
      case "aws:useragent" -> caller.userAgent();
      case "aws:sourceip" -> caller.sourceIp();
      case "aws:viaawsservice" -> Boolean.toString(caller.isService() || caller.via() != null);
      case "aws:calledvia", "aws:calledviafirst", "aws:calledvialast" -> caller.via();
      case "kms:viaservice" -> viaService(caller);
      case "aws:principalisawsservice" -> Boolean.toString(caller.isService());
      case "aws:principalservicename" -> caller.isService() ? caller.arn() : null;
      case "aws:userid" -> caller.userId();
      case "aws:principalaccount", "kms:calleraccount" -> caller.account();
      case "aws:principalarn" ->
          principal.kind() == PrincipalInfo.Kind.SERVICE ? null : principal.entityArn();
      case "aws:principaltype" ->
          switch (principal.kind()) {
            case ROOT -> "Account";
            case USER -> "User";
            case ROLE_SESSION, WEB_IDENTITY -> "AssumedRole";
            case FEDERATED_USER -> "FederatedUser";
            case SERVICE -> "Service";
            case ANONYMOUS -> "Anonymous";
          };
      case "aws:username" ->
          principal.kind() == PrincipalInfo.Kind.USER
              ? principal.arn().substring(principal.arn().lastIndexOf('/') + 1)
              : null;
      case "aws:tokenissuetime" ->
          issued == null ? null : DateTimeFormatter.ISO_INSTANT.format(issued.created());
      case "aws:multifactorauthpresent" -> issued == null ? null : "false";
      case "aws:sourceidentity" -> issued == null ? null : issued.sourceIdentity();
      default -> issued == null ? null : claim(issued, key);
    };
  }

  /** KMS names the service with the region: {@code ssm.eu-central-1.amazonaws.com}. */
  private static @Nullable String viaService(Caller caller) {
    String via = caller.via();
    return via == null
        ? null
        : via.replaceFirst("\\.amazonaws\\.com$", "." + caller.region() + ".amazonaws.com");
  }

  private static @Nullable String claim(SessionRow issued, String key) {
    return issued.context().entrySet().stream()
        .filter(entry -> entry.getKey().toLowerCase(Locale.ROOT).equals(key))
        .map(java.util.Map.Entry::getValue)
        .findFirst()
        .orElse(null);
  }

  /** Whose an access key is, if it is one of ours. */
  public static Optional<String> accountOfKey(View view, String accessKeyId) {
    Stream<Row<?>> rows =
        Stream.concat(
            view.lookupAll(Tables.ACCESS_KEYS_BY_ID, accessKeyId),
            view.lookupAll(Tables.SESSIONS_BY_ID, accessKeyId));
    return rows.map(row -> row.key().scope().account()).findFirst();
  }
}
