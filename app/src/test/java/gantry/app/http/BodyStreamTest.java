package gantry.app.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BodyStreamTest {

  private static final long AN_HOUR = TimeUnit.HOURS.toNanos(1);

  private final BodyStream body = new BodyStream(() -> {}, () -> {});

  private boolean tooSlowInAnHour() {
    return body.tooSlow(System.nanoTime() + AN_HOUR, Limits.USUAL);
  }

  @Test
  void aClientIsNotWaitedForOnceItsBytesAreThere() throws Exception {
    CompletableFuture<Integer> read = new CompletableFuture<>();
    Thread reader =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  try {
                    read.complete(body.read());
                  } catch (IOException e) {
                    read.completeExceptionally(e);
                  }
                });
    while (!tooSlowInAnHour()) {
      assertThat(reader.isAlive()).isTrue();
      Thread.yield();
    }
    synchronized (body) { // as if the machine had no time for the reader
      body.put(new byte[] {7});
      assertThat(tooSlowInAnHour()).isFalse();
    }
    assertThat(read.get()).isEqualTo(7);
    assertThat(tooSlowInAnHour()).isFalse();
  }
}
