package gantry.services.ecr.scan;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * What a distribution's package manager has installed in an image: read out of the layers, oldest
 * first, with what later layers overwrite or whiten out taken into account. Of the layers, only the
 * package databases are kept in memory.
 *
 * @param ecosystem the distribution as OSV names it, such as {@code Debian:12} or {@code
 *     Alpine:v3.20}; null for one that is not known
 * @param distribution what the image calls itself, for people
 */
public record Installed(
    @Nullable String ecosystem, String distribution, Kind kind, List<InstalledPackage> packages) {

  public enum Kind {
    DPKG,
    APK,
    NONE
  }

  /**
   * One package.
   *
   * @param source what vulnerabilities are told of: the source package, or the package itself
   */
  public record InstalledPackage(String name, String version, String source, String sourceVersion) {}

  /** Layers, oldest first. */
  @FunctionalInterface
  public interface Layer {
    InputStream open() throws IOException;
  }

  static final int MAX_DATABASE = 64 * 1024 * 1024;

  private static final Set<String> FILES =
      Set.of(
          "etc/os-release",
          "usr/lib/os-release",
          "var/lib/dpkg/status",
          "lib/apk/db/installed",
          "usr/lib/apk/db/installed");
  private static final String DPKG_FOLDER = "var/lib/dpkg/status.d/";

  public static Installed read(List<Layer> layers) throws IOException {
    TreeMap<String, byte[]> files = new TreeMap<>();
    for (Layer layer : layers) {
      try (InputStream in = decompressed(new BufferedInputStream(layer.open(), 64 * 1024))) {
        apply(new TarReader(in), files);
      }
    }
    Map<String, String> os = osRelease(files);
    String id = os.getOrDefault("ID", "");
    String version = os.getOrDefault("VERSION_ID", "");
    String name = os.getOrDefault("PRETTY_NAME", id.isEmpty() ? "an unknown system" : id);
    List<InstalledPackage> packages = new ArrayList<>();
    Kind kind = Kind.NONE;
    byte[] apk = files.getOrDefault("lib/apk/db/installed", files.get("usr/lib/apk/db/installed"));
    if (apk != null) {
      kind = Kind.APK;
      apk(text(apk), packages);
    } else {
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        if (file.getKey().equals("var/lib/dpkg/status") || file.getKey().startsWith(DPKG_FOLDER)) {
          kind = Kind.DPKG;
          dpkg(text(file.getValue()), packages);
        }
      }
    }
    return new Installed(ecosystem(id, version), name, kind, packages);
  }

  /** Layers are plain tars, gzip or zstd; which one their first bytes tell. */
  private static InputStream decompressed(BufferedInputStream in) throws IOException {
    in.mark(4);
    byte[] magic = in.readNBytes(4);
    in.reset();
    if (magic.length >= 2 && (magic[0] & 0xff) == 0x1f && (magic[1] & 0xff) == 0x8b) {
      return new BufferedInputStream(new GZIPInputStream(in, 64 * 1024), 64 * 1024);
    }
    if (magic.length == 4
        && (magic[0] & 0xff) == 0x28
        && (magic[1] & 0xff) == 0xb5
        && (magic[2] & 0xff) == 0x2f
        && (magic[3] & 0xff) == 0xfd) {
      return new BufferedInputStream(
          new com.github.luben.zstd.ZstdInputStream(in), 64 * 1024);
    }
    return in;
  }

  private static void apply(TarReader tar, TreeMap<String, byte[]> files) throws IOException {
    Map<String, byte[]> added = new LinkedHashMap<>();
    for (TarReader.Entry entry = tar.next(); entry != null; entry = tar.next()) {
      String name = entry.name();
      int slash = name.lastIndexOf('/');
      String folder = slash < 0 ? "" : name.substring(0, slash + 1);
      String base = name.substring(slash + 1);
      if (base.equals(".wh..wh..opq")) {
        files.keySet().removeIf(file -> file.startsWith(folder));
      } else if (base.startsWith(".wh.")) {
        String gone = folder + base.substring(".wh.".length());
        files.keySet().removeIf(file -> file.equals(gone) || file.startsWith(gone + "/"));
      } else if (FILES.contains(name) || isDpkgPart(name)) {
        if (entry.isFile()) {
          added.put(name, tar.content(MAX_DATABASE));
        } else {
          // A link in its place: what it leads to is read under its own name.
          files.remove(name);
        }
      }
    }
    files.putAll(added);
  }

  private static boolean isDpkgPart(String name) {
    return name.startsWith(DPKG_FOLDER)
        && name.length() > DPKG_FOLDER.length()
        && !name.endsWith(".md5sums");
  }

  private static Map<String, String> osRelease(Map<String, byte[]> files) {
    Map<String, String> found = new LinkedHashMap<>();
    byte[] file = files.getOrDefault("etc/os-release", files.get("usr/lib/os-release"));
    if (file != null) {
      for (String line : text(file).lines().toList()) {
        int equals = line.indexOf('=');
        if (equals > 0) {
          String value = line.substring(equals + 1).trim();
          if (value.length() >= 2 && (value.startsWith("\"") || value.startsWith("'"))) {
            value = value.substring(1, value.length() - 1);
          }
          found.put(line.substring(0, equals).trim(), value);
        }
      }
    }
    return found;
  }

  private static @Nullable String ecosystem(String id, String version) {
    if (version.isEmpty()) {
      return null;
    }
    return switch (id) {
      case "debian" -> "Debian:" + version;
      case "ubuntu" -> "Ubuntu:" + version;
      case "alpine" -> {
        String[] parts = version.split("\\.", 3);
        yield parts.length < 2 ? null : "Alpine:v" + parts[0] + "." + parts[1];
      }
      default -> null;
    };
  }

  private static void dpkg(String text, List<InstalledPackage> packages) {
    for (Map<String, String> fields : paragraphs(text, ": ")) {
      String name = fields.get("Package");
      String version = fields.get("Version");
      String status = fields.get("Status");
      // The parts that images without a package manager carry have no status.
      if (name == null || version == null || (status != null && !status.endsWith(" installed"))) {
        continue;
      }
      String source = fields.getOrDefault("Source", name);
      String sourceVersion = version;
      int open = source.indexOf(" (");
      if (open > 0 && source.endsWith(")")) {
        sourceVersion = source.substring(open + 2, source.length() - 1);
        source = source.substring(0, open);
      }
      packages.add(new InstalledPackage(name, version, source, sourceVersion));
    }
  }

  private static void apk(String text, List<InstalledPackage> packages) {
    for (Map<String, String> fields : paragraphs(text, ":")) {
      String name = fields.get("P");
      String version = fields.get("V");
      if (name != null && version != null) {
        packages.add(new InstalledPackage(name, version, fields.getOrDefault("o", name), version));
      }
    }
  }

  private static List<Map<String, String>> paragraphs(String text, String separator) {
    List<Map<String, String>> found = new ArrayList<>();
    Map<String, String> fields = new LinkedHashMap<>();
    for (String line : text.lines().toList()) {
      if (line.isBlank()) {
        if (!fields.isEmpty()) {
          found.add(fields);
          fields = new LinkedHashMap<>();
        }
        continue;
      }
      int at = line.indexOf(separator);
      if (at > 0 && !Character.isWhitespace(line.charAt(0))) {
        fields.putIfAbsent(line.substring(0, at), line.substring(at + separator.length()).trim());
      }
    }
    if (!fields.isEmpty()) {
      found.add(fields);
    }
    return found;
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
