package gantry.app.api;

import gantry.services.Caller;
import gantry.services.Clients;
import gantry.state.Scope;
import gantry.wire.Operation;
import gantry.wire.ServiceModel;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.SdkResponse;

/**
 * Clients with which services call one another: the same chain as from the network, without bytes.
 * Paginators and the forms that take a builder's consumer are the interface's own defaults, which
 * end in the one method of the operation.
 */
public final class InsideClients implements Clients {

  private final Calls calls;
  private final Map<Method, Operation> operations = new ConcurrentHashMap<>();

  public InsideClients(Calls calls) {
    this.calls = calls;
  }

  @Override
  public <C extends SdkClient> C as(String principal, Scope scope, Class<C> client) {
    return client(client, requestId -> Caller.service(principal, scope, requestId));
  }

  @Override
  public <C extends SdkClient> C forCaller(String principal, Scope scope, Class<C> client) {
    Caller asking = Caller.CURRENT.isBound() ? Caller.current() : Caller.root(scope, "");
    return client(client, requestId -> asking.through(principal, scope.region(), requestId));
  }

  @Override
  public <C extends SdkClient> C asRole(
      String principal, String roleArn, String sessionName, Scope scope, Class<C> client) {
    String[] parts = roleArn.split(":", 6);
    if (parts.length < 6 || !parts[5].startsWith("role/")) {
      throw new IllegalArgumentException("not the ARN of a role: " + roleArn);
    }
    String name = parts[5].substring(parts[5].lastIndexOf('/') + 1);
    String arn =
        "arn:" + parts[1] + ":sts::" + parts[4] + ":assumed-role/" + name + "/" + sessionName;
    return client(
        client,
        requestId ->
            new Caller(
                parts[4],
                scope.region(),
                arn,
                name + ":" + sessionName,
                null,
                Map.of(),
                requestId,
                principal,
                principal));
  }

  private <C extends SdkClient> C client(Class<C> client, Function<String, Caller> caller) {
    InvocationHandler handler =
        (proxy, method, arguments) -> {
          Operation operation = operation(client, method);
          if (operation != null) {
            return calls.make(
                new Calls.Call(
                    operation, caller.apply(RequestIds.next()), (SdkRequest) arguments[0]),
                Calls.Transport.INSIDE);
          }
          return switch (method.getName()) {
            case "serviceName" -> ServiceModel.of(client).info().signingName();
            case "close" -> null;
            case "toString" -> "client of " + ServiceModel.of(client).info().id();
            case "hashCode" -> System.identityHashCode(proxy);
            case "equals" -> proxy == arguments[0];
            default -> InvocationHandler.invokeDefault(proxy, method, arguments);
          };
        };
    return client.cast(
        Proxy.newProxyInstance(client.getClassLoader(), new Class<?>[] {client}, handler));
  }

  /** The operation that a method is, or null for what is built upon operations. */
  private @Nullable Operation operation(Class<? extends SdkClient> client, Method method) {
    Operation known = operations.get(method);
    if (known != null) {
      return known;
    }
    Class<?>[] parameters = method.getParameterTypes();
    if (parameters.length != 1
        || !SdkRequest.class.isAssignableFrom(parameters[0])
        || !SdkResponse.class.isAssignableFrom(method.getReturnType())) {
      return null;
    }
    String name = method.getName();
    Operation found =
        ServiceModel.of(client)
            .operation(name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1));
    if (found == null || !found.method().equals(method)) {
      for (Operation one : ServiceModel.of(client).operations()) {
        if (one.method().equals(method)) {
          found = one;
        }
      }
    }
    if (found != null) {
      operations.put(method, found);
    }
    return found;
  }
}
