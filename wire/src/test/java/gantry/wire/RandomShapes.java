package gantry.wire;

import gantry.wire.schema.Kind;
import gantry.wire.schema.Member;
import gantry.wire.schema.Shape;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.document.Document;
import software.amazon.awssdk.core.protocol.MarshallLocation;
import software.amazon.awssdk.core.traits.TimestampFormatTrait.Format;

/** Values of any shape, from a seed. */
final class RandomShapes {
  private static final String LETTERS =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  private static final String[] ODD = {
    " ",
    "&",
    "<",
    ">",
    "\"",
    "'",
    "%",
    "+",
    "=",
    "/",
    "?",
    "#",
    "\u00e4",
    "\u4e2d",
    "\ud83d\ude80",
    "\n",
    "\t",
    "\\",
    "~",
    "]]>"
  };

  private final Random random;
  private final int maxDepth;
  private final Habits habits;

  /** What a service's own client does to requests before they are written. */
  enum Habits {
    PLAIN,
    /** Cuts milliseconds off in places. */
    EC2,
    /** Takes everything up to the last slash off an id. */
    ROUTE53,
    /**
     * Fills in, forbids and rewrites members of its own accord; buckets have rules of their own.
     */
    S3;

    private static final Set<String> S3_OWN =
        Set.of(
            "ChecksumAlgorithm",
            "ContentLength",
            "ContentMD5",
            "ContentType",
            "SourceBucket",
            "SourceKey",
            "SourceVersionId",
            "Expires",
            "ExpiresString");

    boolean leavesOut(Member member) {
      return this == S3 && (S3_OWN.contains(member.name) || member.name.startsWith("Checksum"));
    }

    String shape(String text, boolean head) {
      return switch (this) {
        case PLAIN, EC2 -> text;
        case ROUTE53 -> text.replace('/', '-');
        case S3 ->
            head
                ? text.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "x") + "abc"
                : text.replace("]]>", ""); // its client wraps a policy in CDATA
      };
    }

    static Habits of(ServiceInfo info) {
      return switch (info.id()) {
        case "ec2" -> EC2;
        case "route53" -> ROUTE53;
        case "s3" -> S3;
        default -> PLAIN;
      };
    }
  }

  RandomShapes(Random random, int maxDepth, Habits habits) {
    this.random = random;
    this.maxDepth = maxDepth;
    this.habits = habits;
  }

  Object structure(Shape shape) {
    Object builder = shape.newBuilder();
    fill(shape, builder, 0);
    return shape.build(builder);
  }

  /** Null rather than a structure with nothing in it, which forms cannot say. */
  private @Nullable Object structure(Shape shape, int depth) {
    Object builder = shape.newBuilder();
    return fill(shape, builder, depth) ? shape.build(builder) : null;
  }

  /** Sets some members; of a union exactly one. */
  boolean fill(Shape shape, Object builder, int depth) {
    List<Member> members = shape.members.stream().filter(m -> !habits.leavesOut(m)).toList();
    if (members.isEmpty()) {
      return false;
    }
    if (union(builder)) {
      Member one = members.get(random.nextInt(members.size()));
      Object value = value(one, depth);
      if (value != null) {
        one.set(builder, value);
      }
      return value != null;
    }
    boolean any = false;
    // Large structures would make everything below them large too.
    double odds = Math.min(1, (depth == 0 ? 30.0 : 6.0) / members.size());
    for (Member member : members) {
      boolean head =
          member.location == MarshallLocation.PATH
              || member.location == MarshallLocation.GREEDY_PATH;
      if (head || member.required || member.defaulted || random.nextDouble() < odds) {
        Object value = value(member, depth);
        if (value != null) {
          member.set(builder, value);
          any = true;
        }
      }
    }
    return any;
  }

  private static boolean union(Object builder) {
    Class<?> model = builder.getClass().getEnclosingClass();
    if (model == null) {
      return false;
    }
    for (Class<?> nested : model.getDeclaredClasses()) {
      if (nested.getSimpleName().equals("Type") && nested.isEnum()) {
        return true;
      }
    }
    return false;
  }

  private @Nullable Object value(Member member, int depth) {
    boolean head = member.location != MarshallLocation.PAYLOAD;
    return switch (member.kind) {
      case STRING ->
          member.jsonValue
              ? "{\"a\":" + random.nextInt(9) + "}"
              : text(head || member.xmlAttribute, member.xmlAttribute);
      case BOOLEAN -> random.nextBoolean();
      case BYTE -> (byte) random.nextInt();
      case SHORT -> (short) random.nextInt();
      case INTEGER ->
          member.location == MarshallLocation.STATUS_CODE
              ? (Integer) (200 + random.nextInt(6))
              : (Integer) random.nextInt();
      case LONG -> random.nextLong() >> random.nextInt(64);
      case FLOAT -> (float) random.nextInt(1000) / 8;
      case DOUBLE -> random.nextInt(100000) / 16.0;
      case BIG_DECIMAL -> BigDecimal.valueOf(random.nextLong(), 5);
      case TIMESTAMP -> {
        long seconds = random.nextLong(-1_000_000_000L, 4_000_000_000L);
        boolean whole =
            random.nextBoolean()
                || habits == Habits.EC2
                || member.timestampFormat == Format.RFC_822
                || (head && member.timestampFormat == null);
        yield Instant.ofEpochSecond(seconds, whole ? 0 : random.nextInt(1000) * 1_000_000L);
      }
      case BLOB -> {
        byte[] bytes = new byte[1 + random.nextInt(20)];
        random.nextBytes(bytes);
        yield SdkBytes.fromByteArray(bytes);
      }
      case DOCUMENT ->
          Document.fromMap(
              Map.of(
                  "a",
                  Document.fromString(text(false, false)),
                  "b",
                  Document.fromList(
                      List.of(Document.fromNumber(random.nextInt()), Document.fromBoolean(true)))));
      case LIST -> {
        if (depth >= maxDepth && !scalar(member.element().kind)) {
          yield null;
        }
        List<Object> list = new ArrayList<>();
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
          Object one = element(member, depth);
          if (one != null) {
            list.add(one);
          }
        }
        yield list.isEmpty() ? null : list;
      }
      case MAP -> {
        if (depth >= maxDepth && !scalar(member.element().kind)) {
          yield null;
        }
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
          Object one = element(member, depth);
          if (one != null) {
            // Header names are case-insensitive.
            map.put(head ? "k" + random.nextInt(100) : "k" + text(false, false), one);
          }
        }
        yield map.isEmpty() ? null : map;
      }
      case STRUCTURE -> {
        if (depth >= (member.required ? 2 * maxDepth : maxDepth)) {
          yield null;
        }
        Object structure = structure(member.shape(), depth + 1);
        yield structure == null && member.required ? member.shape().empty() : structure;
      }
    };
  }

  private @Nullable Object element(Member member, int depth) {
    Member element = member.element();
    if (member.location != MarshallLocation.PAYLOAD && element.kind == Kind.STRING) {
      return text(true, false);
    }
    return value(element, depth + 1);
  }

  private static boolean scalar(Kind kind) {
    return kind != Kind.LIST && kind != Kind.MAP && kind != Kind.STRUCTURE;
  }

  /** Text; in the head of a message only what may stand there. */
  String text(boolean head, boolean attribute) {
    StringBuilder text = new StringBuilder();
    for (int i = 1 + random.nextInt(12); i > 0; i--) {
      text.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
      if (!head && random.nextInt(6) == 0) {
        String odd = ODD[random.nextInt(ODD.length)];
        text.append(attribute && odd.isBlank() ? "" : odd);
      }
    }
    return habits.shape(text.append(LETTERS.charAt(random.nextInt(52))).toString(), head);
  }
}
