package gantry.services.sts;

import gantry.services.Caller;
import gantry.services.HostedService;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.model.GetAccessKeyInfoRequest;
import software.amazon.awssdk.services.sts.model.GetAccessKeyInfoResponse;
import software.amazon.awssdk.services.sts.model.GetCallerIdentityRequest;
import software.amazon.awssdk.services.sts.model.GetCallerIdentityResponse;

/** The calls that need no role: who the caller is, and whose an access key is. */
public final class Sts implements StsClient {

  public static HostedService<StsClient> hosted() {
    return HostedService.of(StsClient.class, context -> new Sts());
  }

  @Override
  public GetCallerIdentityResponse getCallerIdentity(GetCallerIdentityRequest request) {
    Caller caller = Caller.current();
    return GetCallerIdentityResponse.builder()
        .account(caller.account())
        .arn(caller.arn())
        .userId(caller.userId())
        .build();
  }

  @Override
  public GetAccessKeyInfoResponse getAccessKeyInfo(GetAccessKeyInfoRequest request) {
    return GetAccessKeyInfoResponse.builder().account(account(request.accessKeyId())).build();
  }

  /** A key that is an account's number is that account's; all other keys here are the caller's. */
  private static String account(String accessKeyId) {
    return accessKeyId.matches("[0-9]{12}") ? accessKeyId : Caller.current().account();
  }

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {}
}
