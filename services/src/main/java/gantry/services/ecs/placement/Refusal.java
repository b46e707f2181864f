package gantry.services.ecs.placement;

/** Why an instance cannot take a task, in the words of {@code failures[].reason}. */
public enum Refusal {
  INACTIVE("INACTIVE", "is not active"),
  AGENT("AGENT", "encountered error \"AGENT\""),
  LOCATION("LOCATION", "encountered error \"LOCATION\""),
  ATTRIBUTE("ATTRIBUTE", "is missing an attribute required by your task"),
  MEMBER_OF(
      "MemberOf placement constraint unsatisfied.",
      "encountered error \"MemberOf placement constraint unsatisfied.\""),
  DISTINCT_INSTANCE(
      "DistinctInstance placement constraint unsatisfied.",
      "encountered error \"DistinctInstance placement constraint unsatisfied.\""),
  CPU("RESOURCE:CPU", "has insufficient CPU units available"),
  MEMORY("RESOURCE:MEMORY", "has insufficient memory available"),
  GPU("RESOURCE:GPU", "encountered error \"RESOURCE:GPU\""),
  PORTS("RESOURCE:PORTS", "is already using a port required by your task"),
  PORTS_UDP("RESOURCE:PORTS_UDP", "is already using a port required by your task"),
  ENI("RESOURCE:ENI", "encountered error \"RESOURCE:ENI\"");

  private final String reason;
  private final String words;

  Refusal(String reason, String words) {
    this.reason = reason;
    this.words = words;
  }

  public String reason() {
    return reason;
  }

  /** What a service event says of the closest matching instance. */
  public String words() {
    return words;
  }
}
