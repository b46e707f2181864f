package gantry.wire.sigv4;

import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What of an HTTP request takes part in its signature: everything as it was sent. */
public interface SignedMessage {

  String method();

  /** Percent-encoding untouched, without the query. */
  String path();

  /** Without the question mark; empty when there is none. */
  String query();

  /** Every value of a header, whatever its case; {@code host} includes HTTP/2's authority. */
  List<String> headers(String name);

  /** In lower case. */
  Collection<String> headerNames();

  default @Nullable String header(String name) {
    List<String> all = headers(name);
    return all.isEmpty() ? null : all.getFirst();
  }
}
