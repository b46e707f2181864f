package gantry.services.ec2;

import gantry.acs.network.Cidr;
import gantry.acs.network.NetworkPlan;
import gantry.state.Change;
import gantry.state.Controller;
import gantry.state.Key;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.View;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Hands the newest network plan to the node whenever something of it has changed. The plan is one
 * for all accounts, so there is one key; changes that come while a plan is made become one.
 */
final class NetworkController implements Controller {

  private static final Key ALL = Scope.global("amazon").key("networks");

  private final Store store;
  private final List<Cidr> lan;
  private final Consumer<NetworkPlan> node;

  NetworkController(Store store, List<Cidr> lan, Consumer<NetworkPlan> node) {
    this.store = store;
    this.lan = lan;
    this.node = node;
  }

  @Override
  public String name() {
    return "ec2.networks";
  }

  @Override
  public Stream<Key> wokenBy(Change<?> change) {
    return NetworkPlanner.concerns(change) ? Stream.of(ALL) : Stream.empty();
  }

  @Override
  public Stream<Key> all(View view) {
    return Stream.of(ALL);
  }

  @Override
  public Again reconcile(Key key) {
    node.accept(NetworkPlanner.plan(store.snapshot()).reaching(lan));
    return Again.WHEN_CHANGED;
  }
}
