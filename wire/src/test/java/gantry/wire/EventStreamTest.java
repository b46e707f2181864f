package gantry.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscription;
import software.amazon.awssdk.core.async.SdkPublisher;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.cloudwatchlogs.model.SessionTimeoutException;
import software.amazon.awssdk.services.cloudwatchlogs.model.StartLiveTailRequest;
import software.amazon.awssdk.services.cloudwatchlogs.model.StartLiveTailResponse;
import software.amazon.awssdk.services.cloudwatchlogs.model.StartLiveTailResponseHandler;
import software.amazon.awssdk.services.cloudwatchlogs.model.StartLiveTailResponseStream;
import software.amazon.eventstream.Message;

/** An operation whose answer is a stream of events, frame by frame. */
@Timeout(120)
class EventStreamTest {

  /** As a service has it: the SDK's asynchronous signature in an interface of its own. */
  public interface Tailing {
    CompletableFuture<Void> startLiveTail(
        StartLiveTailRequest request, StartLiveTailResponseHandler handler);
  }

  /** Publishes one event for each that is asked for, then ends or fails. */
  private static final class Logs implements CloudWatchLogsClient, Tailing {
    private final int events;
    private final boolean fails;
    private boolean cancelled;

    Logs(int events, boolean fails) {
      this.events = events;
      this.fails = fails;
    }

    @Override
    public CompletableFuture<Void> startLiveTail(
        StartLiveTailRequest request, StartLiveTailResponseHandler handler) {
      Publisher<StartLiveTailResponseStream> publisher =
          subscriber ->
              subscriber.onSubscribe(
                  new Subscription() {
                    private int sent;

                    @Override
                    public void request(long more) {
                      if (sent < events) {
                        int n = sent++;
                        subscriber.onNext(
                            StartLiveTailResponseStream.sessionUpdateBuilder()
                                .sessionResults(r -> r.message("line " + n))
                                .build());
                      } else if (fails) {
                        subscriber.onError(
                            SessionTimeoutException.builder().message("enough").build());
                      } else {
                        subscriber.onComplete();
                      }
                    }

                    @Override
                    public void cancel() {
                      cancelled = true;
                    }
                  });
      handler.responseReceived(StartLiveTailResponse.builder().build());
      handler.onEventStream(SdkPublisher.adapt(publisher));
      return new CompletableFuture<>();
    }

    @Override
    public String serviceName() {
      return SERVICE_NAME;
    }

    @Override
    public void close() {}
  }

  private static final Operation OPERATION =
      java.util.Objects.requireNonNull(
          ServiceModel.of(CloudWatchLogsClient.class).operation("StartLiveTail"));

  private static List<String> frames(byte[] bytes) {
    ByteBuffer rest = ByteBuffer.wrap(bytes);
    List<String> all = new ArrayList<>();
    while (rest.hasRemaining()) {
      int length = rest.getInt(rest.position());
      Message message = Message.decode(rest.slice(rest.position(), length));
      rest.position(rest.position() + length);
      String kind = message.getHeaders().get(":message-type").getString();
      all.add(
          kind
              + " "
              + message.getHeaders().get(":" + kind + "-type").getString()
              + " "
              + new String(message.getPayload(), StandardCharsets.UTF_8));
    }
    return all;
  }

  private static List<String> answer(Logs logs) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    OPERATION.invoke(
        logs,
        StartLiveTailRequest.builder().build(),
        null,
        (response, content) -> content.transferTo(out));
    return frames(out.toByteArray());
  }

  @Test
  void theAnswerItsEventsAndItsEndAreFrames() {
    Logs logs = new Logs(2, false);
    assertThat(OPERATION.implementedBy(logs)).isTrue();
    assertThat(answer(logs))
        .containsExactly(
            "event initial-response {}",
            "event sessionUpdate {\"sessionResults\":[{\"message\":\"line 0\"}]}",
            "event sessionUpdate {\"sessionResults\":[{\"message\":\"line 1\"}]}");
    assertThat(logs.cancelled).isTrue();
  }

  @Test
  void aFailureOnTheWayIsTheLastFrame() {
    assertThat(answer(new Logs(1, true)))
        .containsExactly(
            "event initial-response {}",
            "event sessionUpdate {\"sessionResults\":[{\"message\":\"line 0\"}]}",
            "exception SessionTimeoutException {\"message\":\"enough\"}");
  }

  @Test
  void whoeverLeavesEndsItAndThatIsNoError() {
    Logs logs = new Logs(Integer.MAX_VALUE, false);
    OPERATION.invoke(
        logs,
        StartLiveTailRequest.builder().build(),
        null,
        (response, content) -> {
          content.readNBytes(300);
          throw new IOException("gone");
        });
    assertThat(logs.cancelled).isTrue();
  }
}
