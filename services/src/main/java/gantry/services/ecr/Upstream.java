package gantry.services.ecr;

import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.Optional;

/**
 * A registry on the network that images are pulled through from: plain HTTP, handed in by the
 * program, because services open no connections of their own.
 */
@FunctionalInterface
public interface Upstream {

  /** Sends a GET; redirects are followed, without credentials to another host. */
  Answer get(String url, Map<String, String> headers) throws IOException;

  /**
   * What the upstream said.
   *
   * @param headers by lower-case name
   */
  record Answer(int status, Map<String, String> headers, InputStream body)
      implements AutoCloseable {

    Optional<String> header(String name) {
      return Optional.ofNullable(headers.get(name));
    }

    @Override
    public void close() throws IOException {
      body.close();
    }
  }

  /** For a program that reaches no other registry. */
  Upstream NONE =
      (url, headers) -> {
        throw new IOException("this program reaches no upstream registry");
      };
}
