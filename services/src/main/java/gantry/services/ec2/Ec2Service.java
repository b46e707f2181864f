package gantry.services.ec2;

import gantry.acs.network.Cidr;
import gantry.acs.network.NetworkPlan;
import gantry.services.HostedService;
import java.util.List;
import java.util.function.Consumer;
import software.amazon.awssdk.services.ec2.Ec2Client;

/**
 * EC2 as the program hosts it: apart from {@link Ec2}, whose thousands of methods wait for a first
 * call.
 */
public final class Ec2Service {

  private Ec2Service() {}

  /**
   * The service as the program hosts it.
   *
   * @param lan private blocks that internet gateways hand on to
   * @param node takes every new plan of the networks, and must return at once
   */
  public static HostedService<Ec2Client> hosted(
      Cidr publicPool, List<Cidr> lan, Consumer<NetworkPlan> node) {
    return new HostedService<>(
        Ec2Client.class,
        context -> new Ec2(context, publicPool, lan),
        Ec2Tables.ALL,
        context -> List.of(new NetworkController(context.store(), lan, node)));
  }
}
