package gantry.app.api;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.services.Caller;
import gantry.services.cloudtrail.AuditRecord;
import gantry.services.cloudtrail.AuditTrail;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.services.ecs.model.CreateClusterRequest;

class AuditLogTest {

  @TempDir Path folder;

  /** A request that cannot be told of. */
  private static final class Unreadable extends SdkRequest implements SdkPojo {
    @Override
    public List<SdkField<?>> sdkFields() {
      throw new IllegalStateException("a mistake of ours");
    }

    @Override
    public Optional<AwsRequestOverrideConfiguration> overrideConfiguration() {
      return Optional.empty();
    }

    @Override
    public Builder toBuilder() {
      throw new UnsupportedOperationException();
    }
  }

  private static AuditRecord record(String event, SdkRequest request) {
    Caller caller =
        new Caller(
            "000000000000",
            "us-east-1",
            "arn:aws:iam::000000000000:root",
            "000000000000",
            null,
            Map.of(),
            "request",
            null,
            null);
    return new AuditRecord(
        "id-" + event,
        Instant.EPOCH,
        caller,
        "ecs.amazonaws.com",
        event,
        false,
        request,
        null,
        null);
  }

  @Test
  void aCallThatCannotBeWrittenIsCountedAndTheOthersAre() {
    AuditTrail trail = new AuditTrail(folder);
    SdkRequest fine = CreateClusterRequest.builder().clusterName("c").build();
    try (AuditLog log = new AuditLog(trail)) {
      log.add(record("CreateCluster", fine));
      log.add(record("DeleteCluster", new Unreadable()));
      log.add(record("UpdateCluster", fine));
      assertThat(names(trail)).containsExactly("UpdateCluster", "CreateCluster");
      log.add(record("PutClusterCapacityProviders", fine));
      assertThat(names(trail)).hasSize(3);
      assertThat(log.failed()).isEqualTo(1);
    }
  }

  private static List<String> names(AuditTrail trail) {
    return trail.newest(Long.MAX_VALUE, 10, entry -> true).stream()
        .map(AuditTrail.Entry::eventName)
        .toList();
  }
}
