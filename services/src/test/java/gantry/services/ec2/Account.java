package gantry.services.ec2;

import gantry.acs.network.Cidr;
import gantry.acs.network.NetworkPlan;
import gantry.services.Caller;
import gantry.services.FixedClients;
import gantry.services.ServiceContext;
import gantry.state.MemoryStore;
import gantry.state.Scope;
import gantry.state.SeededIds;
import gantry.state.Store;
import gantry.state.VirtualTime;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.Ec2Exception;

/** An account with an EC2 of its own, in memory, under virtual time. */
final class Account {

  static final Scope SCOPE = new Scope("000000000000", "us-east-1");

  final VirtualTime time = new VirtualTime();
  final Store store = MemoryStore.of(time, Ec2Tables.ALL);
  final Ec2Client ec2;

  Account() {
    ec2 =
        new Ec2(
            new ServiceContext(
                store,
                time,
                time,
                new SeededIds(42),
                FixedClients.of(),
                Path.of("/nowhere"),
                new ServiceContext.Endpoint("127.0.0.1", 4566)),
            Cidr.parse("198.18.4.0/22"),
            List.of());
  }

  <R> R user(Function<Ec2Client, R> call) {
    return user(SCOPE, call);
  }

  <R> R user(Scope scope, Function<Ec2Client, R> call) {
    Caller caller =
        new Caller(
            scope.account(),
            scope.region(),
            "arn:aws:iam::" + scope.account() + ":root",
            scope.account(),
            null,
            Map.of(),
            "request",
            null,
            null);
    return ScopedValue.where(Caller.CURRENT, caller).call(() -> call.apply(ec2));
  }

  <R> R service(Function<Ec2Client, R> call) {
    return ScopedValue.where(Caller.CURRENT, Caller.service("ecs.amazonaws.com", SCOPE, "request"))
        .call(() -> call.apply(ec2));
  }

  /** The error's code and message, as {@code Code: message}. */
  String error(Function<Ec2Client, ?> call) {
    try {
      user(call);
      return "none";
    } catch (Ec2Exception e) {
      return e.awsErrorDetails().errorCode() + ": " + e.awsErrorDetails().errorMessage();
    }
  }

  NetworkPlan plan() {
    return NetworkPlanner.plan(store.snapshot());
  }
}
