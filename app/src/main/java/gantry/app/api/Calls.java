package gantry.app.api;

import gantry.services.Authorizer;
import gantry.services.Caller;
import gantry.services.cloudtrail.AuditRecord;
import gantry.state.Store;
import gantry.wire.Errors;
import gantry.wire.Operation;
import gantry.wire.WireException;
import java.io.InputStream;
import java.time.Clock;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.SdkResponse;

/**
 * What happens to every call, wherever it comes from:
 *
 * <pre>
 *   caller bound ─► authorized ─► checked against the model ─► handler ─► counted, recorded
 * </pre>
 */
public final class Calls {

  /** Of the call from the network that is being served. */
  private static final ScopedValue<Transport> OUTER = ScopedValue.newInstance();

  private final Function<Class<? extends SdkClient>, SdkClient> clients;
  private final Clock clock;
  private final CallMetrics metrics;
  private final AuditLog audit;
  private final Authorizer authorizer;
  private final Honesty ignored = new Honesty();
  private final boolean strict;

  public Calls(
      Function<Class<? extends SdkClient>, SdkClient> clients,
      Clock clock,
      CallMetrics metrics,
      AuditLog audit,
      Authorizer authorizer,
      boolean strict) {
    this.clients = clients;
    this.clock = clock;
    this.metrics = metrics;
    this.audit = audit;
    this.authorizer = authorizer;
    this.strict = strict;
  }

  /** One call. */
  public record Call(Operation operation, Caller caller, SdkRequest request) {}

  /** What of a call is the transport's: its checks, its streams. */
  public interface Transport {
    /** Checks the request against the model, in the words of the protocol. */
    default void validate(SdkRequest request) {}

    default @Nullable InputStream payload() {
      return null;
    }

    default Operation.@Nullable Streamed streamed() {
      return null;
    }

    /** Told before the handler runs. */
    default void ignored(List<String> members) {}

    /** Told before the handler runs what enforcement would have said. */
    default void wouldBeRefused(String message) {}

    Transport INSIDE = new Transport() {};
  }

  /** Makes the call, or throws what the service says. */
  public SdkResponse make(Call call, Transport transport) {
    long start = System.nanoTime();
    Throwable failure = null;
    try {
      ScopedValue.Carrier bound = ScopedValue.where(Caller.CURRENT, call.caller());
      if (transport != Transport.INSIDE) {
        bound = bound.where(OUTER, transport);
      }
      return bound.call(() -> run(call, transport));
    } catch (Store.LogUnavailable e) {
      AwsServiceException said = unavailable(e);
      failure = said;
      throw said;
    } catch (RuntimeException | Error e) {
      failure = e;
      throw e;
    } finally {
      long nanos = System.nanoTime() - start;
      int status = failure == null ? 200 : status(failure);
      metrics.count(call.operation(), status, nanos);
      if (failure != null && Errors.hidesReason(failure)) {
        LoggerFactory.getLogger(Calls.class)
            .error(
                "{}:{} could not be done",
                call.operation().service().info().signingName(),
                call.operation().name(),
                failure);
      }
      record(call, failure);
    }
  }

  private SdkResponse run(Call call, Transport transport) {
    Operation operation = call.operation();
    String service = operation.service().info().signingName();
    String refusal =
        authorizer.check(
            new Authorizer.Call(call.caller(), service, operation.name(), call.request()));
    if (refusal != null) {
      // What a service asks in the caller's name, the caller is told of.
      boolean inHisName = call.caller().via() != null && OUTER.isBound();
      (inHisName ? OUTER.get() : transport).wouldBeRefused(refusal);
    }
    transport.validate(call.request());
    // What the program asks of itself is no user's business, and strictness must not stop it.
    List<String> members =
        transport == Transport.INSIDE ? List.of() : ignored.members(call.request());
    if (!members.isEmpty()) {
      if (strict) {
        throw new WireException(
            "NotImplemented",
            501,
            "Gantry does not act on "
                + String.join(", ", members)
                + " of "
                + service
                + ":"
                + operation.name()
                + ", and was started with --strict.");
      }
      transport.ignored(members);
    }
    SdkClient client = clients.apply(operation.service().client());
    return operation.invoke(client, call.request(), transport.payload(), transport.streamed());
  }

  private static AwsServiceException unavailable(Store.LogUnavailable e) {
    String message = "The state cannot be written at the moment. Reads go on.";
    return AwsServiceException.builder()
        .awsErrorDetails(
            AwsErrorDetails.builder().errorCode("ServiceUnavailable").errorMessage(message).build())
        .message(message)
        .statusCode(503)
        .cause(e)
        .build();
  }

  private void record(Call call, @Nullable Throwable failure) {
    Operation operation = call.operation();
    if (!AuditRecord.recorded(operation.name())) {
      return;
    }
    boolean readOnly = AuditRecord.readOnly(operation.name());
    audit.add(
        new AuditRecord(
            RequestIds.next(),
            clock.instant(),
            call.caller(),
            operation.service().info().eventSource(),
            operation.name(),
            readOnly,
            readOnly ? null : call.request(),
            failure == null ? null : code(failure),
            failure == null ? null : failure.getMessage()));
  }

  private static int status(Throwable failure) {
    return switch (failure) {
      case WireException e -> e.status();
      case AwsServiceException e when e.statusCode() > 0 -> e.statusCode();
      case AwsServiceException e -> 400;
      default -> 500;
    };
  }

  private static String code(Throwable failure) {
    return switch (failure) {
      case WireException e -> e.code();
      case AwsServiceException e
          when e.awsErrorDetails() != null && e.awsErrorDetails().errorCode() != null ->
          e.awsErrorDetails().errorCode();
      case AwsServiceException e -> e.getClass().getSimpleName();
      default -> Errors.unexpected(failure) ? "InternalFailure" : "Unknown";
    };
  }
}
