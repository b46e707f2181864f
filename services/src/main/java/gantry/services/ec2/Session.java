package gantry.services.ec2;

import gantry.services.Caller;
import gantry.state.ClientTokens;
import gantry.state.Ids;
import gantry.state.Scope;
import gantry.state.Tx;
import java.time.Instant;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkPojo;

/** Changes one account's and region's resources: all of an operation, or nothing. */
final class Session extends Lookup {

  private static final int ID_DIGITS = 17;

  private final Tx tx;
  private final Ids ids;
  private final Instant now;

  Session(Tx tx, Scope scope, Ids ids, Instant now) {
    super(tx, scope);
    this.tx = tx;
    this.ids = ids;
    this.now = now;
  }

  Tx tx() {
    return tx;
  }

  Ids ids() {
    return ids;
  }

  Instant now() {
    return now;
  }

  boolean byService() {
    return Caller.current().isService();
  }

  /** {@code prefix} and 17 hexadecimal digits. */
  String newId(String prefix) {
    return prefix + ids.hex(ID_DIGITS);
  }

  /**
   * Does {@code create} once for each client token: a request that comes again gets what the first
   * one made.
   *
   * @param made reads the id of what was created
   */
  <T> T once(
      Kind<T> kind,
      SdkPojo request,
      @Nullable String token,
      Supplier<T> create,
      Function<T, String> made) {
    return once(request, token, create, made, id -> find(kind, id));
  }

  /** The same for what is not one row: {@code again} reads back what {@code made} wrote. */
  <T> T once(
      SdkPojo request,
      @Nullable String token,
      Supplier<T> create,
      Function<T, String> made,
      Function<String, @Nullable T> again) {
    if (token == null || token.isEmpty()) {
      return create.get();
    }
    String operation = request.getClass().getSimpleName();
    String parameters = ClientTokens.fingerprint(request);
    try {
      T earlier =
          Ec2Tables.TOKENS
              .earlier(tx, scope(), operation, token, parameters, now)
              .map(again)
              .orElse(null);
      if (earlier != null) {
        return earlier;
      }
    } catch (ClientTokens.Mismatch mismatch) {
      throw Errors.of(
          "IdempotentParameterMismatch",
          "The client token '%s' has been used with other parameters",
          token);
    }
    T created = create.get();
    Ec2Tables.TOKENS.remember(tx, scope(), operation, token, parameters, made.apply(created), now);
    return created;
  }

  <T> void put(Kind<T> kind, String id, T row) {
    tx.put(kind.table(), scope().key(id), row);
  }

  void delete(Kind<?> kind, String id) {
    tx.delete(kind.table(), scope().key(id));
  }
}
