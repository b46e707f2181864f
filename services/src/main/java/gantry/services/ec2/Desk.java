package gantry.services.ec2;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.state.Scope;
import java.time.Instant;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Where every operation begins: dry runs end here, and an account's first call in a region makes
 * its default VPC.
 */
final class Desk {

  private final ServiceContext context;

  Desk(ServiceContext context) {
    this.context = context;
  }

  <R> R read(@Nullable Boolean dryRun, Function<Lookup, R> reader) {
    Scope scope = enter(dryRun);
    return reader.apply(new Lookup(context.store().snapshot(), scope));
  }

  <R> R write(@Nullable Boolean dryRun, Function<Session, R> writer) {
    Scope scope = enter(dryRun);
    return context
        .store()
        .write(
            tx -> writer.apply(new Session(tx, scope, context.ids(), context.clock().instant())));
  }

  Instant now() {
    return context.clock().instant();
  }

  private Scope enter(@Nullable Boolean dryRun) {
    Scope scope = Caller.current().scope();
    if (Boolean.TRUE.equals(dryRun)) {
      throw Errors.dryRun();
    }
    if (context.store().snapshot().get(Ec2Tables.ACCOUNTS, scope.key(Ec2Tables.ACCOUNT)) == null) {
      context
          .store()
          .write(
              tx -> {
                if (tx.get(Ec2Tables.ACCOUNTS, scope.key(Ec2Tables.ACCOUNT)) == null) {
                  DefaultVpc.open(new Session(tx, scope, context.ids(), context.clock().instant()));
                }
                return true;
              });
    }
    return scope;
  }
}
