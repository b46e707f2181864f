package gantry.wire.schema;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.protocol.MarshallLocation;

/** A structure or union: its members, and how a value is made. */
public final class Shape {
  public final String name;
  public final List<Member> members;

  /** Members that stand in the body unless one member is the whole body. */
  public final List<Member> bodyMembers;

  /** The member that is the whole body, if one is. */
  public final @Nullable Member payload;

  /** Whether any member stands in the head: the label, the query, a header, the status. */
  public final boolean hasHeadMembers;

  public final Member.@Nullable XmlNamespace xmlNamespace;
  private final Map<String, Member> byWireName;
  private final Supplier<Object> newBuilder;
  private final UnaryOperator<Object> build;

  public Shape(
      String name,
      List<Member> members,
      Member.@Nullable XmlNamespace xmlNamespace,
      Supplier<Object> newBuilder,
      UnaryOperator<Object> build) {
    this.name = name;
    this.members = List.copyOf(members);
    this.xmlNamespace = xmlNamespace;
    this.bodyMembers =
        members.stream().filter(m -> m.location == MarshallLocation.PAYLOAD && !m.payload).toList();
    this.payload = members.stream().filter(m -> m.payload).findFirst().orElse(null);
    this.hasHeadMembers = members.stream().anyMatch(m -> m.location != MarshallLocation.PAYLOAD);
    this.byWireName = HashMap.newHashMap(bodyMembers.size());
    for (Member member : bodyMembers) {
      byWireName.put(member.wireName, member);
    }
    this.newBuilder = newBuilder;
    this.build = build;
  }

  /** The body member with that name on the wire. */
  public @Nullable Member member(String wireName) {
    return byWireName.get(wireName);
  }

  public Object newBuilder() {
    return newBuilder.get();
  }

  public Object build(Object builder) {
    return build.apply(builder);
  }

  /** A value with nothing set. */
  public Object empty() {
    return build(newBuilder());
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%s%s", name, members);
  }
}
