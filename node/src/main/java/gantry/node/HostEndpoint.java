package gantry.node;

import gantry.node.metadata.Asked;
import gantry.node.metadata.HttpLoop;
import gantry.node.metadata.Reply;
import gantry.node.vpc.CommandFailed;
import gantry.node.vpc.Commands;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves the task endpoint to tasks in bridge and host mode. With root it is 169.254.170.2:80, as
 * SDKs expect: a port of that address, which is put on the loopback interface, and 80 leads to it;
 * where another program has that one, its own port is told. Without root it is a port on Docker's
 * bridge, which many SDKs refuse for credentials.
 */
final class HostEndpoint implements AutoCloseable {

  /** Stands in the node's directory while the address on the loopback interface is ours. */
  private static final String MARK = "host-address";

  /** Where the port is kept that was listened at. */
  private static final String PORT = "endpoint.port";

  private static final Logger log = LoggerFactory.getLogger(HostEndpoint.class);

  /** By this label the address is known as ours when it is to be removed. */
  static final String LABEL = "lo:gantry";

  private final HttpLoop loop;
  private final @Nullable Relay api;
  private final String base;
  private final @Nullable String apiUrl;
  private final boolean wellKnown;

  private HostEndpoint(
      HttpLoop loop, String base, @Nullable Relay api, @Nullable String apiUrl, boolean wellKnown) {
    this.loop = loop;
    this.base = base;
    this.api = api;
    this.apiUrl = apiUrl;
    this.wellKnown = wellKnown;
  }

  /** Where containers reach the AWS API; null where nobody said where that is. */
  @Nullable String apiUrl() {
    return apiUrl;
  }

  String base() {
    return base;
  }

  boolean wellKnown() {
    return wellKnown;
  }

  /**
   * Null when neither way works; the reason is logged.
   *
   * @param apiPort where, on loopback, the API answers tasks; 0 for nowhere
   */
  static @Nullable HostEndpoint open(
      boolean tryWellKnown,
      String bridgeGateway,
      Path state,
      int apiPort,
      Function<Asked, Reply> handler) {
    Path mark = state.resolve(MARK);
    if (tryWellKnown) {
      try {
        Files.createDirectories(state);
        Files.writeString(mark, "");
        new Commands()
            .run("ip", "addr", "replace", "169.254.170.2/32", "dev", "lo", "label", LABEL);
        return serve(
            NetnsSockets.TASK_METADATA.getHostString(),
            true,
            NetnsSockets.API.getPort(),
            state,
            apiPort,
            handler);
      } catch (IOException | CommandFailed e) {
        forget(mark);
        log.info(
            "169.254.170.2 cannot be served on this host ({}); tasks in bridge and host mode are told"
                + " another address",
            e.getMessage());
      }
    }
    if (bridgeGateway.isEmpty()) {
      log.warn("Docker has no bridge: tasks in bridge and host mode have no metadata endpoint");
      return null;
    }
    try {
      return serve(bridgeGateway, false, 0, state, apiPort, handler);
    } catch (IOException e) {
      log.warn(
          "tasks in bridge and host mode have no metadata endpoint: {} cannot be listened on: {}",
          bridgeGateway,
          e.toString());
      return null;
    }
  }

  /** The API at its usual port where it is to be had; else at another, the same after a restart. */
  private static HostEndpoint serve(
      String address,
      boolean leadsHere,
      int usualApiPort,
      Path state,
      int apiPort,
      Function<Asked, Reply> handler)
      throws IOException {
    ServerSocketChannel server = sameAsBefore(address, state.resolve(PORT));
    ServerSocketChannel api;
    try {
      api = apiPort == 0 ? null : usual(address, usualApiPort, state.resolve("api.port"));
    } catch (IOException e) {
      server.close();
      throw e;
    }
    InetSocketAddress at = (InetSocketAddress) server.getLocalAddress();
    boolean wellKnown = leadsHere && leads(at.getPort());
    return new HostEndpoint(
        new HttpLoop(server, handler).start(),
        wellKnown ? "http://" + address : url(at),
        api == null ? null : Relay.start(api, apiPort),
        api == null ? null : url((InetSocketAddress) api.getLocalAddress()),
        wellKnown);
  }

  private static boolean leads(int port) {
    try {
      if (new EndpointRedirect().lead(port)) {
        return true;
      }
      log.info("169.254.170.2:80 is another program's; tasks are told port {}", port);
    } catch (CommandFailed e) {
      log.info("169.254.170.2:80 cannot lead to port {}: {}", port, e.getMessage());
    }
    return false;
  }

  private static ServerSocketChannel usual(String address, int port, Path otherwise)
      throws IOException {
    if (port != 0 && !Files.exists(otherwise)) {
      try {
        return listen(new InetSocketAddress(address, port));
      } catch (IOException e) {
        log.info("{}; tasks in bridge and host mode are told another port", e.getMessage());
      }
    }
    return sameAsBefore(address, otherwise);
  }

  /** The port stands in containers' environments, so it must be the same after a restart. */
  private static ServerSocketChannel sameAsBefore(String address, Path file) throws IOException {
    int port = 0;
    try {
      port = Integer.parseInt(Files.readString(file).strip());
    } catch (IOException | NumberFormatException e) {
      log.debug("no port was chosen before");
    }
    ServerSocketChannel server;
    try {
      server = listen(new InetSocketAddress(address, port));
    } catch (IOException e) {
      log.warn("{}; containers that run already do not find the metadata endpoint", e.getMessage());
      server = listen(new InetSocketAddress(address, 0));
    }
    Files.createDirectories(file.getParent());
    Files.writeString(
        file, String.valueOf(((InetSocketAddress) server.getLocalAddress()).getPort()));
    return server;
  }

  private static String url(InetSocketAddress address) {
    return "http://" + address.getHostString() + ":" + address.getPort();
  }

  private static void forget(Path mark) {
    try {
      Files.deleteIfExists(mark);
    } catch (IOException e) {
      log.debug("{}: {}", mark, e.toString());
    }
  }

  private static ServerSocketChannel listen(InetSocketAddress address) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open();
    try {
      server.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      server.bind(address, 256);
      return server;
    } catch (IOException e) {
      server.close();
      throw new IOException(address + ": " + e.getMessage(), e);
    }
  }

  /**
   * Takes the address off the loopback interface again where this node put it, maybe in an earlier
   * life; while another program listens there, that is left to it.
   */
  static void removeAddress(Path state) {
    Path mark = state.resolve(MARK);
    if (!Files.exists(mark)) {
      return;
    }
    try {
      new EndpointRedirect()
          .remove(Integer.parseInt(Files.readString(state.resolve(PORT)).strip()));
      if (!othersListen()) {
        new Commands().run("ip", "addr", "del", "169.254.170.2/32", "dev", "lo");
      }
    } catch (IOException | NumberFormatException | CommandFailed e) {
      log.debug("169.254.170.2: {}", e.getMessage());
    }
    forget(mark);
  }

  /** The kernel's list has addresses as hexadecimal numbers, and 0A for sockets that listen. */
  private static boolean othersListen() throws IOException {
    for (String list : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
      for (String line : Files.readAllLines(Path.of(list))) {
        String[] words = line.trim().split("\\s+", 5);
        if (words.length > 3 && words[1].contains("02AAFEA9:") && words[3].equals("0A")) {
          return true;
        }
      }
    }
    return false;
  }

  @Override
  public void close() {
    loop.close();
    if (api != null) {
      api.close();
    }
  }
}
