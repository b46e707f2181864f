package gantry.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.InvalidParameterException;
import software.amazon.awssdk.services.ecs.model.SubmitAttachmentStateChangesRequest;
import software.amazon.awssdk.services.ecs.model.SubmitAttachmentStateChangesResponse;

class AttachmentReportTest {

  /** A control plane that hears the third call. */
  private static final class Deaf implements EcsClient {
    private final AtomicInteger calls = new AtomicInteger();
    private final CountDownLatch heard = new CountDownLatch(1);
    private final boolean knows;

    Deaf(boolean knows) {
      this.knows = knows;
    }

    @Override
    public SubmitAttachmentStateChangesResponse submitAttachmentStateChanges(
        SubmitAttachmentStateChangesRequest request) {
      int call = calls.incrementAndGet();
      if (!knows) {
        heard.countDown();
        throw InvalidParameterException.builder().message("no such attachment").build();
      }
      if (call == 1) {
        throw SdkClientException.create("away");
      }
      if (call == 2) {
        throw new IllegalStateException("a mistake of ours");
      }
      assertThat(request.attachments().getFirst().status()).isEqualTo("ATTACHED");
      heard.countDown();
      return SubmitAttachmentStateChangesResponse.builder().build();
    }

    @Override
    public String serviceName() {
      return SERVICE_NAME;
    }

    @Override
    public void close() {}
  }

  /** Neither a control plane that is away nor one that makes a mistake ends it. */
  @Test
  void saysItUntilItIsHeard() throws Exception {
    Deaf ecs = new Deaf(true);
    new AttachmentReport(ecs, "cluster", "attachment", () -> false).send();
    assertThat(ecs.heard.await(60, TimeUnit.SECONDS)).isTrue();
    assertThat(ecs.calls).hasValue(3);
  }

  @Test
  void stopsWhereNobodyKnowsItOrItIsOver() throws Exception {
    Deaf unknown = new Deaf(false);
    new AttachmentReport(unknown, "cluster", "attachment", () -> false).send();
    assertThat(unknown.heard.await(60, TimeUnit.SECONDS)).isTrue();
    Deaf away = new Deaf(true);
    CountDownLatch askedAfterOne = new CountDownLatch(1);
    new AttachmentReport(
            away,
            "cluster",
            "attachment",
            () -> {
              boolean ended = away.calls.get() == 1;
              if (ended) {
                askedAfterOne.countDown();
              }
              return ended;
            })
        .send();
    assertThat(askedAfterOne.await(60, TimeUnit.SECONDS)).isTrue();
    assertThat(away.calls).hasValue(1);
    assertThat(unknown.calls).hasValue(1);
  }
}
