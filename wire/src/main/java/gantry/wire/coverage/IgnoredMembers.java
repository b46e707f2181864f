package gantry.wire.coverage;

import gantry.wire.schema.Kind;
import gantry.wire.schema.Member;
import gantry.wire.schema.SdkShapes;
import gantry.wire.schema.Shape;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.SdkRequest;

/**
 * The members that a request sets and nobody reads: what {@code x-gantry-ignored} tells and {@code
 * --strict} refuses. Quick for requests whose shapes are read in full, which it remembers.
 */
public final class IgnoredMembers {
  private static final String SDK = "software.amazon.awssdk.services.";

  private final ReadMembers read;
  private final Map<Shape, Plan> plans = new ConcurrentHashMap<>();

  public IgnoredMembers(ReadMembers read) {
    this.read = read;
  }

  /** A shape's members that nobody reads, and those in which there may be such. */
  private record Plan(List<Member> ignored, List<Member> inner) {}

  /**
   * Paths such as {@code containerDefinitions.ulimits}; empty if everything that is set is read.
   */
  public List<String> of(SdkPojo request) {
    Shape shape = SdkShapes.of(request.getClass());
    Plan plan = plan(shape, request.getClass());
    if (plan.ignored.isEmpty() && plan.inner.isEmpty()) {
      return List.of();
    }
    Set<String> found = new LinkedHashSet<>();
    walk(plan, request, "", found);
    return List.copyOf(found);
  }

  /** Whether no member is set. */
  public static boolean saysNothing(SdkPojo request) {
    for (Member member : SdkShapes.of(request.getClass()).members) {
      if (set(member, request)) {
        return false;
      }
    }
    return true;
  }

  private void walk(Plan plan, Object structure, String path, Set<String> found) {
    for (Member member : plan.ignored) {
      if (set(member, structure)) {
        found.add(path + member.name);
      }
    }
    for (Member member : plan.inner) {
      Object value = member.get(structure);
      if (!SdkShapes.absent(value) && value != null) {
        inner(member, value, path + member.name + ".", found);
      }
    }
  }

  private void inner(Member member, Object value, String path, Set<String> found) {
    switch (member.kind) {
      case STRUCTURE -> walk(plan(member.shape(), value.getClass()), value, path, found);
      case LIST -> {
        for (Object one : (Collection<?>) value) {
          if (one != null) {
            inner(member.element(), one, path, found);
          }
        }
      }
      case MAP -> {
        for (Object one : ((Map<?, ?>) value).values()) {
          if (one != null) {
            inner(member.element(), one, path, found);
          }
        }
      }
      default -> {}
    }
  }

  /** An idempotency token that was not sent would be made up by reading it the usual way. */
  private static boolean set(Member member, Object structure) {
    if (member.defaulted && structure instanceof SdkRequest request) {
      return request.getValueForField(member.name, Object.class).isPresent();
    }
    return !SdkShapes.absent(member.get(structure));
  }

  private Plan plan(Shape shape, Class<?> type) {
    Plan known = plans.get(shape);
    if (known != null) {
      return known;
    }
    String name = type.getName().substring(SDK.length());
    List<Member> ignored = new ArrayList<>();
    List<Member> inner = new ArrayList<>();
    for (Member member : shape.members) {
      if (!read.reads(name, key(member))) {
        ignored.add(member);
      } else if (mayIgnore(member, new HashSet<>())) {
        inner.add(member);
      }
    }
    Plan plan = new Plan(List.copyOf(ignored), List.copyOf(inner));
    plans.put(shape, plan);
    return plan;
  }

  /** Whether a structure below that member has a member that nobody reads. */
  private boolean mayIgnore(Member member, Set<Shape> seen) {
    Member target = member;
    while (target.kind == Kind.LIST || target.kind == Kind.MAP) {
      target = target.element();
    }
    if (target.kind != Kind.STRUCTURE || !seen.add(target.shape())) {
      return false;
    }
    Shape shape = target.shape();
    String name = typeName(shape);
    for (Member one : shape.members) {
      if (!read.reads(name, key(one)) || mayIgnore(one, seen)) {
        return true;
      }
    }
    return false;
  }

  static String key(Member member) {
    return key(member.name);
  }

  static String key(String member) {
    StringBuilder key = new StringBuilder(member.length());
    for (int i = 0; i < member.length(); i++) {
      if (Character.isLetterOrDigit(member.charAt(i))) {
        key.append(member.charAt(i));
      }
    }
    return key.toString().toLowerCase(Locale.ROOT);
  }

  static String typeName(Shape shape) {
    return shape.empty().getClass().getName().substring(SDK.length());
  }

  /** Every path below a request's shape that nobody reads, for the coverage document. */
  List<String> all(Shape shape) {
    List<String> paths = new ArrayList<>();
    all(shape, "", new HashSet<>(), paths);
    return paths;
  }

  private void all(Shape shape, String path, Set<Shape> open, List<String> paths) {
    if (!open.add(shape)) {
      return; // a shape within itself
    }
    String type = typeName(shape);
    for (Member member : shape.members) {
      if (!read.reads(type, key(member))) {
        paths.add(path + member.name);
        continue;
      }
      Member target = member;
      while (target.kind == Kind.LIST || target.kind == Kind.MAP) {
        target = target.element();
      }
      if (target.kind == Kind.STRUCTURE) {
        all(target.shape(), path + member.name + ".", open, paths);
      }
    }
    open.remove(shape);
  }

  static @Nullable String modelClass(String internalName) {
    String prefix = SDK.replace('.', '/');
    return internalName.startsWith(prefix)
            && internalName.contains("/model/")
            && !internalName.contains("$")
        ? internalName.substring(prefix.length()).replace('/', '.')
        : null;
  }
}
