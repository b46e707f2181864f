package gantry.state;

import java.util.List;

/**
 * The version of the rows that this program writes, and how older ones become such. Adding or
 * removing a member needs no step ({@link RowCodec}); renaming, splitting, moving or re-keying
 * does.
 *
 * @param version grows by one with each step that is added
 * @param upgrades one for each version from 2 on
 */
public record Schema(int version, List<Upgrade> upgrades) {

  public static final Schema FIRST = new Schema(1, List.of());

  public Schema {
    upgrades = List.copyOf(upgrades);
    if (upgrades.size() != version - 1) {
      throw new IllegalArgumentException(
          "version " + version + " needs " + (version - 1) + " upgrades, not " + upgrades.size());
    }
    for (int i = 0; i < upgrades.size(); i++) {
      if (upgrades.get(i).to() != i + 2) {
        throw new IllegalArgumentException(
            "upgrade " + i + " must lead to version " + (i + 2) + ", not " + upgrades.get(i).to());
      }
    }
  }

  /** The steps from {@code version} to this one. */
  List<Upgrade> from(int written) {
    if (written > version) {
      throw new TooNew(written, version);
    }
    return upgrades.subList(written - 1, upgrades.size());
  }

  /** The data was written by a newer program. */
  public static final class TooNew extends RuntimeException {
    private static final long serialVersionUID = 1L;

    TooNew(int written, int known) {
      super(
          "the data was written by a newer version of this program (schema "
              + written
              + "; this one knows "
              + known
              + "): use that version, or another data directory");
    }
  }
}
