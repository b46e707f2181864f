package gantry.services.ssm;

import gantry.services.HostedService;
import gantry.services.SecretBox;
import java.util.List;
import software.amazon.awssdk.services.ssm.SsmClient;

/** Parameter Store as the program hosts it. */
public final class SsmService {

  private SsmService() {}

  /** {@code box} keeps the SecureStrings that no customer's key is named for. */
  public static HostedService<SsmClient> hosted(SecretBox box) {
    return new HostedService<>(
        SsmClient.class,
        context -> new Ssm(context, box),
        List.of(ParameterTables.PARAMETERS, ParameterTables.VERSIONS),
        context -> List.of(new Expirations(context.store(), context.clock())));
  }
}
