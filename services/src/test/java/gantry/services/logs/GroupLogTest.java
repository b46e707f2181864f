package gantry.services.logs;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.services.logs.WriteAhead.Line;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GroupLogTest {

  @TempDir Path folder;

  private static List<Event> all(GroupLog log, Wanted wanted) {
    List<Event> events = new ArrayList<>();
    log.events(wanted).forEachRemaining(events::add);
    return events;
  }

  private static Wanted with(String literal) {
    return new Wanted(0, Long.MAX_VALUE, stream -> true, null, null, Literal.of(literal), false);
  }

  @Test
  void eventsComeInTheOrderOfTimeOverSegmentsAndBothWays() throws Exception {
    Random random = new Random(3);
    List<Event> expected = new ArrayList<>();
    try (GroupLog log = GroupLog.open(folder.resolve("g"), 4096)) {
      for (int batch = 0; batch < 60; batch++) {
        List<Line> lines = new ArrayList<>();
        long time = random.nextInt(1000);
        for (int i = 0; i < 20; i++) {
          time += random.nextInt(5);
          String message = i % 7 == 0 ? "" : "batch " + batch + " zeile ä€😀 " + i;
          lines.add(new Line(time, message));
          expected.add(new Event(time, 5000 + batch, expected.size(), batch % 3, message));
        }
        log.append(batch % 3, 5000 + batch, lines);
      }
      assertThat(log.segments()).hasSizeGreaterThan(5);
      expected.sort(Comparator.comparing(Event::position));
      assertThat(all(log, Wanted.all())).isEqualTo(expected);
      Wanted back =
          new Wanted(100, 900, stream -> stream == 1, null, new Position(800, 3), null, true);
      assertThat(all(log, back))
          .isEqualTo(
              expected.reversed().stream()
                  .filter(e -> back.has(e.timestamp(), e.sequence(), e.stream()))
                  .toList())
          .isNotEmpty();
    }
    try (GroupLog log = GroupLog.open(folder.resolve("g"), 4096)) {
      assertThat(all(log, Wanted.all())).isEqualTo(expected);
      for (String literal : List.of("ä€😀 1", "batch 5", "zeile", "5b", "9batch", "9")) {
        assertThat(all(log, with(literal)))
            .as(literal)
            .isEqualTo(expected.stream().filter(e -> e.message().contains(literal)).toList());
      }
    }
  }

  @Test
  void halfABatchAtTheEndIsCutOff() throws Exception {
    Path group = folder.resolve("g");
    try (GroupLog log = GroupLog.open(group, 4096)) {
      log.append(1, 10, List.of(new Line(10, "one")));
    }
    Path file;
    try (Stream<Path> files = Files.list(group)) {
      file = files.findFirst().orElseThrow();
    }
    Bytes torn = WriteAhead.record(1, 11, 1, List.of(new Line(11, "two")));
    Files.write(file, Arrays.copyOf(torn.array(), torn.size() - 1), StandardOpenOption.APPEND);
    try (GroupLog log = GroupLog.open(group, 4096)) {
      log.append(1, 12, List.of(new Line(12, "three")));
      assertThat(all(log, Wanted.all())).extracting(Event::message).containsExactly("one", "three");
      assertThat(all(log, Wanted.all())).extracting(Event::sequence).containsExactly(0L, 1L);
    }
  }

  @Test
  void segmentsOfWhichNothingIsLeftAreDeleted() throws Exception {
    try (GroupLog log = GroupLog.open(folder.resolve("g"), 4096)) {
      for (int i = 0; i < 4; i++) {
        log.append(i, 100 * i, List.of(new Line(100 * i, "m")));
        log.sealNow();
      }
      assertThat(log.sweep(150, stream -> stream != 2)).isEqualTo(3);
      assertThat(all(log, Wanted.all())).extracting(Event::stream).containsExactly(3L);
      try (Stream<Path> files = Files.list(folder.resolve("g"))) {
        assertThat(files).hasSize(1);
      }
    }
  }

  @Test
  void positionsAreIdsThatSortByTime() {
    Position position = new Position(1_700_000_000_000L, 42);
    assertThat(position.id()).hasSize(56);
    assertThat(Position.parse(position.id())).isEqualTo(position);
    assertThat(position.id()).isLessThan(new Position(1_700_000_000_000L, 43).id());
    assertThat(Position.parse(new Position(5, -1).id())).isEqualTo(new Position(5, -1));
    assertThat(Position.parse("nonsense")).isNull();
  }
}
