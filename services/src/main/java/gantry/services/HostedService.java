package gantry.services;

import gantry.state.Controller;
import gantry.state.Table;
import java.util.List;
import java.util.function.Function;
import software.amazon.awssdk.core.SdkClient;

/**
 * One AWS service as the program hosts it. Made once at start, cheaply: {@code create} runs when
 * the service is first called, or when its controllers have something to do.
 *
 * @param client the SDK's client interface that {@code create} implements
 * @param tables every table of the service, so that the store can load them
 */
public record HostedService<C extends SdkClient>(
    Class<C> client,
    Function<ServiceContext, C> create,
    List<Table<?>> tables,
    Function<ServiceContext, List<Controller>> controllers) {

  public static <C extends SdkClient> HostedService<C> of(
      Class<C> client, Function<ServiceContext, C> create, Table<?>... tables) {
    return new HostedService<>(client, create, List.of(tables), context -> List.of());
  }
}
