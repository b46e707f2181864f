package gantry.services.logs;

import java.util.concurrent.CompletableFuture;
import software.amazon.awssdk.services.cloudwatchlogs.model.StartLiveTailRequest;
import software.amazon.awssdk.services.cloudwatchlogs.model.StartLiveTailResponseHandler;

/**
 * The one operation whose answer is a stream of events, as the SDK's asynchronous client has it:
 * the synchronous one has none such.
 */
public interface LiveTailing {

  /** Ends when the session does, or when the handler's subscriber leaves. */
  CompletableFuture<Void> startLiveTail(
      StartLiveTailRequest request, StartLiveTailResponseHandler handler);
}
