package gantry.services.cloudtrail;

import gantry.services.Caller;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkRequest;

/**
 * One API call that has ended.
 *
 * @param request null for calls that only read: what they asked for is not kept
 * @param error the error's code, null when the call went well
 */
public record AuditRecord(
    String eventId,
    Instant time,
    Caller caller,
    String eventSource,
    String eventName,
    boolean readOnly,
    @Nullable SdkRequest request,
    @Nullable String error,
    @Nullable String errorMessage) {

  private static final List<String> READING =
      List.of(
          "Describe",
          "List",
          "Get",
          "BatchGet",
          "BatchCheck",
          "Lookup",
          "Discover",
          "Search",
          "Head",
          "Query",
          "Scan",
          "Filter",
          "Simulate",
          "Validate",
          "Preview",
          "Estimate",
          "Test");

  /** Operations that the trail leaves out, as AWS's does: the data itself, and agents' chatter. */
  private static final Set<String> DATA =
      Set.of(
          "PutLogEvents",
          "PutMetricData",
          "SendMessage",
          "SendMessageBatch",
          "ReceiveMessage",
          "DeleteMessage",
          "DeleteMessageBatch",
          "ChangeMessageVisibility",
          "GetObject",
          "PutObject",
          "HeadObject",
          "UploadPart",
          "UploadLayerPart",
          "GetMetricData",
          "Poll",
          "DiscoverPollEndpoint",
          "SubmitTaskStateChange",
          "SubmitContainerStateChange",
          "SubmitAttachmentStateChanges");

  public static boolean readOnly(String operation) {
    for (String prefix : READING) {
      if (operation.startsWith(prefix)) {
        return true;
      }
    }
    return false;
  }

  public static boolean recorded(String operation) {
    return !DATA.contains(operation);
  }
}
