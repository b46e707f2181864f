package gantry.services;

import software.amazon.awssdk.core.SdkRequest;

/**
 * Decides whether a caller may do what it asks. Asked once for every API call, from the network and
 * from inside, after the caller is known and before the request is looked at any further.
 */
@FunctionalInterface
public interface Authorizer {

  Authorizer EVERYBODY = call -> {};

  /**
   * Returns when the call is allowed.
   *
   * @throws software.amazon.awssdk.awscore.exception.AwsServiceException the denial, with the code
   *     and text of the service that is called
   */
  void check(Call call);

  /**
   * What is asked.
   *
   * @param service the prefix of IAM actions and the signing name: {@code ecs}
   * @param operation {@code RunTask}
   */
  record Call(Caller caller, String service, String operation, SdkRequest request) {

    public String action() {
      return service + ":" + operation;
    }
  }
}
