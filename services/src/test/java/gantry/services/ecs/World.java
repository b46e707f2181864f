package gantry.services.ecs;

import gantry.services.Caller;
import gantry.services.Clients;
import gantry.services.ServiceContext;
import gantry.state.MemoryStore;
import gantry.state.Scope;
import gantry.state.SeededIds;
import gantry.state.Store;
import gantry.state.VirtualTime;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Function;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.services.ecs.EcsClient;

/** An account in which nothing runs yet. */
class World {

  static final Scope SCOPE = new Scope("123456789012", "us-east-1");
  static final Caller CALLER =
      new Caller(
          SCOPE.account(),
          SCOPE.region(),
          "arn:aws:iam::123456789012:user/dev",
          "AIDAEXAMPLE",
          "AKIAEXAMPLE",
          Map.of(),
          "request-1",
          null,
          null);

  final VirtualTime time = new VirtualTime();
  final Store store = MemoryStore.of(time, EcsTables.ALL);
  final ServiceContext context =
      new ServiceContext(
          store,
          time,
          time,
          new SeededIds(1),
          new Nobody(),
          Path.of("unused"),
          new ServiceContext.Endpoint("localhost", 4566));
  final Ecs ecs = new Ecs(context);

  <R> R call(Function<EcsClient, R> operation) {
    return ScopedValue.where(Caller.CURRENT, CALLER).call(() -> operation.apply(ecs));
  }

  /** No other service is hosted. */
  private static final class Nobody implements Clients {
    @Override
    public <C extends SdkClient> C as(String principal, Scope scope, Class<C> client) {
      throw new UnsupportedOperationException(client.getSimpleName() + " is not hosted");
    }

    @Override
    public <C extends SdkClient> C asRole(
        String principal, String roleArn, String sessionName, Scope scope, Class<C> client) {
      throw new UnsupportedOperationException(client.getSimpleName() + " is not hosted");
    }
  }
}
