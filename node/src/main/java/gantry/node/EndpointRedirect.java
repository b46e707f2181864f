package gantry.node;

import gantry.node.vpc.CommandFailed;
import gantry.node.vpc.Commands;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Leads port 80 of 169.254.170.2 to the port that the task endpoint really listens at. A listener
 * at port 80 itself would keep every container on the machine from that port, for Docker publishes
 * on all addresses; Amazon's agent does the same for the same reason.
 */
final class EndpointRedirect {

  private static final String TABLE = "gantry_task_endpoint";
  private static final String ADDRESS = NetnsSockets.TASK_METADATA.getHostString();
  private static final Pattern LED_TO = Pattern.compile("dnat to [0-9.]+:(\\d+)");
  private static final int ANSWER_MILLIS = 500;

  private final Commands commands = new Commands();

  /** False where another program's endpoint has the port already. */
  boolean lead(int port) {
    int before = ledTo();
    if (before == port) {
      return true;
    }
    if (before != 0 && answers(before)) {
      return false;
    }
    // Before Docker's own rules, which would lead a port 80 that is published to its container.
    String rule = "ip daddr " + ADDRESS + " tcp dport 80 dnat to " + ADDRESS + ":" + port;
    commands.run(
        List.of("nft", "-f", "-"),
        "table ip %1$s\ndelete table ip %1$s\ntable ip %1$s {\n".formatted(TABLE)
            + "chain prerouting { type nat hook prerouting priority -110; %s; }\n".formatted(rule)
            + "chain output { type nat hook output priority -110; %s; }\n}\n".formatted(rule));
    return true;
  }

  /** Ends it where it leads to this port. */
  void remove(int port) {
    if (ledTo() == port) {
      commands.run("nft", "delete", "table", "ip", TABLE);
    }
  }

  /** 0: there is no such table. */
  private int ledTo() {
    String tables = commands.run("nft", "list", "tables", "ip");
    if (!tables.contains("table ip " + TABLE)) {
      return 0;
    }
    try {
      Matcher found = LED_TO.matcher(commands.run("nft", "list", "table", "ip", TABLE));
      return found.find() ? Integer.parseInt(found.group(1)) : 0;
    } catch (CommandFailed goneMeanwhile) {
      return 0;
    }
  }

  private static boolean answers(int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.ofLiteral(ADDRESS), port), ANSWER_MILLIS);
      return true;
    } catch (IOException nobody) {
      return false;
    }
  }
}
