package gantry.services.cloudtrail;

import gantry.services.Caller;
import gantry.services.HostedService;
import gantry.services.ServiceContext;
import gantry.state.PageToken;
import java.time.Instant;
import java.util.List;
import java.util.function.Predicate;
import software.amazon.awssdk.services.cloudtrail.CloudTrailClient;
import software.amazon.awssdk.services.cloudtrail.model.Event;
import software.amazon.awssdk.services.cloudtrail.model.EventCategory;
import software.amazon.awssdk.services.cloudtrail.model.InvalidEventCategoryException;
import software.amazon.awssdk.services.cloudtrail.model.InvalidLookupAttributesException;
import software.amazon.awssdk.services.cloudtrail.model.InvalidMaxResultsException;
import software.amazon.awssdk.services.cloudtrail.model.InvalidNextTokenException;
import software.amazon.awssdk.services.cloudtrail.model.InvalidTimeRangeException;
import software.amazon.awssdk.services.cloudtrail.model.LookupAttribute;
import software.amazon.awssdk.services.cloudtrail.model.LookupEventsRequest;
import software.amazon.awssdk.services.cloudtrail.model.LookupEventsResponse;
import software.amazon.awssdk.services.cloudtrail.model.Resource;

/** CloudTrail's event history: the calls of the account and region, newest first. */
public final class CloudTrail implements CloudTrailClient {

  private static final int PAGE_MOST = 50;

  private final AuditTrail trail;

  public CloudTrail(AuditTrail trail) {
    this.trail = trail;
  }

  /** The service over a trail that the front door writes. */
  public static HostedService<CloudTrailClient> hosted(AuditTrail trail) {
    return HostedService.of(CloudTrailClient.class, (ServiceContext context) -> new CloudTrail(trail));
  }

  @Override
  public LookupEventsResponse lookupEvents(LookupEventsRequest request) {
    Caller caller = Caller.current();
    int most = request.maxResults() == null ? PAGE_MOST : request.maxResults();
    if (most < 1 || most > PAGE_MOST) {
      throw InvalidMaxResultsException.builder()
          .message("The specified maxResults is invalid. Specify a value between 1 and 50.")
          .build();
    }
    Instant from = request.startTime();
    Instant to = request.endTime();
    if (from != null && to != null && from.isAfter(to)) {
      throw InvalidTimeRangeException.builder()
          .message("The start time must be before the end time.")
          .build();
    }
    if (request.eventCategory() == EventCategory.INSIGHT) {
      return LookupEventsResponse.builder().events(List.of()).build(); // none are ever made
    }
    if (request.eventCategory() == EventCategory.UNKNOWN_TO_SDK_VERSION) {
      throw InvalidEventCategoryException.builder()
          .message("The specified event category is invalid: " + request.eventCategoryAsString())
          .build();
    }
    Predicate<AuditTrail.Entry> wanted =
        entry ->
            entry.account().equals(caller.account()) && entry.region().equals(caller.region());
    if (from != null) {
      wanted = wanted.and(entry -> !entry.time().isBefore(from));
    }
    if (to != null) {
      wanted = wanted.and(entry -> !entry.time().isAfter(to));
    }
    String listing = "LookupEvents/" + caller.account() + "/" + caller.region();
    if (request.hasLookupAttributes() && !request.lookupAttributes().isEmpty()) {
      if (request.lookupAttributes().size() > 1) {
        throw InvalidLookupAttributesException.builder()
            .message("You can only specify one lookup attribute.")
            .build();
      }
      LookupAttribute attribute = request.lookupAttributes().getFirst();
      wanted = wanted.and(matching(attribute));
      listing += "/" + attribute.attributeKeyAsString() + "=" + attribute.attributeValue();
    }
    List<AuditTrail.Entry> found = trail.newest(before(listing, request), most + 1, wanted);
    boolean more = found.size() > most;
    List<AuditTrail.Entry> page = more ? found.subList(0, most) : found;
    return LookupEventsResponse.builder()
        .events(page.stream().map(CloudTrail::event).toList())
        .nextToken(
            more ? PageToken.of(listing, Long.toString(page.getLast().sequence())) : null)
        .build();
  }

  private static long before(String listing, LookupEventsRequest request) {
    try {
      String last = PageToken.lastId(listing, request.nextToken());
      return last.isEmpty() ? Long.MAX_VALUE : Long.parseLong(last);
    } catch (PageToken.Invalid e) {
      throw InvalidNextTokenException.builder().message("The specified token is invalid.").build();
    }
  }

  private static Predicate<AuditTrail.Entry> matching(LookupAttribute attribute) {
    String value = attribute.attributeValue();
    return switch (attribute.attributeKey()) {
      case EVENT_ID -> entry -> entry.eventId().equals(value);
      case EVENT_NAME -> entry -> entry.eventName().equals(value);
      case READ_ONLY -> entry -> String.valueOf(entry.readOnly()).equals(value);
      case USERNAME -> entry -> entry.username().equals(value);
      case RESOURCE_NAME -> entry -> entry.resources().contains(value);
      case EVENT_SOURCE -> entry -> entry.eventSource().equals(value);
      case ACCESS_KEY_ID -> entry -> value.equals(entry.accessKeyId());
      case RESOURCE_TYPE ->
          throw InvalidLookupAttributesException.builder()
              .message(
                  "Events here are not indexed by ResourceType; look them up by ResourceName or"
                      + " EventSource.")
              .build();
      case UNKNOWN_TO_SDK_VERSION ->
          throw InvalidLookupAttributesException.builder()
              .message("The lookup attribute is not valid: " + attribute.attributeKeyAsString())
              .build();
    };
  }

  private static Event event(AuditTrail.Entry entry) {
    return Event.builder()
        .eventId(entry.eventId())
        .eventName(entry.eventName())
        .eventSource(entry.eventSource())
        .readOnly(String.valueOf(entry.readOnly()))
        .username(entry.username())
        .accessKeyId(entry.accessKeyId())
        .eventTime(entry.time())
        .resources(
            entry.resources().stream()
                .map(name -> Resource.builder().resourceName(name).build())
                .toList())
        .cloudTrailEvent(entry.event())
        .build();
  }

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {}
}
