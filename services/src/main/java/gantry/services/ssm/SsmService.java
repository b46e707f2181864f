package gantry.services.ssm;

import gantry.services.HostedService;
import gantry.services.SecretBox;
import gantry.services.ssm.ParameterTables.ParameterRow;
import gantry.state.Deadlines;
import gantry.state.Store;
import java.time.Clock;
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
        context -> List.of(expirations(context.store(), context.clock())));
  }

  /** Parameters go when their Expiration policy says so. */
  static Deadlines<ParameterRow> expirations(Store store, Clock clock) {
    return new Deadlines<>(
        "ssm-expirations",
        store,
        clock,
        ParameterTables.PARAMETERS,
        ParameterRow::expiresAt,
        (tx, key, row) -> Ssm.delete(tx, key.scope(), row));
  }
}
