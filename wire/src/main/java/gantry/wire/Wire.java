package gantry.wire;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkClient;

/**
 * Finds which operation of which hosted service a request is for.
 *
 * <ol>
 *   <li>{@code X-Amz-Target}: AWS JSON
 *   <li>{@code /service/NAME/operation/OPERATION}: RPC v2 CBOR
 *   <li>a form or query with {@code Action}: Query, by the credential scope and {@code Version}
 *   <li>else REST, by the credential scope, the host, or whose path it is
 * </ol>
 */
public final class Wire {
  private final Map<String, Hosted> byTarget = new HashMap<>();

  /** By whole targets that were asked for and are somebody's: as many as there are operations. */
  private final Map<String, Operation> targets = new ConcurrentHashMap<>();

  private final List<Hosted> query = new ArrayList<>();
  private final List<Hosted> rest = new ArrayList<>();
  private final Map<String, Hosted> byId = new LinkedHashMap<>();

  private record Hosted(ServiceInfo info, Class<? extends SdkClient> client) {
    ServiceModel model() {
      return ServiceModel.of(client);
    }
  }

  /**
   * @param hosted the client interfaces of the services that are served; nothing of them is loaded
   */
  public Wire(Collection<Class<? extends SdkClient>> hosted) {
    for (Class<? extends SdkClient> client : hosted) {
      Hosted service = new Hosted(ServiceInfo.of(client), client);
      ServiceInfo info = service.info();
      byId.put(info.id(), service);
      if (!info.targetPrefix().isEmpty()) {
        byTarget.put(info.targetPrefix(), service);
      }
      if (info.speaks("query") || info.speaks("ec2")) {
        query.add(service);
      }
      if (info.speaks("rest-json") || info.speaks("rest-xml")) {
        rest.add(service);
      }
    }
  }

  /** The hosted services' ids. */
  public Collection<String> services() {
    return byId.keySet();
  }

  /**
   * Finds it.
   *
   * @param body read only if the request is a form
   * @throws WireException if it is no hosted service's request; see {@link #encodeError}
   */
  public Route route(RequestHead head, RequestBody body) {
    String target = head.header("x-amz-target");
    if (target != null) {
      return json(head, target);
    }
    if (head.path().startsWith("/service/")) {
      Route route = cbor(head);
      if (route != null) {
        return route;
      }
    }
    if ((Form.is(head) && head.method().equals("POST"))
        || (head.query() != null && head.query().contains("Action="))) {
      Map<String, List<String>> form = Form.of(head, body);
      if (form.containsKey("Action")) {
        return query(head, form);
      }
    }
    return rest(head);
  }

  private Route json(RequestHead head, String target) {
    Operation known = targets.get(target);
    if (known == null) {
      known = operation(target);
      targets.put(target, known);
    }
    return new Route(known.service(), known, jsonVersion(head), head, Map.of());
  }

  private Operation operation(String target) {
    int dot = target.lastIndexOf('.');
    Hosted service = dot < 0 ? null : byTarget.get(target.substring(0, dot));
    String name = target.substring(dot + 1);
    if (service == null) {
      throw new WireException(
          "UnknownOperationException",
          404,
          "No service here has the target " + shown(target) + ".");
    }
    Operation operation = service.model().operation(name);
    if (operation == null) {
      throw new WireException(
          "UnknownOperationException", 400, "The operation " + shown(name) + " is not known.");
    }
    return operation;
  }

  private static Protocol jsonVersion(RequestHead head) {
    String type = head.header("content-type");
    return type != null && type.toLowerCase(Locale.ROOT).startsWith("application/x-amz-json-1.0")
        ? Protocol.AWS_JSON_1_0
        : Protocol.AWS_JSON_1_1;
  }

  private @Nullable Route cbor(RequestHead head) {
    List<String> path = Uris.segments(head.path());
    if (path.size() != 4
        || !path.get(2).equals("operation")
        || head.header("smithy-protocol") == null) {
      return null;
    }
    Hosted service = byTarget.get(Uris.decodePath(path.get(1)));
    if (service == null || !service.info().speaks("smithy-rpc-v2-cbor")) {
      throw new WireException(
          "UnknownOperationException", 404, "No service here answers " + shown(head.path()) + ".");
    }
    Operation operation = service.model().operation(Uris.decodePath(path.get(3)));
    if (operation == null || !head.method().equals("POST")) {
      throw new WireException(
          "UnknownOperationException",
          404,
          "The operation " + shown(path.get(3)) + " is not known.");
    }
    return new Route(service.model(), operation, Protocol.RPC_V2_CBOR, head, Map.of());
  }

  private Route query(RequestHead head, Map<String, List<String>> form) {
    String action = form.getOrDefault("Action", List.of("")).getFirst();
    String version = form.getOrDefault("Version", List.of("")).getFirst();
    String scope = scope(head);
    Hosted found = null;
    for (Hosted service : query) {
      boolean signed = scope == null || scope.equals(service.info().signingName());
      boolean same = service.info().apiVersion().equals(version);
      // EC2 takes every version it ever had; clients of others send the one there is, or none.
      if (signed && (same || (scope != null && (version.isEmpty() || ec2(service))))) {
        found = service;
        if (same) {
          break;
        }
      }
    }
    if (found == null) {
      throw new WireException(
          "InvalidAction",
          400,
          "Could not find operation " + shown(action) + " for version " + shown(version));
    }
    Operation operation = found.model().operation(action);
    if (operation == null) {
      throw new WireException(
          "InvalidAction",
          400,
          ec2(found)
              ? "The action " + shown(action) + " is not valid for this web service."
              : "Could not find operation " + shown(action) + " for version " + shown(version));
    }
    return new Route(
        found.model(),
        operation,
        ec2(found) ? Protocol.EC2_QUERY : Protocol.AWS_QUERY,
        head,
        Map.of());
  }

  private static boolean ec2(Hosted service) {
    return service.info().speaks("ec2");
  }

  private Route rest(RequestHead head) {
    Map<String, List<String>> parameters = Uris.parameters(head.query());
    String scope = scope(head);
    Route best = null;
    int rank = Integer.MIN_VALUE;
    for (Hosted service : candidates(head, scope)) {
      List<String> full = path(service.info(), head);
      for (Operation operation : service.model().operations()) {
        UriTemplate uri = operation.uri();
        UriTemplate.Match match = uri.match(head, full, parameters);
        if (match != null && match.rank() > rank) {
          rank = match.rank();
          best =
              new Route(
                  service.model(),
                  operation,
                  service.info().speaks("rest-xml") ? Protocol.REST_XML : Protocol.REST_JSON,
                  head,
                  match.labels());
        }
      }
    }
    if (best == null) {
      throw new WireException(
          "UnknownOperationException",
          404,
          "No operation here answers " + shown(head.method() + " " + head.path()) + ".");
    }
    return best;
  }

  /**
   * The service that signature or host name, or all if neither does; S3, which takes any path,
   * last.
   */
  private List<Hosted> candidates(RequestHead head, @Nullable String scope) {
    List<Hosted> found = new ArrayList<>(1);
    for (Hosted service : rest) {
      if (scope != null
          ? service.info().signingName().equals(scope)
          : host(head).startsWith(service.info().endpointPrefix() + ".")) {
        found.add(service);
      }
    }
    return found.isEmpty() && scope == null ? rest : found;
  }

  private static String host(RequestHead head) {
    return Objects.requireNonNullElse(head.header("host"), "").toLowerCase(Locale.ROOT);
  }

  /** What the templates of a service's paths are matched with: of S3, with the bucket in front. */
  static List<String> path(ServiceInfo service, RequestHead head) {
    List<String> path = Uris.segments(head.path());
    String bucket = service.id().equals("s3") ? virtualHost(head) : null;
    if (bucket == null) {
      return path;
    }
    List<String> full = new ArrayList<>(path);
    full.addFirst(bucket);
    return full;
  }

  /** The bucket in {@code BUCKET.s3.localhost} or {@code BUCKET.s3.REGION.amazonaws.com}. */
  private static @Nullable String virtualHost(RequestHead head) {
    String host = host(head);
    int at = host.indexOf(".s3.");
    if (at < 0) {
      at = host.indexOf(".s3-");
    }
    return at <= 0 ? null : host.substring(0, at);
  }

  /** The service that a request is signed for, by header or query; null if it is not signed. */
  public static @Nullable String scope(RequestHead head) {
    String header = head.header("authorization");
    String credential = null;
    if (header != null) {
      int at = header.indexOf("Credential=");
      if (at >= 0) {
        int end = header.indexOf(',', at);
        credential = header.substring(at + 11, end < 0 ? header.length() : end).strip();
      }
    } else if (head.query() != null && head.query().contains("X-Amz-Credential=")) {
      credential =
          Uris.parameters(head.query()).getOrDefault("X-Amz-Credential", List.of("")).getFirst();
    }
    if (credential == null) {
      return null;
    }
    String[] parts = credential.split("/", -1);
    return parts.length < 5 ? null : parts[parts.length - 2];
  }

  private static String shown(String text) {
    return text.length() > 200 ? text.substring(0, 200) + "..." : text;
  }

  /** An error of a request for which there is no route, in the protocol that it seems to speak. */
  public Reply encodeError(RequestHead head, Throwable thrown, String requestId) {
    Protocol protocol = guess(head);
    String scope = scope(head);
    ServiceInfo info = null;
    for (ServiceInfo one : ServiceInfo.all()) {
      if (one.signingName().equals(scope) && one.speaks(protocol.modelName())) {
        info = one;
      }
    }
    if (info == null) {
      info = NO_SERVICE;
    }
    return protocol.codec().encodeError(info, head, Errors.of(null, protocol, thrown), requestId);
  }

  private static final ServiceInfo NO_SERVICE =
      new ServiceInfo("", "", "", "", "", "", List.of(), "", "", "", false);

  /** Which protocol a request seems to speak; what fits nothing better gets JSON. */
  public static Protocol guess(RequestHead head) {
    if (head.header("x-amz-target") != null) {
      return jsonVersion(head);
    }
    if (head.header("smithy-protocol") != null) {
      return Protocol.RPC_V2_CBOR;
    }
    String scope = scope(head);
    for (ServiceInfo info : ServiceInfo.all()) {
      if (info.signingName().equals(scope)) {
        for (Protocol protocol : Protocol.values()) {
          if (info.speaks(protocol.modelName())) {
            return protocol;
          }
        }
      }
    }
    return Form.is(head) || (head.query() != null && head.query().contains("Action="))
        ? Protocol.AWS_QUERY
        : Protocol.REST_JSON;
  }
}
