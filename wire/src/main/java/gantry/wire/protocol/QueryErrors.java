package gantry.wire.protocol;

import gantry.wire.RequestHead;
import gantry.wire.ServiceInfo;
import java.util.List;
import java.util.Map;

/** A service that once spoke Query still tells its old error codes to clients that ask for them. */
final class QueryErrors {
  private QueryErrors() {}

  static void add(
      List<Map.Entry<String, String>> headers, ServiceInfo service, RequestHead head, Fault fault) {
    if (service.queryCompatible() && "true".equals(head.header("x-amzn-query-mode"))) {
      headers.add(
          Map.entry(
              "x-amzn-query-error", fault.code() + ";" + (fault.sender() ? "Sender" : "Receiver")));
    }
  }
}
