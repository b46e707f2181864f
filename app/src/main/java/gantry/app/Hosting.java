package gantry.app;

import gantry.services.HostedService;
import gantry.services.Reason;
import gantry.services.ServiceContext;
import gantry.state.ControllerRunner;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkClient;

/** The services of one program, each made when it is first called. */
final class Hosting {

  private final Map<Class<? extends SdkClient>, Lazy> services = new LinkedHashMap<>();

  private static final class Lazy {
    private final HostedService<?> hosted;
    private final Supplier<ServiceContext> context;
    private volatile @Nullable SdkClient made;

    Lazy(HostedService<?> hosted, Supplier<ServiceContext> context) {
      this.hosted = hosted;
      this.context = context;
    }

    SdkClient client() {
      SdkClient client = made;
      if (client == null) {
        synchronized (this) {
          client = made;
          if (client == null) {
            client = hosted.create().apply(context.get());
            made = client;
          }
        }
      }
      return client;
    }
  }

  Hosting(List<HostedService<?>> hosted, Supplier<ServiceContext> context) {
    for (HostedService<?> one : hosted) {
      if (services.put(one.client(), new Lazy(one, context)) != null) {
        throw new IllegalArgumentException("hosted twice: " + one.client().getName());
      }
    }
  }

  Collection<Class<? extends SdkClient>> clients() {
    return services.keySet();
  }

  SdkClient client(Class<? extends SdkClient> type) {
    Lazy lazy = services.get(type);
    if (lazy == null) {
      throw new IllegalArgumentException(type.getName() + " is not hosted");
    }
    return lazy.client();
  }

  /** Every controller looks at what there is; from then on it wakes when something changes. */
  void startControllers(ControllerRunner runner) {
    for (Lazy lazy : services.values()) {
      runner.addAll(lazy.hosted.controllers().apply(lazy.context.get()));
    }
  }

  /** What the services together say about something. */
  List<Reason> why(String about) {
    List<Reason> found = new ArrayList<>();
    for (Lazy lazy : services.values()) {
      found.addAll(lazy.hosted.explainer().apply(lazy.context.get()).why(about));
    }
    return found;
  }

  /** What the services hold open, such as files. */
  void close() {
    for (Lazy lazy : services.values()) {
      SdkClient client = lazy.made;
      if (client != null) {
        client.close();
      }
    }
  }
}
