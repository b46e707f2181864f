package gantry.traffic.lb;

/**
 * What one event loop counted for one balancer, group or target. One writer, so plain additions;
 * {@link Metrics} adds the loops up.
 */
final class Counters {

  /** Of answers: index is the hundreds of the code. */
  final long[] codes = new long[6];

  /** Answers that the balancer made itself, by code (0-599). */
  final long[] own = new long[600];

  final Histogram responseTime = new Histogram();

  long requests;
  long connectionErrors;
  long tlsErrors;
  long clientTlsErrors;
  long newConnections;
  long closedConnections;
  long rejectedConnections;
  long bytesReceived;
  long bytesSent;
  long ruleEvaluations;
  long fixedResponses;
  long redirects;
  long grpcRequests;
  long nonSticky;
  long droppedHeaders;
  long nonCompliant;
  long failOpenRequests;
  long clientResets;
  long targetResets;
}
