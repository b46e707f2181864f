package gantry.node;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.AttachmentStateChange;
import software.amazon.awssdk.services.ecs.model.InvalidParameterException;
import software.amazon.awssdk.services.ecs.model.SubmitAttachmentStateChangesRequest;

/**
 * Says that a task's interface stands, until it is heard. It goes beside the task's own reports:
 * what comes later does not depend on it.
 */
final class AttachmentReport {

  private static final Logger log = LoggerFactory.getLogger(AttachmentReport.class);

  private static final Duration FIRST_RETRY = Duration.ofMillis(200);
  private static final Duration LAST_RETRY = Duration.ofSeconds(10);

  private final EcsClient ecs;
  private final BooleanSupplier ended;
  private final String attachment;
  private final SubmitAttachmentStateChangesRequest request;

  /**
   * A report.
   *
   * @param ended the interface stands no more, so nothing is to be said
   */
  AttachmentReport(EcsClient ecs, String cluster, String attachment, BooleanSupplier ended) {
    this.ecs = ecs;
    this.ended = ended;
    this.attachment = attachment;
    this.request =
        SubmitAttachmentStateChangesRequest.builder()
            .cluster(cluster)
            .attachments(
                AttachmentStateChange.builder()
                    .attachmentArn(attachment)
                    .status("ATTACHED")
                    .build())
            .build();
  }

  /** Returns at once. */
  void send() {
    Thread.ofVirtual().name("report attachment " + attachment).start(this::sendUntilHeard);
  }

  private void sendUntilHeard() {
    Duration pause = FIRST_RETRY;
    while (!ended.getAsBoolean()) {
      try {
        ecs.submitAttachmentStateChanges(request);
        return;
      } catch (InvalidParameterException e) {
        log.info("the control plane does not know {}: {}", attachment, e.getMessage());
        return;
      } catch (SdkException e) {
        log.warn("{} could not be reported, it is tried again: {}", attachment, e.getMessage());
      } catch (RuntimeException e) {
        // A mistake on the way up must not end it: the task would wait for its interface for ever.
        log.error("{} could not be reported, it is tried again", attachment, e);
      }
      try {
        Thread.sleep(pause);
      } catch (InterruptedException e) {
        return;
      }
      pause = pause.multipliedBy(2).compareTo(LAST_RETRY) > 0 ? LAST_RETRY : pause.multipliedBy(2);
    }
  }
}
