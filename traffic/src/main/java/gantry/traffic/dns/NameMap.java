package gantry.traffic.dns;

import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An immutable map from wire names, asked with a slice of a buffer so that a look-up makes no
 * object.
 */
final class NameMap<V> {

  // Empty slots hold an empty key, which is no name: a name has one byte at least.
  private final byte[][] keys;
  private static final byte[] FREE = new byte[0];
  private final @Nullable Object[] values;
  private final int mask;
  private final int size;

  /** {@code entries} are named by text. */
  NameMap(Map<String, V> entries) {
    int capacity = Math.max(4, Integer.highestOneBit(Math.max(1, entries.size()) * 2 - 1) * 2);
    this.keys = new byte[capacity][];
    Arrays.fill(keys, FREE);
    this.values = new Object[capacity];
    this.mask = capacity - 1;
    this.size = entries.size();
    entries.forEach(
        (text, value) -> {
          byte[] name = Names.toWire(text);
          int slot = hash(name, 0, name.length) & mask;
          while (keys[slot].length != 0) {
            slot = (slot + 1) & mask;
          }
          keys[slot] = name;
          values[slot] = value;
        });
  }

  @SuppressWarnings("unchecked") // Only values of V are put in.
  @Nullable V get(byte[] buffer, int from, int to) {
    int slot = hash(buffer, from, to) & mask;
    while (true) {
      byte[] key = keys[slot];
      if (key.length == 0) {
        return null;
      }
      if (Arrays.equals(key, 0, key.length, buffer, from, to)) {
        return (V) values[slot];
      }
      slot = (slot + 1) & mask;
    }
  }

  @Nullable V get(byte[] name) {
    return get(name, 0, name.length);
  }

  int size() {
    return size;
  }

  private static int hash(byte[] bytes, int from, int to) {
    int hash = 0x811c9dc5;
    for (int i = from; i < to; i++) {
      hash = (hash ^ bytes[i]) * 0x01000193;
    }
    return hash ^ (hash >>> 15);
  }
}
