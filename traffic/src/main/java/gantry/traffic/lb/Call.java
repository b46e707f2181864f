package gantry.traffic.lb;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;

/**
 * A request that another server of this program took in, for a load balancer that its Host names.
 */
public interface Call {

  String method();

  /** Path and query as they were sent. */
  String target();

  /** Every header, in order; {@code host} among them. */
  List<Map.Entry<String, String>> headers();

  /** The address of the client, without a port. */
  String remoteAddress();

  InputStream body();

  /**
   * Begins the answer; its body goes to the stream. A HEAD's answer and those that have none (204,
   * 304) leave it empty.
   */
  OutputStream begin(int status, List<Map.Entry<String, String>> headers) throws IOException;

  /** A connection whose bytes are not HTTP's any more. */
  record Tunnel(InputStream in, OutputStream out) {}

  /** Answers 101: from then on the connection's bytes pass as they are. */
  Tunnel upgrade(List<Map.Entry<String, String>> headers) throws IOException;
}
