package gantry.services.ecr.scan;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads a tar stream (ustar, GNU long names, pax paths and sizes) entry by entry. */
final class TarReader {

  private static final int BLOCK = 512;

  /** Long names and pax headers beyond this are not of this world. */
  private static final int MAX_HEADER = 1024 * 1024;

  private final InputStream in;
  private final byte[] block = new byte[BLOCK];
  private long left;
  private long padding;

  TarReader(InputStream in) {
    this.in = in;
  }

  /**
   * @param name without a leading {@code ./} or {@code /}
   */
  record Entry(String name, boolean isFile, long size) {}

  /** The next entry; null at the end. What is left of the one before is skipped. */
  @Nullable Entry next() throws IOException {
    skip(left + padding);
    left = 0;
    padding = 0;
    String longName = null;
    Long longSize = null;
    while (true) {
      int read = in.readNBytes(block, 0, BLOCK);
      if (read == 0 || isZero()) {
        return null;
      }
      if (read < BLOCK) {
        throw new EOFException("the tar ends within a header");
      }
      long size = number(124, 12);
      byte type = block[156];
      switch (type) {
        case 'L' -> longName = cString(extra(size), 0, (int) size);
        case 'K' -> extra(size);
        case 'g' -> extra(size);
        case 'x' -> {
          byte[] pax = extra(size);
          String path = pax(pax, "path");
          String paxSize = pax(pax, "size");
          longName = path == null ? longName : path;
          longSize = paxSize == null ? longSize : Long.valueOf(paxSize);
        }
        default -> {
          String name = longName;
          if (name == null) {
            name = cString(block, 0, 100);
            if (cString(block, 257, 5).equals("ustar")) {
              String prefix = cString(block, 345, 155);
              // GNU's format keeps times where ustar keeps the prefix.
              if (!prefix.isEmpty() && block[263] == '0') {
                name = prefix + "/" + name;
              }
            }
          }
          left = longSize == null ? size : longSize;
          boolean isFile = type == '0' || type == 0 || type == '7';
          if (!isFile && type != 'S') {
            left = type == '1' || type == '2' || type == '5' ? 0 : left;
          }
          padding = (BLOCK - left % BLOCK) % BLOCK;
          return new Entry(clean(name), isFile, left);
        }
      }
    }
  }

  /** The content of the entry that {@link #next} gave. */
  byte[] content(int limit) throws IOException {
    if (left > limit) {
      throw new IOException("an entry of " + left + " bytes is larger than the " + limit + " meant");
    }
    byte[] content = in.readNBytes((int) left);
    if (content.length < left) {
      throw new EOFException("the tar ends within an entry");
    }
    left = 0;
    return content;
  }

  private byte[] extra(long size) throws IOException {
    if (size < 0 || size > MAX_HEADER) {
      throw new IOException("a tar header of " + size + " bytes");
    }
    byte[] content = in.readNBytes((int) size);
    if (content.length < size) {
      throw new EOFException("the tar ends within a header");
    }
    skip((BLOCK - size % BLOCK) % BLOCK);
    return content;
  }

  private void skip(long count) throws IOException {
    in.skipNBytes(count);
  }

  private boolean isZero() {
    for (byte each : block) {
      if (each != 0) {
        return false;
      }
    }
    return true;
  }

  private long number(int offset, int length) throws IOException {
    if ((block[offset] & 0x80) != 0) {
      // Base 256, for sizes that do not fit octal digits.
      long value = block[offset] & 0x7f;
      for (int i = 1; i < length; i++) {
        value = value << 8 | (block[offset + i] & 0xff);
      }
      return value;
    }
    String digits = cString(block, offset, length).trim();
    if (digits.isEmpty()) {
      return 0;
    }
    try {
      return Long.parseLong(digits, 8);
    } catch (NumberFormatException e) {
      throw new IOException("not a tar header", e);
    }
  }

  private static String cString(byte[] bytes, int offset, int length) {
    int end = offset;
    while (end < offset + length && end < bytes.length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, offset, end - offset, StandardCharsets.UTF_8);
  }

  /** A record of a pax header: {@code "LENGTH KEY=VALUE\n"}. */
  private static @Nullable String pax(byte[] header, String key) throws IOException {
    int at = 0;
    String found = null;
    while (at < header.length) {
      int space = at;
      while (space < header.length && header[space] != ' ') {
        space++;
      }
      int length;
      try {
        length =
            Integer.parseInt(new String(header, at, space - at, StandardCharsets.US_ASCII));
      } catch (NumberFormatException e) {
        throw new IOException("not a pax header", e);
      }
      if (length <= space - at + 1 || at + length > header.length) {
        throw new IOException("not a pax header");
      }
      String record =
          new String(header, space + 1, length - (space - at) - 2, StandardCharsets.UTF_8);
      if (record.startsWith(key + "=")) {
        found = record.substring(key.length() + 1);
      }
      at += length;
    }
    return found;
  }

  private static String clean(String name) {
    String clean = name;
    while (clean.startsWith("./") || clean.startsWith("/")) {
      clean = clean.substring(clean.startsWith("/") ? 1 : 2);
    }
    return clean.endsWith("/") ? clean.substring(0, clean.length() - 1) : clean;
  }
}
