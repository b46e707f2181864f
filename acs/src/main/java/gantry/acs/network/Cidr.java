package gantry.acs.network;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** An IPv4 block in canonical form: no bit of {@code base} is set beyond the prefix. */
public record Cidr(long base, int prefix) implements Comparable<Cidr> {

  public static final Cidr ANYWHERE = new Cidr(0, 0);

  public Cidr {
    if (prefix < 0
        || prefix > 32
        || base < 0
        || base > 0xFFFFFFFFL
        || (base & ~mask(prefix)) != 0) {
      throw new IllegalArgumentException("not a block: " + base + "/" + prefix);
    }
  }

  /**
   * Reads {@code a.b.c.d/n} and clears the bits beyond the prefix, as EC2 does with the blocks it
   * is given.
   *
   * @throws IllegalArgumentException when it is not that
   */
  public static Cidr parse(String text) {
    int slash = text.indexOf('/');
    if (slash < 0 || text.length() - slash < 2 || text.length() - slash > 3) {
      throw new IllegalArgumentException("not a block: " + text);
    }
    int prefix = 0;
    for (int i = slash + 1; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < '0' || c > '9') {
        throw new IllegalArgumentException("not a block: " + text);
      }
      prefix = prefix * 10 + (c - '0');
    }
    if (prefix > 32) {
      throw new IllegalArgumentException("not a block: " + text);
    }
    return new Cidr(Ipv4.parse(text.substring(0, slash)) & mask(prefix), prefix);
  }

  public static boolean isValid(String text) {
    try {
      parse(text);
      return true;
    } catch (IllegalArgumentException notABlock) {
      return false;
    }
  }

  public static Cidr host(String address) {
    return new Cidr(Ipv4.parse(address), 32);
  }

  /** The same addresses in as few blocks as contain one another: none within another, sorted. */
  public static List<Cidr> withoutNested(Collection<Cidr> blocks) {
    List<Cidr> kept = new ArrayList<>();
    blocks.stream()
        .sorted()
        .forEach(
            block -> {
              if (kept.isEmpty() || !kept.getLast().contains(block)) {
                kept.add(block);
              }
            });
    return List.copyOf(kept);
  }

  public long size() {
    return 1L << (32 - prefix);
  }

  public long last() {
    return base + size() - 1;
  }

  public String address(long offset) {
    return Ipv4.text(base + offset);
  }

  public boolean contains(long address) {
    return (address & mask(prefix)) == base;
  }

  public boolean contains(String address) {
    return contains(Ipv4.parse(address));
  }

  public boolean contains(Cidr other) {
    return other.prefix >= prefix && contains(other.base);
  }

  public boolean overlaps(Cidr other) {
    return contains(other) || other.contains(this);
  }

  @Override
  public int compareTo(Cidr other) {
    int byBase = Long.compare(base, other.base);
    return byBase != 0 ? byBase : Integer.compare(prefix, other.prefix);
  }

  @Override
  public String toString() {
    return Ipv4.text(base) + "/" + prefix;
  }

  private static long mask(int prefix) {
    return 0xFFFFFFFFL << (32 - prefix) & 0xFFFFFFFFL;
  }
}
