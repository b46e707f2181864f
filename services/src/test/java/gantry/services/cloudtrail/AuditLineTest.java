package gantry.services.cloudtrail;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.services.Caller;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.services.ecs.model.CreateClusterRequest;

/** A line holds all that CloudTrail's record says, whether it is written out or made again. */
class AuditLineTest {

  private static final Instant TIME = Instant.parse("2026-05-04T03:02:01.123456789Z");

  private static AuditRecord record(
      @Nullable SdkRequest request, @Nullable String error, @Nullable String agent) {
    return new AuditRecord(
        "event-1",
        TIME,
        new Caller(
            "111122223333",
            "eu-central-1",
            "arn:aws:iam::111122223333:user/a/böb",
            "AIDA",
            "AKIA",
            Map.of(),
            "request-1",
            "127.0.0.1",
            agent),
        "ecs.amazonaws.com",
        request == null ? "DescribeClusters" : "CreateCluster",
        request == null,
        request,
        error,
        error == null ? null : "said \"no\" \\ \n\t\u0001 and 😀 \ud83d");
  }

  private static AuditTrail.Entry written(Path folder, AuditRecord record) {
    try (AuditTrail trail = new AuditTrail(folder)) {
      trail.append(List.of(record));
      return trail.newest(Long.MAX_VALUE, 1, entry -> true).getFirst();
    }
  }

  @Test
  void theRecordOfAReadIsMadeAgain(@TempDir Path folder) {
    for (AuditRecord record :
        List.of(
            record(null, null, "agent/1 \"quoted\""),
            record(null, "AccessDeniedException", null),
            record(CreateClusterRequest.builder().clusterName("c\"1").build(), null, "agent"))) {
      AuditTrail.Entry entry = written(folder, record);
      assertThat(entry.event()).isEqualTo(EventJson.of(record));
      assertThat(entry.eventName()).isEqualTo(record.eventName());
      assertThat(entry.username()).isEqualTo("böb");
      assertThat(entry.time()).isEqualTo(Instant.ofEpochMilli(TIME.toEpochMilli()));
    }
  }

  @Test
  void throughWhomACallerAskedIsSaid(@TempDir Path folder) {
    AuditRecord own = record(null, null, "agent");
    AuditRecord through =
        new AuditRecord(
            own.eventId(),
            own.time(),
            own.caller().through("ssm.amazonaws.com", "eu-central-1", "request-2"),
            "kms.amazonaws.com",
            "DescribeKey",
            true,
            null,
            null,
            null);
    AuditTrail.Entry entry = written(folder, through);
    assertThat(entry.event())
        .isEqualTo(EventJson.of(through))
        .contains("\"invokedBy\":\"ssm.amazonaws.com\"")
        .contains("\"sourceIPAddress\":\"ssm.amazonaws.com\"");
    assertThat(entry.username()).isEqualTo("böb");
  }

  @Test
  void whatACallNamedIsFound(@TempDir Path folder) {
    AuditRecord record =
        record(CreateClusterRequest.builder().clusterName("c\"1").build(), null, "agent");
    assertThat(written(folder, record).resources()).containsExactly("c\"1");
  }
}
