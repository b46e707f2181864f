package gantry.state;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.document.Document;
import software.amazon.awssdk.core.protocol.MarshallingKnownType;
import software.amazon.awssdk.core.traits.ListTrait;
import software.amazon.awssdk.core.traits.MapTrait;
import software.amazon.awssdk.services.ecs.model.Cluster;
import software.amazon.awssdk.services.ecs.model.ClusterField;
import software.amazon.awssdk.services.ecs.model.Container;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.Service;
import software.amazon.awssdk.services.ecs.model.Task;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.utils.builder.Buildable;

class RowCodecTest {

  enum Colour {
    RED,
    BLUE
  }

  sealed interface Shape {
    record Circle(double radius) implements Shape {}

    sealed interface Angular extends Shape {}

    record Square(double side, @Nullable String label) implements Angular {}

    record Nothing() implements Angular {}
  }

  record Tree(String name, List<Tree> children) {}

  record Everything(
      String text,
      @Nullable String none,
      int number,
      @Nullable Long box,
      boolean truth,
      double real,
      float small,
      Instant at,
      Duration lasts,
      Colour colour,
      Optional<String> maybe,
      Optional<Colour> empty,
      List<String> list,
      @Nullable List<String> noList,
      Set<Integer> set,
      Map<String, List<Shape>> shapes,
      Map<Colour, Long> byColour,
      SortedMap<String, String> sorted,
      BigDecimal exact,
      Tree tree,
      Key key,
      Task task,
      List<Container> containers) {}

  private static final RowCodec CODEC = new RowCodec();

  private static <V> V again(Class<V> type, V row) {
    return CODEC.decode(type, CODEC.encode(type, row));
  }

  @Test
  void aRecordOfEverythingComesBackEqual() {
    Everything row =
        new Everything(
            "täxt \"quoted\" \uD83D\uDE00 lone \uD800 end",
            null,
            -7,
            1L << 60,
            true,
            Double.NaN,
            1.5e-30f,
            Instant.parse("2026-03-01T10:20:30.123456789Z"),
            Duration.ofMillis(61_234),
            Colour.BLUE,
            Optional.of("here"),
            Optional.empty(),
            List.of("b", "a"),
            null,
            Set.of(3, 1),
            Map.of(
                "some",
                List.of(new Shape.Circle(1), new Shape.Square(2, "l"), new Shape.Nothing())),
            Map.of(Colour.RED, 4L),
            new TreeMap<>(Map.of("z", "1", "y", "2")),
            new BigDecimal("1.10"),
            new Tree("root", List.of(new Tree("leaf", List.of()))),
            new Key(new Scope("1", "eu-west-1"), "x"),
            Task.builder().taskArn("arn").launchType(LaunchType.FARGATE).build(),
            List.of(Container.builder().exitCode(137).build()));
    CODEC.check(Everything.class);
    assertThat(again(Everything.class, row)).isEqualTo(row);
  }

  @Test
  void whatWasNeverSetInAnSdkObjectStaysSo() {
    Cluster unset = again(Cluster.class, Cluster.builder().clusterName("a").build());
    Cluster empty =
        again(Cluster.class, Cluster.builder().clusterName("a").capacityProviders().build());
    assertThat(unset.hasCapacityProviders()).isFalse();
    assertThat(empty.hasCapacityProviders()).isTrue();
    assertThat(unset).isNotEqualTo(empty);
    assertThat(new String(CODEC.encode(Cluster.class, unset), UTF_8))
        .isEqualTo("{\"clusterName\":\"a\"}");
  }

  @Test
  void anEnumValueUnknownToThisSdkStaysTheStringItIs() {
    Task task = again(Task.class, Task.builder().launchType("QUANTUM").build());
    assertThat(task.launchTypeAsString()).isEqualTo("QUANTUM");
    assertThat(ClusterField.fromValue("QUANTUM")).isEqualTo(ClusterField.UNKNOWN_TO_SDK_VERSION);
  }

  record Old(String name, int size, Map<String, String> gone) {}

  record New(String name, int size, List<String> added, Optional<String> maybe, @Nullable Old sub) {
    New {
      if (added.isEmpty()) {
        added = List.of("default");
      }
    }
  }

  @Test
  void unknownMembersAreSkippedAndMissingOnesGetTheirDefault() {
    byte[] old = CODEC.encode(Old.class, new Old("a", 3, Map.of("k", "v")));
    assertThat(CODEC.decode(New.class, old))
        .isEqualTo(new New("a", 3, List.of("default"), Optional.empty(), null));
    byte[] strange =
        "{\"zzz\":{\"deep\":[1,{\"x\":[]}]},\"clusterName\":\"a\",\"more\":[[]]}".getBytes(UTF_8);
    assertThat(CODEC.decode(Cluster.class, strange))
        .isEqualTo(Cluster.builder().clusterName("a").build());
  }

  record Bad(String name, Map<String, Object> anything) {}

  record BadKey(Map<Instant, String> byTime) {}

  @Test
  void whatCannotBeKeptIsNamed() {
    assertThatThrownBy(() -> CODEC.check(Bad.class))
        .hasMessageContaining("Bad.anything")
        .hasMessageContaining("java.lang.Object");
    assertThatThrownBy(() -> CODEC.check(BadKey.class)).hasMessageContaining("Instant");
    assertThatThrownBy(() -> CODEC.decode(Old.class, "{\"size\":\"x".getBytes(UTF_8)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(Old.class.getName());
    assertThatThrownBy(() -> CODEC.decode(Old.class, "[]".getBytes(UTF_8)))
        .isInstanceOf(IllegalStateException.class);
  }

  @Property(tries = 200)
  void anyTextSurvives(@ForAll String text, @ForAll List<Integer> numbers) {
    record Pair(String text, List<Integer> numbers) {}
    Pair pair = new Pair(text, numbers);
    assertThat(again(Pair.class, pair)).isEqualTo(pair);
  }

  /** Every field of the model set, three levels deep, from a seed. */
  @Property(tries = 30)
  void everyFieldOfTheEcsModelComesBack(@ForAll long seed) {
    SeededIds ids = new SeededIds(seed);
    for (SdkPojo builder :
        List.of(
            (SdkPojo) Task.builder(),
            (SdkPojo) TaskDefinition.builder(),
            (SdkPojo) Service.builder(),
            (SdkPojo) Cluster.builder())) {
      checkFilled(filled(builder, ids, 4));
    }
  }

  @SuppressWarnings("unchecked") // a row's own class
  private static void checkFilled(Object row) {
    assertThat(again((Class<Object>) row.getClass(), row)).isEqualTo(row);
  }

  private static Object filled(SdkPojo builder, SeededIds ids, int depth) {
    for (SdkField<?> field : builder.sdkFields()) {
      if (ids.below(4) > 0) {
        field.set(builder, value(field, ids, depth));
      }
    }
    return ((Buildable) builder).build();
  }

  private static Object value(SdkField<?> field, SeededIds ids, int depth) {
    MarshallingKnownType kind = field.marshallingType().getKnownType();
    return switch (kind) {
      case STRING -> ids.hex(ids.below(9) + 1) + "é\"\n";
      case INTEGER -> ids.below(1000);
      case LONG -> (long) ids.below(1000) << 32;
      case BOOLEAN -> ids.below(2) == 0;
      case DOUBLE -> ids.below(1000) / 7.0;
      case INSTANT -> VirtualTime.START.plusNanos(ids.below(1_000_000_000));
      case DOCUMENT ->
          Document.mapBuilder()
              .putString("s", ids.hex(3))
              .putNumber("n", new BigDecimal("1.50"))
              .putBoolean("b", true)
              .putNull("nothing")
              .putList("l", List.of(Document.fromNull(), Document.fromNumber(7)))
              .build();
      case SDK_BYTES -> SdkBytes.fromByteArray(ids.bytes(5));
      case SDK_POJO ->
          depth == 0
              ? ((Buildable) field.constructor().get()).build()
              : filled(field.constructor().get(), ids, depth - 1);
      case LIST -> {
        List<Object> list = new ArrayList<>();
        for (int i = ids.below(3); i > 0; i--) {
          list.add(value(field.getRequiredTrait(ListTrait.class).memberFieldInfo(), ids, depth));
        }
        yield list;
      }
      case MAP -> {
        Map<String, Object> map = new TreeMap<>();
        for (int i = ids.below(3); i > 0; i--) {
          map.put(
              ids.hex(3),
              value(field.getRequiredTrait(MapTrait.class).valueFieldInfo(), ids, depth));
        }
        yield map;
      }
      default -> throw new AssertionError(kind + " in " + Arrays.asList(field));
    };
  }
}
