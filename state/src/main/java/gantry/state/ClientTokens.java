package gantry.state;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import software.amazon.awssdk.core.SdkPojo;

/**
 * Idempotency tokens: a request that comes again with the token of an earlier one gets the earlier
 * result; the same token with other parameters is refused. Kept in a table of the service, so that
 * it holds over a restart, and written in the same transaction as what the request did.
 *
 * @param window how long a token is remembered
 */
public record ClientTokens(Table<Remembered> table, Duration window) {

  /** How many forgotten tokens one new token clears away. */
  public static final int CLEARED_AT_ONCE = 4;

  private static final RowCodec CODEC = new RowCodec();

  private static final String TOKENS = "token/";

  /** The same rows a second time, in the order in which they end. */
  private static final String ENDS = "ends/";

  /**
   * What is remembered of one token.
   *
   * @param parameters a fingerprint of the request
   * @param result what finds the result again, such as an ARN
   */
  public record Remembered(String id, String parameters, String result, Instant until) {}

  public static ClientTokens of(String tableName, Duration window) {
    return new ClientTokens(Table.of(tableName, Remembered.class), window);
  }

  /** A fingerprint of everything that is set in {@code request}. */
  @SuppressWarnings("unchecked") // an object is an instance of its own class
  public static String fingerprint(SdkPojo request) {
    byte[] bytes = CODEC.encode((Class<SdkPojo>) request.getClass(), request);
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * The result of the earlier request with this token, if there was one within the window.
   *
   * @param operation tokens of different operations have nothing to do with one another
   * @throws Mismatch when the earlier request had other parameters
   */
  public Optional<String> earlier(
      View view, Scope scope, String operation, String token, String parameters, Instant now) {
    Remembered earlier = view.get(table, scope.key(id(operation, token)));
    if (earlier == null || !now.isBefore(earlier.until())) {
      return Optional.empty();
    }
    if (!earlier.parameters().equals(parameters)) {
      throw new Mismatch(earlier.result());
    }
    return Optional.of(earlier.result());
  }

  public void remember(
      Tx tx,
      Scope scope,
      String operation,
      String token,
      String parameters,
      String result,
      Instant now) {
    List<Row<Remembered>> ended =
        tx.scanAfter(table, scope, ENDS)
            .limit(CLEARED_AT_ONCE)
            .takeWhile(row -> row.key().id().startsWith(ENDS) && !now.isBefore(row.value().until()))
            .toList();
    for (Row<Remembered> row : ended) {
      tx.delete(table, row.key());
      Key key = scope.key(row.value().id());
      Remembered current = tx.get(table, key);
      if (current != null && !now.isBefore(current.until())) {
        tx.delete(table, key);
      }
    }
    Instant until = now.plus(window);
    Remembered remembered = new Remembered(id(operation, token), parameters, result, until);
    tx.put(table, scope.key(remembered.id()), remembered);
    // Milliseconds of a fixed width, so that ids stand in the order of time.
    String ends =
        String.format(Locale.ROOT, "%s%015d/%s", ENDS, until.toEpochMilli(), remembered.id());
    tx.put(table, scope.key(ends), remembered);
  }

  private static String id(String operation, String token) {
    return TOKENS + operation + "/" + token;
  }

  /** The token was used with other parameters; the caller says it in the words of its service. */
  public static final class Mismatch extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String earlierResult;

    Mismatch(String earlierResult) {
      super("the token was used before with other parameters");
      this.earlierResult = earlierResult;
    }

    public String earlierResult() {
      return earlierResult;
    }
  }
}
