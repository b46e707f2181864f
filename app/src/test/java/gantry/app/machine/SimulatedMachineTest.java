package gantry.app.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import gantry.app.Options;
import gantry.services.Clients;
import gantry.services.ServiceContext;
import gantry.state.MemoryStore;
import gantry.state.Scope;
import gantry.state.SeededIds;
import gantry.state.Store;
import gantry.state.VirtualTime;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkClient;

class SimulatedMachineTest {

  /** Nobody is to be called. */
  private static final Clients NONE =
      new Clients() {
        @Override
        public <C extends SdkClient> C as(String principal, Scope scope, Class<C> client) {
          throw new AssertionError(client + " called");
        }

        @Override
        public <C extends SdkClient> C asRole(
            String principal, String role, String session, Scope scope, Class<C> client) {
          throw new AssertionError(client + " called");
        }
      };

  /** The machine starts on a thread of its own, which may come to it only after the end. */
  @Test
  void whatEndedBeforeItBeganDoesNotBegin() {
    VirtualTime time = new VirtualTime();
    try (Store store = MemoryStore.of(time, List.of());
        SimulatedMachine machine = new SimulatedMachine(Options.ephemeral(), "0a")) {
      ServiceContext context =
          new ServiceContext(
              store,
              time,
              time,
              new SeededIds(1),
              NONE,
              Path.of("unused"),
              new ServiceContext.Endpoint("localhost", 4566));
      machine.close();
      assertThatCode(
              () ->
                  machine.start(
                      context,
                      new Scope(Options.ACCOUNT, Options.REGION),
                      1,
                      Path.of("unused"),
                      new byte[0]))
          .doesNotThrowAnyException();
      assertThat(time.pending()).isZero();
    }
  }
}
