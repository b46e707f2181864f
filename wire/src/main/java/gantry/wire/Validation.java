package gantry.wire;

import gantry.wire.Constraints.Entries;
import gantry.wire.Constraints.Items;
import gantry.wire.Constraints.Part;
import gantry.wire.Constraints.Rule;
import gantry.wire.Constraints.Simple;
import gantry.wire.Constraints.Structure;
import gantry.wire.schema.Kind;
import gantry.wire.schema.Member;
import gantry.wire.schema.SdkShapes;
import gantry.wire.schema.Shape;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkRequest;

/**
 * A model's constraints, checked before a handler runs, in the words that AWS's common front uses.
 * Services that check for themselves and say it in their own words are left alone.
 */
public final class Validation {
  /** ECS, EC2, ECR, EKS, S3 and SQS word their own; their handlers check. */
  private static final Set<String> OWN_WORDS =
      Set.of("ecs", "ec2", "ecr", "ecr-public", "eks", "s3", "sqs", "sns");

  /** AWS lists no more; a request of a million bad elements has one answer of bounded size. */
  private static final int MAX_VIOLATIONS = 100;

  /** Longer values are cut in messages. */
  private static final int MAX_SHOWN = 1024;

  /** Matching steps per pattern: a pattern that backtracks without end fails instead. */
  private static final int MAX_STEPS = 2_000_000;

  private final Constraints constraints;
  private final boolean iam;
  private final List<String> violations = new ArrayList<>();

  /** What IAM says of a bad name or path, if there was one. */
  private @Nullable String own;

  private Validation(Constraints constraints, boolean iam) {
    this.constraints = constraints;
    this.iam = iam;
  }

  static void check(Operation operation, Protocol protocol, SdkRequest request) {
    ServiceModel model = operation.service();
    Integer shape = operation.constraints();
    if (shape == null || OWN_WORDS.contains(model.info().id())) {
      return;
    }
    Validation validation = new Validation(model.constraints(), model.info().id().equals("iam"));
    validation.structure(shape, operation.binding().input(), request, "");
    List<String> found = validation.violations;
    if (found.isEmpty()) {
      return;
    }
    String code =
        switch (model.info().id()) {
          case "logs" -> "InvalidParameterException";
          case "route53", "servicediscovery" -> "InvalidInput";
          default -> protocol == Protocol.AWS_QUERY ? "ValidationError" : "ValidationException";
        };
    String own = validation.own;
    if (own != null && found.size() == 1) {
      throw new WireException(code, 400, own);
    }
    throw new WireException(
        code,
        400,
        found.size()
            + (found.size() == 1 ? " validation error" : " validation errors")
            + " detected: "
            + String.join("; ", found));
  }

  /** IAM has words of its own for the characters of names and paths, and for nothing else. */
  private void noteName(String path, String constraint) {
    if (!constraint.startsWith("Member must satisfy regular expression pattern")) {
      return;
    }
    if (constraint.endsWith(": [\\w+=,.@-]+") && path.endsWith("Name")) {
      own =
          "The specified value for "
              + path
              + " is invalid. It must contain only alphanumeric characters and/or the following:"
              + " +=,.@_-";
    } else if (path.equals("path") || path.equals("newPath")) {
      own =
          "The specified value for "
              + path
              + " is invalid. It must begin and end with / and contain only alphanumeric"
              + " characters and/or / characters.";
    }
  }

  private void add(String value, String path, String constraint) {
    if (iam) {
      noteName(path, constraint);
    }
    if (violations.size() < MAX_VIOLATIONS) {
      violations.add(
          "Value " + value + " at '" + path + "' failed to satisfy constraint: " + constraint);
    }
  }

  private void structure(int index, Shape shape, Object structure, String path) {
    Structure rule = (Structure) constraints.rule(index);
    for (Member member : shape.members) {
      Part part = rule.members().get(member.name);
      if (part == null) {
        continue;
      }
      Object value = member.get(structure);
      String at = path + lowerFirst(member.name);
      if (SdkShapes.absent(value) || value == null) {
        if (part.required()) {
          add("null", at, "Member must not be null");
        }
      } else if (part.shape() != null) {
        value(part.shape(), member, value, at);
      }
    }
  }

  /** Paths begin in lower case whatever the model's names. */
  private static String lowerFirst(String name) {
    return Character.toLowerCase(name.charAt(0)) + name.substring(1);
  }

  private void value(int index, Member member, Object value, String path) {
    Rule rule = constraints.rule(index);
    switch (rule) {
      case Structure ignored -> structure(index, member.shape(), value, path + ".");
      case Simple simple -> {
        for (String broken : broken(simple, member, value)) {
          add("'" + shown(value) + "'", path, "Member must " + broken);
        }
      }
      case Items items -> {
        List<?> list = (List<?>) value;
        for (String broken : size(items.min(), items.max(), list.size())) {
          add("'" + shown(list) + "'", path, "Member must " + broken);
        }
        if (items.element() != null) {
          elements(items.element(), member.element(), list, path);
        }
      }
      case Entries entries -> {
        Map<?, ?> map = (Map<?, ?>) value;
        for (String broken : size(entries.min(), entries.max(), map.size())) {
          add("'" + shown(map) + "'", path, "Member must " + broken);
        }
        entries(entries, member.element(), map, path);
      }
    }
  }

  /** Of scalars AWS names the list and all rules of the element; of structures the element. */
  private void elements(int index, Member element, List<?> list, String path) {
    if (constraints.rule(index) instanceof Simple simple) {
      for (Object one : list) {
        if (one != null && !broken(simple, element, one).isEmpty()) {
          add("'" + shown(list) + "'", path, "Member must satisfy constraint: " + all(simple));
          return;
        }
      }
      return;
    }
    for (int i = 0; i < list.size() && violations.size() < MAX_VIOLATIONS; i++) {
      Object one = list.get(i);
      if (one != null) {
        value(index, element, one, path + "." + (i + 1) + ".member");
      }
    }
  }

  private void entries(Entries entries, Member element, Map<?, ?> map, String path) {
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      if (violations.size() >= MAX_VIOLATIONS) {
        return;
      }
      if (entries.key() != null
          && constraints.rule(entries.key()) instanceof Simple simple
          && !broken(simple, null, entry.getKey()).isEmpty()) {
        add("'" + shown(map) + "'", path, "Map keys must satisfy constraint: " + all(simple));
        return;
      }
      if (entries.value() == null || entry.getValue() == null) {
        continue;
      }
      if (constraints.rule(entries.value()) instanceof Simple simple) {
        if (!broken(simple, element, entry.getValue()).isEmpty()) {
          add("'" + shown(map) + "'", path, "Map value must satisfy constraint: " + all(simple));
          return;
        }
      } else {
        value(entries.value(), element, entry.getValue(), path + "." + entry.getKey() + ".member");
      }
    }
  }

  private String all(Simple rule) {
    List<String> rules = new ArrayList<>();
    if (rule.max() != null) {
      rules.add("Member must have " + unit(rule) + " less than or equal to " + rule.max());
    }
    if (rule.min() != null) {
      rules.add("Member must have " + unit(rule) + " greater than or equal to " + rule.min());
    }
    if (rule.pattern() != null) {
      rules.add("Member must satisfy regular expression pattern: " + rule.patternText());
    }
    if (!rule.values().isEmpty()) {
      rules.add("Member must " + enumText(rule));
    }
    return "[" + String.join(", ", rules) + "]";
  }

  private static String unit(Simple rule) {
    return rule.number() ? "value" : "length";
  }

  private String enumText(Simple rule) {
    return "satisfy enum value set" + (iam ? "" : ": " + rule.values());
  }

  private static List<String> size(@Nullable BigDecimal min, @Nullable BigDecimal max, int size) {
    List<String> broken = new ArrayList<>(1);
    BigDecimal has = BigDecimal.valueOf(size);
    if (max != null && has.compareTo(max) > 0) {
      broken.add("have length less than or equal to " + max);
    }
    if (min != null && has.compareTo(min) < 0) {
      broken.add("have length greater than or equal to " + min);
    }
    return broken;
  }

  private List<String> broken(Simple rule, @Nullable Member member, Object value) {
    if (rule.number()) {
      List<String> broken = new ArrayList<>(1);
      if (value instanceof Number n && !Double.isNaN(n.doubleValue())) {
        BigDecimal has =
            n instanceof BigDecimal decimal
                ? decimal
                : n instanceof Double || n instanceof Float
                    ? clamp(n.doubleValue())
                    : BigDecimal.valueOf(n.longValue());
        if (rule.max() != null && has.compareTo(rule.max()) > 0) {
          broken.add("have value less than or equal to " + rule.max());
        }
        if (rule.min() != null && has.compareTo(rule.min()) < 0) {
          broken.add("have value greater than or equal to " + rule.min());
        }
      }
      return broken;
    }
    if (value instanceof SdkBytes bytes) {
      return size(rule.min(), rule.max(), bytes.asByteArrayUnsafe().length);
    }
    if (!(value instanceof String text) || (member != null && member.kind != Kind.STRING)) {
      return List.of();
    }
    List<String> broken = size(rule.min(), rule.max(), text.codePointCount(0, text.length()));
    if (rule.pattern() != null
        && !rule.pattern().matcher(new Bounded(text, new AtomicInteger(MAX_STEPS))).matches()) {
      broken.add("satisfy regular expression pattern: " + rule.patternText());
    }
    if (!rule.values().isEmpty() && !rule.values().contains(text)) {
      broken.add(enumText(rule));
    }
    return broken;
  }

  private static BigDecimal clamp(double value) {
    return Double.isInfinite(value)
        ? BigDecimal.valueOf(Math.copySign(Double.MAX_VALUE, value))
        : BigDecimal.valueOf(value);
  }

  private static String shown(Object value) {
    String text = value.toString();
    return text.length() > MAX_SHOWN ? text.substring(0, MAX_SHOWN) + "..." : text;
  }

  /** Text that ends a match which takes too long. */
  private record Bounded(CharSequence text, AtomicInteger steps) implements CharSequence {
    @Override
    public int length() {
      return text.length();
    }

    @Override
    public char charAt(int index) {
      if (steps.decrementAndGet() < 0) {
        throw new WireException(
            "ValidationException", 400, "A value takes too long to be checked.");
      }
      return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return new Bounded(text.subSequence(start, end), steps);
    }

    @Override
    public String toString() {
      return text.toString();
    }
  }
}
