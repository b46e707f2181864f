package gantry.services.elbv2;

import gantry.services.Clients;
import gantry.state.Scope;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.acm.AcmClient;
import software.amazon.awssdk.services.acm.model.AcmException;
import software.amazon.awssdk.services.acm.model.InvalidArnException;
import software.amazon.awssdk.services.acm.model.ResourceNotFoundException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.CertificateNotFoundException;

/** What the service asks of ACM: whether a certificate is there and issued. */
final class Certificates {

  private final Clients clients;

  Certificates(Clients clients) {
    this.clients = clients;
  }

  void require(Scope scope, @Nullable String arn) {
    if (arn == null) {
      throw Errors.validation("A certificate ARN must be specified");
    }
    boolean issued;
    try {
      issued =
          "ISSUED"
              .equals(
                  clients
                      .as(Network.PRINCIPAL, scope, AcmClient.class)
                      .describeCertificate(r -> r.certificateArn(arn))
                      .certificate()
                      .statusAsString());
    } catch (AcmException e) {
      if (!saysNone(e)) {
        throw e;
      }
      issued = false;
    }
    if (!issued) {
      throw CertificateNotFoundException.builder()
          .message("Certificate '" + arn + "' not found")
          .build();
    }
  }

  /** Anything else that ACM says is not about the certificate. */
  private static boolean saysNone(AcmException e) {
    return e instanceof ResourceNotFoundException
        || e instanceof InvalidArnException
        || e.awsErrorDetails() != null
            && "ValidationException".equals(e.awsErrorDetails().errorCode());
  }
}
