package gantry.services;

import java.util.Map;

/**
 * Encrypts small secrets under the program's root key, which is kept outside of the database. What
 * was sealed in one context opens in the same context only.
 */
public interface SecretBox {

  byte[] seal(byte[] plain, Map<String, String> context);

  /**
   * @throws CannotOpen when the bytes are not what {@link #seal} made in this context
   */
  byte[] open(byte[] sealed, Map<String, String> context);

  final class CannotOpen extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public CannotOpen(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
