package gantry.services.acm;

import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.services.acm.model.*;

/** What a certificate says of itself, as Certificate Manager describes it. */
final class Certificates {

  private Certificates() {}

  /** Whether the key is the one of the certificate. */
  static boolean belong(X509Certificate certificate, PrivateKey key) {
    try {
      byte[] probe = {1, 2, 3};
      String algorithm =
          certificate.getPublicKey() instanceof RSAPublicKey ? "SHA256withRSA" : "SHA256withECDSA";
      Signature signature = Signature.getInstance(algorithm);
      signature.initSign(key);
      signature.update(probe);
      byte[] signed = signature.sign();
      signature.initVerify(certificate.getPublicKey());
      signature.update(probe);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  static CertificateDetail.Builder detail(String arn, X509Certificate own) {
    List<String> names = names(own);
    String subject = own.getSubjectX500Principal().getName();
    return CertificateDetail.builder()
        .certificateArn(arn)
        .domainName(names.isEmpty() ? subject : names.getFirst())
        .subjectAlternativeNames(names)
        .serial(serial(own))
        .subject(subject)
        .issuer(own.getIssuerX500Principal().getName())
        .status(CertificateStatus.ISSUED)
        .notBefore(own.getNotBefore().toInstant())
        .notAfter(own.getNotAfter().toInstant())
        .keyAlgorithm(algorithm(own))
        .signatureAlgorithm(own.getSigAlgName().toUpperCase(Locale.ROOT))
        .inUseBy(List.of());
  }

  static String serial(X509Certificate own) {
    String hex = own.getSerialNumber().toString(16);
    String even = hex.length() % 2 == 0 ? hex : "0" + hex;
    return String.join(":", even.split("(?<=\\G..)", -1)).replaceAll(":$", "");
  }

  static String algorithm(X509Certificate own) {
    return switch (own.getPublicKey()) {
      case RSAPublicKey rsa -> "RSA_" + rsa.getModulus().bitLength();
      case ECPublicKey ec ->
          switch (ec.getParams().getOrder().bitLength()) {
            case 256 -> "EC_prime256v1";
            case 384 -> "EC_secp384r1";
            default -> "EC_secp521r1";
          };
      default -> own.getPublicKey().getAlgorithm();
    };
  }

  static List<String> names(X509Certificate own) {
    List<String> names = new ArrayList<>();
    for (String part : own.getSubjectX500Principal().getName().split(",", -1)) {
      if (part.startsWith("CN=")) {
        names.add(part.substring(3));
      }
    }
    try {
      Collection<List<?>> all = own.getSubjectAlternativeNames();
      if (all != null) {
        for (List<?> one : all) {
          String name = String.valueOf(one.get(1));
          if (Integer.valueOf(2).equals(one.get(0)) && !names.contains(name)) {
            names.add(name);
          }
        }
      }
    } catch (CertificateParsingException e) {
      throw invalid("The certificate's names cannot be read.");
    }
    return names;
  }

  static AcmException invalid(String message) {
    return (AcmException)
        AcmException.builder()
            .message(message)
            .statusCode(400)
            .awsErrorDetails(
                AwsErrorDetails.builder()
                    .errorCode("ValidationException")
                    .errorMessage(message)
                    .serviceName("Acm")
                    .build())
            .build();
  }
}
