package gantry.traffic.lb;

import gantry.traffic.lb.RoutingTable.Certificate;
import gantry.traffic.lb.RoutingTable.Listener;
import gantry.traffic.lb.RoutingTable.TlsPolicy;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.util.ReferenceCountUtil;
import java.lang.ref.Cleaner;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** What a secure listener offers: its certificates by server name, under its policy. */
final class Tls {

  static final long HANDSHAKE_MILLIS = 10_000;

  /**
   * BoringSSL: a new connection costs a fraction of what the JDK takes; else the JDK. Counted, as
   * each connection of the other kind leaves the collector an object with a finalizer.
   */
  private static final SslProvider PROVIDER =
      OpenSsl.isAvailable() ? SslProvider.OPENSSL_REFCNT : SslProvider.JDK;

  private static final String[] CLASSICAL_GROUPS = {"X25519", "P-256", "P-384"};

  /** BoringSSL has one of the three hybrids that AWS offers, the one that browsers use. */
  private static final String[] HYBRID_GROUPS = {"X25519MLKEM768", "X25519", "P-256", "P-384"};

  /** What AWS offers targets, whatever the listener's policy is. */
  private static final String[] TO_TARGET_PROTOCOLS = {"TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1"};

  private static final Cleaner CLEANER = Cleaner.create();

  private static final SslContext TO_TARGET = clientContext(false);
  private static final SslContext TO_HTTP2_TARGET = clientContext(true);

  /** One certificate made ready, and the names that it is for. */
  private record Offer(Certificate certificate, Set<String> names, boolean ecdsa) {}

  /**
   * A certificate's context, and the ARN that logs say.
   *
   * @param of whose context it is: as long as a connection holds this, it is there
   */
  record Chosen(Tls of, SslContext context, String certificateArn) {}

  /** The contexts made so far, by certificate; apart, so that they can outlive their owner. */
  private static final class Contexts implements Runnable {
    final Map<String, SslContext> made = new ConcurrentHashMap<>();

    /** Nobody can choose any more. Connections that were made have counted themselves. */
    @Override
    public void run() {
      made.values().forEach(ReferenceCountUtil::release);
    }
  }

  /** All that a context depends on: as long as it is the same, so are the contexts. */
  record Terms(
      RoutingTable.Protocol protocol,
      TlsPolicy policy,
      List<String> alpn,
      boolean http2,
      List<Certificate> certificates) {

    static Terms of(Listener listener, Map<String, Certificate> known, boolean http2) {
      List<Certificate> own = new ArrayList<>();
      for (String arn : listener.certificates()) {
        Certificate certificate = known.get(arn);
        if (certificate != null) {
          own.add(certificate);
        }
      }
      return new Terms(
          listener.protocol(),
          Objects.requireNonNull(listener.tlsPolicy()),
          listener.alpn(),
          http2,
          List.copyOf(own));
    }
  }

  final Terms terms;
  private final List<Offer> offers = new ArrayList<>();
  private final Contexts contexts = new Contexts();

  Tls(Terms terms) {
    this.terms = terms;
    CLEANER.register(this, contexts);
    for (Certificate certificate : terms.certificates()) {
      X509Certificate own = certificate.chain().getFirst();
      offers.add(
          new Offer(certificate, names(own), own.getPublicKey().getAlgorithm().startsWith("EC")));
    }
  }

  boolean ready() {
    return !offers.isEmpty();
  }

  /** ECDSA before RSA among those that match; the listener's default where none does. */
  Chosen choose(@Nullable String serverName) {
    Offer best = null;
    if (serverName != null) {
      String name = serverName.toLowerCase(Locale.ROOT);
      for (Offer offer : offers) {
        if (matches(offer.names(), name) && (best == null || (offer.ecdsa() && !best.ecdsa()))) {
          best = offer;
        }
      }
    }
    Certificate certificate = (best == null ? offers.getFirst() : best).certificate();
    SslContext made = contexts.made.get(certificate.arn());
    if (made == null) {
      made = contexts.made.computeIfAbsent(certificate.arn(), arn -> context(certificate));
    }
    return new Chosen(this, made, certificate.arn());
  }

  boolean covers(String serverName) {
    String name = serverName.toLowerCase(Locale.ROOT);
    return offers.stream().anyMatch(offer -> matches(offer.names(), name));
  }

  private SslContext context(Certificate certificate) {
    try {
      SslContextBuilder builder =
          SslContextBuilder.forServer(certificate.key(), certificate.chain())
              .sslProvider(PROVIDER)
              .protocols(terms.policy().protocols())
              .ciphers(
                  terms.policy().ciphers().stream().map(CipherNames::iana).toList(),
                  SupportedCipherSuiteFilter.INSTANCE)
              .sessionCacheSize(20_000)
              .sessionTimeout(300);
      if (PROVIDER != SslProvider.JDK) {
        builder.option(
            OpenSslContextOption.GROUPS,
            terms.policy().postQuantum() ? HYBRID_GROUPS : CLASSICAL_GROUPS);
      }
      List<String> protocols =
          terms.protocol() == RoutingTable.Protocol.TLS
              ? terms.alpn()
              : terms.http2()
                  ? List.of(ApplicationProtocolNames.HTTP_2, ApplicationProtocolNames.HTTP_1_1)
                  : List.of(ApplicationProtocolNames.HTTP_1_1);
      if (!protocols.isEmpty()) {
        builder.applicationProtocolConfig(alpn(protocols));
      }
      SslContext made = builder.build();
      if (made.sessionContext() instanceof OpenSslSessionContext sessions) {
        // Tickets also for TLS 1.2, under keys that BoringSSL makes and changes itself.
        sessions.setTicketKeys();
      }
      return made;
    } catch (SSLException e) {
      throw new IllegalStateException("certificate " + certificate.arn() + " cannot be used", e);
    }
  }

  private static ApplicationProtocolConfig alpn(List<String> protocols) {
    return new ApplicationProtocolConfig(
        Protocol.ALPN,
        SelectorFailureBehavior.NO_ADVERTISE,
        SelectedListenerFailureBehavior.ACCEPT,
        protocols);
  }

  private static boolean matches(Set<String> names, String name) {
    if (names.contains(name)) {
      return true;
    }
    int dot = name.indexOf('.');
    return dot > 0 && names.contains("*" + name.substring(dot));
  }

  private static Set<String> names(X509Certificate certificate) {
    Set<String> names = new HashSet<>();
    try {
      Collection<List<?>> alternatives = certificate.getSubjectAlternativeNames();
      if (alternatives != null) {
        for (List<?> one : alternatives) {
          if (Integer.valueOf(2).equals(one.get(0))) {
            names.add(String.valueOf(one.get(1)).toLowerCase(Locale.ROOT));
          }
        }
      }
    } catch (CertificateParsingException e) {
      throw new IllegalStateException("a certificate's names cannot be read", e);
    }
    if (names.isEmpty()) {
      for (String part : certificate.getSubjectX500Principal().getName().split(",", -1)) {
        if (part.startsWith("CN=")) {
          names.add(part.substring(3).toLowerCase(Locale.ROOT));
        }
      }
    }
    return names;
  }

  // --- to targets ----------------------------------------------------------------------------

  /** A target's certificate is not validated: AWS does not either. */
  private static SslContext clientContext(boolean http2) {
    try {
      SslContextBuilder builder =
          SslContextBuilder.forClient()
              .sslProvider(PROVIDER)
              .protocols(TO_TARGET_PROTOCOLS)
              .trustManager(InsecureTrustManagerFactory.INSTANCE)
              .endpointIdentificationAlgorithm("");
      if (http2) {
        builder.applicationProtocolConfig(alpn(List.of(ApplicationProtocolNames.HTTP_2)));
      }
      return builder.build();
    } catch (SSLException e) {
      throw new IllegalStateException("no TLS", e);
    }
  }

  static SslHandler toTarget(ByteBufAllocator allocator, TargetState target) {
    return toTarget(allocator, target, target.group.spec.version() != RoutingTable.Version.HTTP1);
  }

  static SslHandler toTarget(ByteBufAllocator allocator, TargetState target, boolean http2) {
    SslHandler handler =
        (http2 ? TO_HTTP2_TARGET : TO_TARGET)
            .newHandler(allocator, target.address.getHostString(), target.port);
    handler.setHandshakeTimeoutMillis(HANDSHAKE_MILLIS);
    return handler;
  }
}
