package gantry.state;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;

/**
 * The process that is killed: threads write without pause, and say so on the standard output as
 * soon as a write has returned.
 */
final class StormWriter {

  /** A row of one write, and the running number that the writer gave it. */
  record Drop(int round, int writer, int number, String filling) {
    String name() {
      return id(round, writer, number);
    }
  }

  /** How many drops there are: changed by every write, so that half a write would show. */
  record Total(long drops) {}

  static final int WRITERS = 4;
  static final Table<Drop> DROPS = Table.of("storm.drops", Drop.class);
  static final Index<Drop> BY_WRITER =
      DROPS.index("writer", drop -> drop.round() + "/" + drop.writer());
  static final Table<Total> TOTALS = Table.of("storm.totals", Total.class);
  static final Scope HERE = new Scope("000000000000", "us-east-1");
  static final Key TOTAL = HERE.key("total");

  private StormWriter() {}

  static Store open(Path directory) {
    return SqliteStore.open(directory, Clock.systemUTC(), Schema.FIRST, List.of(DROPS, TOTALS));
  }

  static String id(int round, int writer, int number) {
    return "%05d-%d-%08d".formatted(round, writer, number);
  }

  static String filling(int round, int writer, int number) {
    return (round + "." + writer + "." + number + " ").repeat(1 + number % 100);
  }

  public static void main(String[] args) {
    int round = Integer.parseInt(args[1]);
    FileOutputStream out = new FileOutputStream(FileDescriptor.out);
    @SuppressWarnings("resource") // it ends by being killed
    Store store = open(Path.of(args[0]));
    for (int w = 0; w < WRITERS; w++) {
      int writer = w;
      Thread.ofPlatform().start(() -> storm(store, out, round, writer));
    }
  }

  private static void storm(Store store, FileOutputStream out, int round, int writer) {
    for (int n = 0; ; n++) {
      int number = n;
      try {
        store.write(tx -> drop(tx, round, writer, number, false));
        say(out, "kept " + writer + " " + number + "\n");
        if (number % 7 == 0) {
          store.write(tx -> drop(tx, round, writer, number, true));
        }
      } catch (Refused e) {
        // It must leave no trace; the parent looks.
      } catch (IOException e) {
        return; // the parent has gone
      }
    }
  }

  private static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private static String drop(Tx tx, int round, int writer, int number, boolean refused) {
    String id = refused ? "refused-" + number : id(round, writer, number);
    tx.put(DROPS, HERE.key(id), new Drop(round, writer, number, filling(round, writer, number)));
    Total total = tx.get(TOTALS, TOTAL);
    tx.put(TOTALS, TOTAL, new Total(total == null ? 1 : total.drops() + 1));
    if (refused) {
      throw new Refused();
    }
    return id;
  }

  private static void say(FileOutputStream out, String line) throws IOException {
    synchronized (out) {
      out.write(line.getBytes(UTF_8));
    }
  }
}
