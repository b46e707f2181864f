package gantry.services.iam;

import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.iam.model.*;

/**
 * Listings of what can only be made on AWS: devices, certificates, passwords. There are none, and
 * clients that take a user or an account apart must hear that.
 */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
abstract class AbsentApi extends PolicyApi {

  AbsentApi(ServiceContext context, SecretBox box) {
    super(context, box);
  }

  /** There are no pages of nothing. */
  private void none(@Nullable String userName, @Nullable String marker) {
    if (userName != null) {
      Named.USERS.require(view(), scope(), userName);
    }
    if (marker != null) {
      throw Errors.validation("Invalid Marker.");
    }
  }

  public ListMfaDevicesResponse listMFADevices(ListMfaDevicesRequest r) {
    none(r.userName(), r.marker());
    return ListMfaDevicesResponse.builder().mfaDevices(new MFADevice[0]).isTruncated(false).build();
  }

  public ListSigningCertificatesResponse listSigningCertificates(ListSigningCertificatesRequest r) {
    none(r.userName(), r.marker());
    return ListSigningCertificatesResponse.builder()
        .certificates(new SigningCertificate[0])
        .isTruncated(false)
        .build();
  }

  public ListSshPublicKeysResponse listSSHPublicKeys(ListSshPublicKeysRequest r) {
    none(r.userName(), r.marker());
    return ListSshPublicKeysResponse.builder()
        .sshPublicKeys(new SSHPublicKeyMetadata[0])
        .isTruncated(false)
        .build();
  }

  public ListServiceSpecificCredentialsResponse listServiceSpecificCredentials(
      ListServiceSpecificCredentialsRequest r) {
    none(r.userName(), r.marker());
    return ListServiceSpecificCredentialsResponse.builder()
        .serviceSpecificCredentials(new ServiceSpecificCredentialMetadata[0])
        .isTruncated(false)
        .build();
  }

  public ListVirtualMfaDevicesResponse listVirtualMFADevices(ListVirtualMfaDevicesRequest r) {
    none(null, r.marker());
    return ListVirtualMfaDevicesResponse.builder()
        .virtualMFADevices(new VirtualMFADevice[0])
        .isTruncated(false)
        .build();
  }

  public ListServerCertificatesResponse listServerCertificates(ListServerCertificatesRequest r) {
    none(null, r.marker());
    return ListServerCertificatesResponse.builder()
        .serverCertificateMetadataList(new ServerCertificateMetadata[0])
        .isTruncated(false)
        .build();
  }

  public ListSamlProvidersResponse listSAMLProviders(ListSamlProvidersRequest r) {
    return ListSamlProvidersResponse.builder()
        .samlProviderList(new SAMLProviderListEntry[0])
        .build();
  }

  public GetAccountPasswordPolicyResponse getAccountPasswordPolicy(
      GetAccountPasswordPolicyRequest r) {
    throw Errors.none(
        "The Password Policy with domain name " + scope().account() + " cannot be found.");
  }
}
