package gantry.services.ecs.controller;

import gantry.services.ServiceContext;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.rows.ConnectRow;
import gantry.services.ecs.rows.ServiceRow;
import gantry.state.Change;
import gantry.state.Controller;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.View;
import java.time.Duration;
import java.util.stream.Stream;
import software.amazon.awssdk.services.ecs.model.ServiceConnectServiceResource;
import software.amazon.awssdk.services.servicediscovery.ServiceDiscoveryClient;
import software.amazon.awssdk.services.servicediscovery.model.ResourceInUseException;
import software.amazon.awssdk.services.servicediscovery.model.ServiceNotFoundException;

/** Takes back what Service Connect made in Cloud Map, once the service that it was for is gone. */
public final class ConnectController implements Controller {

  private static final Duration IN_USE = Duration.ofSeconds(2);

  private final ServiceContext context;

  public ConnectController(ServiceContext context) {
    this.context = context;
  }

  @Override
  public String name() {
    return "ecs.connect";
  }

  @Override
  public Stream<Key> wokenBy(Change<?> change) {
    return change.table() == EcsTables.SERVICES
            && change.after() instanceof ServiceRow row
            && isOver(row)
        ? Stream.of(change.key())
        : Stream.empty();
  }

  @Override
  public Stream<Key> all(View view) {
    return view.scanAll(EcsTables.CONNECT).map(Row::key);
  }

  private static boolean isOver(ServiceRow row) {
    return !row.isActive() && !row.isDraining();
  }

  @Override
  public Again reconcile(Key key) {
    View view = context.store().snapshot();
    ConnectRow made = view.get(EcsTables.CONNECT, key);
    ServiceRow service = view.get(EcsTables.SERVICES, key);
    if (made == null || (service != null && !isOver(service))) {
      return Again.WHEN_CHANGED;
    }
    ServiceDiscoveryClient discovery =
        context.clients().as(Networks.PRINCIPAL, key.scope(), ServiceDiscoveryClient.class);
    for (ServiceConnectServiceResource resource : made.resources()) {
      try {
        discovery.deleteService(r -> r.id(made.serviceId(resource.discoveryName())));
      } catch (ServiceNotFoundException gone) {
        continue;
      } catch (ResourceInUseException stillThere) {
        return Again.after(IN_USE);
      }
    }
    context
        .store()
        .write(
            tx -> {
              ServiceRow now = tx.get(EcsTables.SERVICES, key);
              if (now == null || isOver(now)) {
                tx.delete(EcsTables.CONNECT, key);
              }
              return null;
            });
    return Again.WHEN_CHANGED;
  }
}
