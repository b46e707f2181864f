package gantry.services.elbv2;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.elbv2.Rows.BalancerRow;
import gantry.services.elbv2.Rows.ListenerRow;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Tx;
import gantry.state.View;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Action;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Certificate;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.CertificateNotFoundException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.CreateListenerRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DescribeListenersRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DescribeListenersResponse;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DuplicateListenerException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Listener;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ModifyListenerRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.MutualAuthenticationAttributes;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.OperationNotPermittedException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ProtocolEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ResourceInUseException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.SslPolicyNotFoundException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TooManyCertificatesException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TooManyListenersException;

/** Listeners, with the certificates that they offer. */
final class Listeners {

  private static final int MAX_LISTENERS = 50;
  private static final int MAX_CERTIFICATES = 25;
  private static final String DEFAULT_POLICY = "ELBSecurityPolicy-2016-08";
  static final Set<String> APPLICATION = Set.of("HTTP", "HTTPS");
  private static final Set<String> NETWORK = Set.of("TCP", "TLS", "UDP", "TCP_UDP");

  private final ServiceContext context;
  private final Certificates certificates;

  Listeners(ServiceContext context, Certificates certificates) {
    this.context = context;
    this.certificates = certificates;
  }

  static ListenerRow require(View view, Scope scope, @Nullable String arn) {
    ListenerRow row = view.get(Rows.LISTENERS, scope.key(Arns.Kind.LISTENER.check(scope, arn)));
    if (row == null) {
      throw Errors.noListener();
    }
    return row;
  }

  // --- listeners -----------------------------------------------------------------------------

  Listener create(CreateListenerRequest r) {
    Scope scope = Caller.current().scope();
    BalancerRow balancer =
        Balancers.require(context.store().snapshot(), scope, r.loadBalancerArn());
    boolean application = Balancers.application(balancer.balancer());
    if (r.port() == null) {
      throw Errors.validation("A listener port must be specified");
    }
    if (r.protocolAsString() == null) {
      throw Errors.validation("A listener protocol must be specified");
    }
    checkPort(r.port());
    checkProtocol(r.protocolAsString(), application);
    noMutual(r.mutualAuthentication());
    boolean secure = secure(r.protocol());
    List<Certificate> certificate =
        certificate(scope, r.certificates(), secure, r.protocolAsString());
    noPolicyInTheClear(r.sslPolicy(), secure, r.protocolAsString());
    List<Action> actions = Actions.normal(r.defaultActions(), application, secure);
    Tags.check(r.tags());
    String arn = Arns.listener(balancer.balancer().loadBalancerArn(), context.ids().hex(16));
    String ruleArn = Arns.rule(arn, context.ids().hex(16));
    Listener.Builder made =
        Listener.builder()
            .listenerArn(arn)
            .loadBalancerArn(balancer.balancer().loadBalancerArn())
            .port(r.port())
            .protocol(r.protocol())
            .defaultActions(actions);
    if (secure) {
      made.sslPolicy(policy(r.sslPolicy())).certificates(certificate);
      if (application) {
        made.mutualAuthentication(m -> m.mode("off"));
      }
    }
    if (r.hasAlpnPolicy() && !r.alpnPolicy().isEmpty()) {
      made.alpnPolicy(alpn(r.alpnPolicy(), r.protocol()));
    }
    Listener listener = made.build();
    return context
        .store()
        .write(
            tx -> {
              Balancers.require(tx, scope, r.loadBalancerArn());
              List<Row<ListenerRow>> others =
                  tx.lookup(Rows.LISTENERS_OF, scope, listener.loadBalancerArn()).toList();
              for (Row<ListenerRow> other : others) {
                Listener had = other.value().listener();
                if (had.port().equals(listener.port())) {
                  if (had.protocol() == listener.protocol()
                      && had.defaultActions().equals(listener.defaultActions())
                      && had.certificates().equals(listener.certificates())) {
                    return had;
                  }
                  throw DuplicateListenerException.builder()
                      .message(
                          "A listener already exists on this port for this load balancer '"
                              + listener.loadBalancerArn()
                              + "'")
                      .build();
                }
              }
              if (others.size() >= MAX_LISTENERS) {
                throw TooManyListenersException.builder()
                    .message("You have reached the maximum number of listeners per load balancer")
                    .build();
              }
              ActionGroups.check(
                  tx, scope, balancer.balancer(), listener.protocolAsString(), actions);
              tx.put(
                  Rows.LISTENERS,
                  scope.key(arn),
                  new ListenerRow(listener, ruleArn, Map.of(), List.of(), List.copyOf(r.tags())));
              return listener;
            });
  }

  Listener modify(ModifyListenerRequest r) {
    Scope scope = Caller.current().scope();
    ListenerRow before = require(context.store().snapshot(), scope, r.listenerArn());
    noMutual(r.mutualAuthentication());
    BalancerRow balancer =
        Balancers.require(context.store().snapshot(), scope, before.listener().loadBalancerArn());
    boolean application = Balancers.application(balancer.balancer());
    ProtocolEnum protocol = r.protocol() == null ? before.listener().protocol() : r.protocol();
    checkProtocol(
        r.protocol() == null ? before.listener().protocolAsString() : r.protocolAsString(),
        application);
    if (r.port() != null) {
      checkPort(r.port());
    }
    boolean secure = secure(protocol);
    List<Certificate> certificate =
        r.hasCertificates() && !r.certificates().isEmpty()
            ? certificate(scope, r.certificates(), secure, protocol.toString())
            : secure ? before.listener().certificates() : List.of();
    noPolicyInTheClear(r.sslPolicy(), secure, protocol.toString());
    if (secure && certificate.isEmpty()) {
      throw noCertificate(protocol.toString());
    }
    List<Action> actions =
        r.hasDefaultActions() && !r.defaultActions().isEmpty()
            ? Actions.normal(r.defaultActions(), application, secure)
            : before.listener().defaultActions();
    return context
        .store()
        .write(
            tx -> {
              ListenerRow row = require(tx, scope, r.listenerArn());
              int port = r.port() == null ? row.listener().port() : r.port();
              boolean taken =
                  tx.lookup(Rows.LISTENERS_OF, scope, row.listener().loadBalancerArn())
                      .anyMatch(
                          other ->
                              other.value().listener().port() == port
                                  && !other.key().id().equals(r.listenerArn()));
              if (taken) {
                throw DuplicateListenerException.builder()
                    .message(
                        "A listener already exists on this port for this load balancer '"
                            + row.listener().loadBalancerArn()
                            + "'")
                    .build();
              }
              ActionGroups.check(tx, scope, balancer.balancer(), protocol.toString(), actions);
              Listener.Builder next =
                  row.listener().toBuilder()
                      .port(port)
                      .protocol(protocol)
                      .defaultActions(actions)
                      .certificates(secure ? certificate : null)
                      .sslPolicy(
                          secure
                              ? policy(
                                  r.sslPolicy() == null
                                      ? row.listener().sslPolicy()
                                      : r.sslPolicy())
                              : null);
              if (r.hasAlpnPolicy() && !r.alpnPolicy().isEmpty()) {
                next.alpnPolicy(alpn(r.alpnPolicy(), protocol));
              }
              Listener listener = next.build();
              tx.put(
                  Rows.LISTENERS,
                  scope.key(r.listenerArn()),
                  new ListenerRow(
                      listener,
                      row.defaultRuleArn(),
                      row.attributes(),
                      secure ? row.more() : List.of(),
                      row.tags()));
              return listener;
            });
  }

  DescribeListenersResponse describe(DescribeListenersRequest r) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    if (r.hasListenerArns() && !r.listenerArns().isEmpty()) {
      List<Listener> found = new ArrayList<>();
      for (String arn : r.listenerArns()) {
        found.add(require(view, scope, arn).listener());
      }
      return DescribeListenersResponse.builder().listeners(found).build();
    }
    if (r.loadBalancerArn() == null) {
      throw Errors.validation("You must specify either listener ARNs or a load balancer ARN");
    }
    Balancers.require(view, scope, r.loadBalancerArn());
    Page<ListenerRow> page =
        Page.of(
            view,
            Rows.LISTENERS,
            scope,
            r.marker(),
            r.pageSize(),
            row -> r.loadBalancerArn().equals(row.listener().loadBalancerArn()));
    return DescribeListenersResponse.builder()
        .listeners(page.rows().stream().map(ListenerRow::listener).toList())
        .nextMarker(page.next())
        .build();
  }

  void delete(@Nullable String arn) {
    Scope scope = Caller.current().scope();
    context
        .store()
        .write(
            tx -> {
              ListenerRow row = require(tx, scope, arn);
              Listener listener = row.listener();
              boolean used =
                  tx.lookup(Rows.TARGETS_BY_ID, scope, listener.loadBalancerArn())
                      .anyMatch(target -> target.value().port() == listener.port());
              if (used) {
                throw ResourceInUseException.builder()
                    .message(
                        "Listener port '"
                            + listener.port()
                            + "' is in use by registered target '"
                            + listener.loadBalancerArn()
                            + "' and cannot be removed.")
                    .build();
              }
              Rules.deleteAll(tx, scope, listener.listenerArn());
              tx.delete(Rows.LISTENERS, scope.key(listener.listenerArn()));
              return null;
            });
  }

  private static void checkPort(int port) {
    if (port < 1 || port > 65535) {
      throw Errors.validation(
          "1 validation error detected: Value '"
              + port
              + "' at 'port' failed to satisfy constraint: Member must have value between 1 and"
              + " 65535");
    }
  }

  private static void checkProtocol(String protocol, boolean application) {
    if (!(application ? APPLICATION : NETWORK).contains(protocol)) {
      throw Errors.validation(
          "Listener protocol '"
              + protocol
              + "' must be one of '"
              + (application ? "HTTP, HTTPS" : "UDP, TCP, TLS, TCP_UDP")
              + "'");
    }
  }

  private static void noMutual(@Nullable MutualAuthenticationAttributes mutual) {
    if (mutual != null && mutual.mode() != null && !mutual.mode().equals("off")) {
      throw Errors.notBuilt(
          "MutualAuthentication mode " + mutual.mode(), "client certificates are not asked for");
    }
  }

  static boolean secure(ProtocolEnum protocol) {
    return protocol == ProtocolEnum.HTTPS || protocol == ProtocolEnum.TLS;
  }

  private static void noPolicyInTheClear(@Nullable String policy, boolean secure, String protocol) {
    if (!secure && policy != null && !policy.isEmpty()) {
      throw Errors.validation("SSL policies cannot be specified for " + protocol + " listeners");
    }
  }

  private static String policy(@Nullable String asked) {
    String policy = asked == null ? DEFAULT_POLICY : asked;
    if (SslPolicies.find(policy) == null) {
      throw SslPolicyNotFoundException.builder()
          .message("SSL policy '" + policy + "' not found")
          .build();
    }
    return policy;
  }

  private static List<String> alpn(List<String> asked, ProtocolEnum protocol) {
    Set<String> known = Set.of("HTTP1Only", "HTTP2Only", "HTTP2Optional", "HTTP2Preferred", "None");
    if (protocol != ProtocolEnum.TLS || asked.size() != 1 || !known.contains(asked.getFirst())) {
      throw Errors.validation("The ALPN policy " + asked + " is not valid for this listener");
    }
    return asked;
  }

  private List<Certificate> certificate(
      Scope scope, List<Certificate> given, boolean secure, String protocol) {
    if (!secure) {
      if (!given.isEmpty()) {
        throw Errors.validation("Certificates cannot be specified for " + protocol + " listeners");
      }
      return List.of();
    }
    if (given.isEmpty()) {
      throw noCertificate(protocol);
    }
    if (given.size() > 1) {
      throw Errors.validation(
          "Up to one certificate can be specified at a time as the default certificate");
    }
    if (given.getFirst().isDefault() != null) {
      throw Errors.validation("You cannot set the isDefault parameter for a certificate");
    }
    certificates.require(scope, given.getFirst().certificateArn());
    return List.of(Certificate.builder().certificateArn(given.getFirst().certificateArn()).build());
  }

  private static RuntimeException noCertificate(String protocol) {
    return CertificateNotFoundException.builder()
        .message("A certificate must be specified for " + protocol + " listeners")
        .build();
  }

  // --- certificates beside the default one ---------------------------------------------------

  List<Certificate> addCertificates(@Nullable String arn, List<Certificate> more) {
    Scope scope = Caller.current().scope();
    if (more.isEmpty()) {
      throw Errors.validation("At least one certificate must be specified");
    }
    for (Certificate one : more) {
      if (one.isDefault() != null) {
        throw Errors.validation("You cannot set the isDefault parameter for a certificate");
      }
      certificates.require(scope, one.certificateArn());
    }
    return context
        .store()
        .write(
            tx -> {
              ListenerRow row = require(tx, scope, arn);
              if (!secure(row.listener().protocol())) {
                throw Errors.configuration("The listener does not use certificates");
              }
              List<Certificate> all = new ArrayList<>(row.more());
              for (Certificate one : more) {
                Certificate plain =
                    Certificate.builder()
                        .certificateArn(one.certificateArn())
                        .isDefault(false)
                        .build();
                if (!all.contains(plain)) {
                  all.add(plain);
                }
              }
              if (all.size() > MAX_CERTIFICATES) {
                throw TooManyCertificatesException.builder()
                    .message(
                        "You have reached the maximum number of certificates per load balancer")
                    .build();
              }
              put(tx, scope, row, all);
              return more.stream().map(c -> c.toBuilder().isDefault(false).build()).toList();
            });
  }

  void removeCertificates(@Nullable String arn, List<Certificate> gone) {
    Scope scope = Caller.current().scope();
    Set<String> arns = new HashSet<>(gone.stream().map(Certificate::certificateArn).toList());
    context
        .store()
        .write(
            tx -> {
              ListenerRow row = require(tx, scope, arn);
              if (row.listener().certificates().stream()
                  .anyMatch(c -> arns.contains(c.certificateArn()))) {
                throw OperationNotPermittedException.builder()
                    .message("The default certificate cannot be removed")
                    .build();
              }
              put(
                  tx,
                  scope,
                  row,
                  row.more().stream().filter(c -> !arns.contains(c.certificateArn())).toList());
              return null;
            });
  }

  List<Certificate> describeCertificates(@Nullable String arn) {
    ListenerRow row = require(context.store().snapshot(), Caller.current().scope(), arn);
    List<Certificate> all = new ArrayList<>();
    row.listener().certificates().forEach(c -> all.add(c.toBuilder().isDefault(true).build()));
    all.addAll(row.more());
    return all;
  }

  private static void put(Tx tx, Scope scope, ListenerRow row, List<Certificate> more) {
    tx.put(
        Rows.LISTENERS,
        scope.key(row.listener().listenerArn()),
        new ListenerRow(
            row.listener(), row.defaultRuleArn(), row.attributes(), List.copyOf(more), row.tags()));
  }
}
