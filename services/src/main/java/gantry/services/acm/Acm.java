package gantry.services.acm;

import gantry.services.Caller;
import gantry.services.HostedService;
import gantry.services.ServiceContext;
import gantry.state.Scope;
import gantry.state.Table;
import gantry.state.View;
import java.nio.charset.StandardCharsets;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.acm.AcmClient;
import software.amazon.awssdk.services.acm.model.*;

/**
 * Certificate Manager. A requested certificate is issued at once by an authority of our own (one
 * for each account), whose certificate stands in the chain; nothing is validated, since nobody but
 * this program's own clients trusts it.
 */
public final class Acm implements AcmClient {

  static final int MAX_CERTIFICATES = 2500;
  private static final int MAX_NAMES = 10;
  private static final int MAX_TAGS = 50;

  /**
   * A certificate with its key.
   *
   * @param privateKey PEM; a secret
   */
  public record CertificateRow(
      CertificateDetail detail, String body, String chain, String privateKey, List<Tag> tags) {

    @Override
    public String toString() {
      return "CertificateRow[" + detail.certificateArn() + "]";
    }
  }

  /** The authority of an account; {@code key} is a secret. */
  public record AuthorityRow(String certificate, String key) {
    @Override
    public String toString() {
      return "AuthorityRow[]";
    }
  }

  public static final Table<CertificateRow> CERTIFICATES =
      Table.of("acm.certificates", CertificateRow.class);
  public static final Table<AuthorityRow> AUTHORITIES =
      Table.of("acm.authorities", AuthorityRow.class);

  private final ServiceContext context;

  public Acm(ServiceContext context) {
    this.context = context;
  }

  /** The service as the program hosts it. */
  public static HostedService<AcmClient> hosted() {
    return HostedService.of(AcmClient.class, Acm::new, CERTIFICATES, AUTHORITIES);
  }

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {}

  // --- import, request -----------------------------------------------------------------------

  @Override
  public ImportCertificateResponse importCertificate(ImportCertificateRequest r) {
    Scope scope = Caller.current().scope();
    String body = text(r.certificate(), "certificate");
    String key = text(r.privateKey(), "private key");
    String chain = r.certificateChain() == null ? "" : text(r.certificateChain(), "chain");
    X509Certificate own;
    PrivateKey secret;
    try {
      List<X509Certificate> all = Pem.chain(body);
      if (all.size() > 1) {
        throw Certificates.invalid(
            "The certificate field contains more than one certificate. You can specify only one"
                + " certificate in this field.");
      }
      own = all.getFirst();
    } catch (IllegalArgumentException e) {
      throw Certificates.invalid("The certificate is not a valid PEM-encoded X.509 certificate.");
    }
    try {
      secret = Pem.key(key);
    } catch (IllegalArgumentException e) {
      throw Certificates.invalid("The private key is not valid, or is encrypted.");
    }
    try {
      if (!chain.isEmpty()) {
        Pem.chain(chain);
      }
    } catch (IllegalArgumentException e) {
      throw Certificates.invalid("Could not validate the certificate with the certificate chain.");
    }
    if (!Certificates.belong(own, secret)) {
      throw Certificates.invalid("The private key does not match the certificate.");
    }
    Instant now = context.clock().instant();
    if (own.getNotAfter().toInstant().isBefore(now)) {
      throw Certificates.invalid("The certificate is expired.");
    }
    String arn = r.certificateArn() == null ? arn(scope) : r.certificateArn();
    if (r.certificateArn() != null && r.hasTags() && !r.tags().isEmpty()) {
      throw Certificates.invalid("You cannot tag a certificate while you reimport it.");
    }
    checkTags(r.tags());
    CertificateDetail detail =
        Certificates.detail(arn, own)
            .type(CertificateType.IMPORTED)
            .importedAt(now)
            .renewalEligibility(RenewalEligibility.INELIGIBLE)
            .build();
    context
        .store()
        .write(
            tx -> {
              CertificateRow had = tx.get(CERTIFICATES, scope.key(arn));
              if (r.certificateArn() != null && had == null) {
                throw missing(arn);
              }
              requireRoom(tx, scope);
              tx.put(
                  CERTIFICATES,
                  scope.key(arn),
                  new CertificateRow(
                      detail, body, chain, key, had != null ? had.tags() : List.copyOf(r.tags())));
              return null;
            });
    return ImportCertificateResponse.builder().certificateArn(arn).build();
  }

  @Override
  public RequestCertificateResponse requestCertificate(RequestCertificateRequest r) {
    Scope scope = Caller.current().scope();
    if (r.certificateAuthorityArn() != null) {
      throw Certificates.invalid(
          "A private certificate authority is not supported here: there is only the local one.");
    }
    Set<String> names = new LinkedHashSet<>();
    names.add(checkName(r.domainName()));
    r.subjectAlternativeNames().forEach(name -> names.add(checkName(name)));
    if (names.size() > MAX_NAMES) {
      throw LimitExceededException.builder()
          .message("Error: you have reached your limit of " + MAX_NAMES + " domain names.")
          .build();
    }
    String algorithm = r.keyAlgorithm() == null ? "RSA_2048" : r.keyAlgorithmAsString();
    if (!Set.of("RSA_2048", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1").contains(algorithm)) {
      throw Certificates.invalid("The key algorithm " + algorithm + " cannot be requested.");
    }
    checkTags(r.tags());
    Instant now = context.clock().instant();
    Authority.Issued authority = authority(scope, now);
    Authority.Issued made =
        Authority.issue(authority, List.copyOf(names), algorithm, now, context.ids());
    X509Certificate own = Pem.chain(made.certificate()).getFirst();
    String arn = arn(scope);
    ValidationMethod method =
        r.validationMethod() == null ? ValidationMethod.EMAIL : r.validationMethod();
    List<DomainValidation> validations =
        names.stream()
            .map(
                name ->
                    DomainValidation.builder()
                        .domainName(name)
                        .validationDomain(name)
                        .validationStatus(DomainStatus.SUCCESS)
                        .validationMethod(method)
                        .resourceRecord(method == ValidationMethod.DNS ? record(name, scope) : null)
                        .build())
            .toList();
    CertificateDetail detail =
        Certificates.detail(arn, own)
            .type(CertificateType.AMAZON_ISSUED)
            .createdAt(now)
            .issuedAt(now)
            .domainValidationOptions(validations)
            .renewalEligibility(RenewalEligibility.ELIGIBLE)
            .options(
                r.options() == null
                    ? CertificateOptions.builder()
                        .certificateTransparencyLoggingPreference("ENABLED")
                        .build()
                    : r.options())
            .build();
    context
        .store()
        .write(
            tx -> {
              requireRoom(tx, scope);
              tx.put(
                  CERTIFICATES,
                  scope.key(arn),
                  new CertificateRow(
                      detail,
                      made.certificate(),
                      authority.certificate(),
                      made.key(),
                      List.copyOf(r.tags())));
              return null;
            });
    return RequestCertificateResponse.builder().certificateArn(arn).build();
  }

  /** A record that would prove the name: the same for the same name and account, as AWS's is. */
  private static ResourceRecord record(String name, Scope scope) {
    String plain = name.startsWith("*.") ? name.substring(2) : name;
    String token = Long.toHexString((plain + scope.account()).hashCode() & 0xffffffffL);
    return ResourceRecord.builder()
        .name("_" + token + "." + plain + ".")
        .type(RecordType.CNAME)
        .value("_" + token + ".acm-validations.aws.")
        .build();
  }

  private Authority.Issued authority(Scope scope, Instant now) {
    Scope global = Scope.global(scope.account());
    AuthorityRow had = context.store().snapshot().get(AUTHORITIES, global.key("local"));
    if (had == null) {
      Authority.Issued made = Authority.root(now, context.ids());
      had =
          context
              .store()
              .write(
                  tx -> {
                    AuthorityRow other = tx.get(AUTHORITIES, global.key("local"));
                    if (other != null) {
                      return other;
                    }
                    AuthorityRow row = new AuthorityRow(made.certificate(), made.key());
                    tx.put(AUTHORITIES, global.key("local"), row);
                    return row;
                  });
    }
    return new Authority.Issued(had.certificate(), had.key());
  }

  private static void requireRoom(View view, Scope scope) {
    if (view.count(CERTIFICATES, scope) >= MAX_CERTIFICATES) {
      throw LimitExceededException.builder()
          .message("Error: you have reached your limit of " + MAX_CERTIFICATES + " certificates.")
          .build();
    }
  }

  private String arn(Scope scope) {
    return "arn:aws:acm:"
        + scope.region()
        + ":"
        + scope.account()
        + ":certificate/"
        + context.ids().uuid();
  }

  // --- look at, delete -----------------------------------------------------------------------

  @Override
  public DescribeCertificateResponse describeCertificate(DescribeCertificateRequest r) {
    CertificateRow row = require(context.store().snapshot(), r.certificateArn());
    return DescribeCertificateResponse.builder().certificate(now(row).detail()).build();
  }

  private CertificateRow now(CertificateRow row) {
    if (row.detail().notAfter().isBefore(context.clock().instant())) {
      return new CertificateRow(
          row.detail().toBuilder().status(CertificateStatus.EXPIRED).build(),
          row.body(),
          row.chain(),
          row.privateKey(),
          row.tags());
    }
    return row;
  }

  @Override
  public GetCertificateResponse getCertificate(GetCertificateRequest r) {
    CertificateRow row = require(context.store().snapshot(), r.certificateArn());
    return GetCertificateResponse.builder()
        .certificate(row.body())
        .certificateChain(row.chain().isEmpty() ? null : row.chain())
        .build();
  }

  @Override
  public ListCertificatesResponse listCertificates(ListCertificatesRequest r) {
    Scope scope = Caller.current().scope();
    int size = r.maxItems() == null ? 1000 : r.maxItems();
    if (size < 1 || size > 1000) {
      throw Certificates.invalid("MaxItems must be between 1 and 1000");
    }
    View view = context.store().snapshot();
    List<CertificateDetail> found =
        (r.nextToken() == null
                ? view.scan(CERTIFICATES, scope)
                : view.scanAfter(CERTIFICATES, scope, r.nextToken()))
            .map(row -> now(row.value()).detail())
            .filter(
                detail ->
                    r.certificateStatusesAsStrings().isEmpty()
                        || r.certificateStatusesAsStrings().contains(detail.statusAsString()))
            .filter(
                detail ->
                    r.includes() == null
                        || r.includes().keyTypesAsStrings().isEmpty()
                        || r.includes().keyTypesAsStrings().contains(detail.keyAlgorithmAsString()))
            .limit(size + 1L)
            .toList();
    List<CertificateDetail> shown = found.size() > size ? found.subList(0, size) : found;
    return ListCertificatesResponse.builder()
        .certificateSummaryList(
            shown.stream()
                .map(
                    d ->
                        CertificateSummary.builder()
                            .certificateArn(d.certificateArn())
                            .domainName(d.domainName())
                            .subjectAlternativeNameSummaries(d.subjectAlternativeNames())
                            .hasAdditionalSubjectAlternativeNames(false)
                            .status(d.status())
                            .type(d.type())
                            .keyAlgorithm(d.keyAlgorithm())
                            .notBefore(d.notBefore())
                            .notAfter(d.notAfter())
                            .createdAt(d.createdAt())
                            .issuedAt(d.issuedAt())
                            .importedAt(d.importedAt())
                            .renewalEligibility(d.renewalEligibility())
                            .inUse(false)
                            .build())
                .toList())
        .nextToken(found.size() > size ? shown.getLast().certificateArn() : null)
        .build();
  }

  @Override
  public DeleteCertificateResponse deleteCertificate(DeleteCertificateRequest r) {
    Scope scope = Caller.current().scope();
    context
        .store()
        .write(
            tx -> {
              require(tx, r.certificateArn());
              tx.delete(CERTIFICATES, scope.key(r.certificateArn()));
              return null;
            });
    return DeleteCertificateResponse.builder().build();
  }

  // --- tags ----------------------------------------------------------------------------------

  @Override
  public AddTagsToCertificateResponse addTagsToCertificate(AddTagsToCertificateRequest r) {
    checkTags(r.tags());
    retag(r.certificateArn(), all -> r.tags().forEach(tag -> all.put(tag.key(), tag)));
    return AddTagsToCertificateResponse.builder().build();
  }

  @Override
  public RemoveTagsFromCertificateResponse removeTagsFromCertificate(
      RemoveTagsFromCertificateRequest r) {
    retag(
        r.certificateArn(),
        all ->
            r.tags()
                .forEach(
                    tag ->
                        all.computeIfPresent(
                            tag.key(),
                            (key, had) ->
                                tag.value() == null || tag.value().equals(had.value())
                                    ? null
                                    : had)));
    return RemoveTagsFromCertificateResponse.builder().build();
  }

  @Override
  public ListTagsForCertificateResponse listTagsForCertificate(ListTagsForCertificateRequest r) {
    return ListTagsForCertificateResponse.builder()
        .tags(require(context.store().snapshot(), r.certificateArn()).tags())
        .build();
  }

  private void retag(@Nullable String arn, java.util.function.Consumer<Map<String, Tag>> how) {
    Scope scope = Caller.current().scope();
    context
        .store()
        .write(
            tx -> {
              CertificateRow row = require(tx, arn);
              Map<String, Tag> all = new LinkedHashMap<>();
              row.tags().forEach(tag -> all.put(tag.key(), tag));
              how.accept(all);
              if (all.size() > MAX_TAGS) {
                throw TooManyTagsException.builder()
                    .message("The certificate would have more than " + MAX_TAGS + " tags.")
                    .build();
              }
              tx.put(
                  CERTIFICATES,
                  scope.key(row.detail().certificateArn()),
                  new CertificateRow(
                      row.detail(),
                      row.body(),
                      row.chain(),
                      row.privateKey(),
                      List.copyOf(all.values())));
              return null;
            });
  }

  private static void checkTags(List<Tag> tags) {
    for (Tag tag : tags) {
      if (tag.key() == null || tag.key().isEmpty() || tag.key().length() > 128) {
        throw InvalidTagException.builder().message("The tag key is not valid.").build();
      }
    }
    if (tags.size() > MAX_TAGS) {
      throw TooManyTagsException.builder()
          .message("More than " + MAX_TAGS + " tags were given.")
          .build();
    }
  }

  // --- small things --------------------------------------------------------------------------

  private static CertificateRow require(View view, @Nullable String arn) {
    if (arn == null || !arn.startsWith("arn:")) {
      throw InvalidArnException.builder().message("The ARN " + arn + " is not valid.").build();
    }
    CertificateRow row = view.get(CERTIFICATES, Caller.current().scope().key(arn));
    if (row == null) {
      throw missing(arn);
    }
    return row;
  }

  private static ResourceNotFoundException missing(String arn) {
    return ResourceNotFoundException.builder()
        .message(
            "Could not find certificate " + arn + " in account " + Caller.current().account() + ".")
        .build();
  }

  private static String text(@Nullable SdkBytes bytes, String what) {
    if (bytes == null) {
      throw Certificates.invalid("The " + what + " is missing.");
    }
    return new String(bytes.asByteArray(), StandardCharsets.US_ASCII);
  }

  private static String checkName(@Nullable String name) {
    if (name == null
        || name.length() > 253
        || !name.matches(
            "(\\*\\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])")) {
      throw Certificates.invalid(
          "1 validation error detected: Value '"
              + name
              + "' at 'domainName' failed to satisfy constraint: Member must satisfy regular"
              + " expression pattern");
    }
    return name.toLowerCase(Locale.ROOT);
  }
}
