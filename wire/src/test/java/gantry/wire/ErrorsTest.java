package gantry.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ecr.model.RepositoryNotFoundException;
import software.amazon.awssdk.services.ecr.model.ServerException;
import software.amazon.awssdk.services.ecrpublic.model.EcrPublicException;

class ErrorsTest {

  private static final Throwable FULL =
      ServerException.builder()
          .statusCode(500)
          .cause(new IOException("No space left on device"))
          .build();

  @Test
  void whatAnAnswerHidesIsForTheLog() {
    assertThat(Errors.hidesReason(FULL)).isTrue();
    assertThat(Errors.hidesReason(EcrPublicException.builder().statusCode(500).cause(FULL).build()))
        .as("said again by the service that asked it")
        .isTrue();
  }

  @Test
  void whatTheServicesSayThemselvesIsNot() {
    assertThat(Errors.hidesReason(ServerException.builder().statusCode(503).build())).isFalse();
    assertThat(
            Errors.hidesReason(
                RepositoryNotFoundException.builder()
                    .statusCode(400)
                    .cause(new IOException())
                    .build()))
        .isFalse();
    assertThat(Errors.hidesReason(new IllegalStateException())).as("logged as it is").isFalse();
  }
}
