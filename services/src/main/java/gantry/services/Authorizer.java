package gantry.services;

import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkRequest;

/**
 * Decides whether a caller may do what it asks. Asked once for every API call, from the network and
 * from inside, after the caller is known and before the request is looked at any further.
 */
@FunctionalInterface
public interface Authorizer {

  /**
   * Returns when the call may go on: with null when it is allowed, or with what enforcement would
   * have said to it.
   *
   * @throws software.amazon.awssdk.awscore.exception.AwsServiceException the denial, with the code
   *     and text of the service that is called
   */
  @Nullable String check(Call call);

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
