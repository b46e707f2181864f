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
 * @param explainer answers {@code gantry why} for what is this service's
 */
public record HostedService<C extends SdkClient>(
    Class<C> client,
    Function<ServiceContext, C> create,
    List<Table<?>> tables,
    Function<ServiceContext, List<Controller>> controllers,
    Function<ServiceContext, Explainer> explainer) {

  /** A service that explains nothing. */
  public HostedService(
      Class<C> client,
      Function<ServiceContext, C> create,
      List<Table<?>> tables,
      Function<ServiceContext, List<Controller>> controllers) {
    this(client, create, tables, controllers, context -> Explainer.NONE);
  }

  public static <C extends SdkClient> HostedService<C> of(
      Class<C> client, Function<ServiceContext, C> create, Table<?>... tables) {
    return new HostedService<>(client, create, List.of(tables), context -> List.of());
  }

  public HostedService<C> explained(Function<ServiceContext, Explainer> by) {
    return new HostedService<>(client, create, tables, controllers, by);
  }
}
