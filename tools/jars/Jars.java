import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Makes three jars of a hundred: {@code java Jars.java OUT JAR...}, run by the build.
 *
 * <p>For each jar that the start-up cache holds a class of, Java reads a manifest, makes a URL and a
 * protection domain and defines packages, one by one and before the program begins: 65 ms of CPU
 * at each start. And whoever looks for a resource opens one jar after the other, and each of them
 * lists all that is in it. So the resources are together in a small jar of their own, which comes
 * first; the SDK's models, which are three quarters of all classes, come last.
 */
final class Jars {

  private static final String VERSIONS = "META-INF/versions/";

  /** In the order of the class path. */
  private static final List<String> NAMES = List.of("resources.jar", "gantry.jar", "models.jar");

  private record Source(Path jar, ZipFile zip, ZipEntry entry, int version) {}

  private final Map<String, Source> all = new LinkedHashMap<>();

  private Jars() {}

  public static void main(String[] arguments) throws IOException {
    Path out = Path.of(arguments[0]);
    Jars jars = new Jars();
    for (String each : Arrays.asList(arguments).subList(1, arguments.length)) {
      jars.read(Path.of(each));
    }
    Map<String, ZipOutputStream> made = new LinkedHashMap<>();
    for (String name : NAMES) {
      ZipOutputStream zip =
          new ZipOutputStream(new BufferedOutputStream(Files.newOutputStream(out.resolve(name))));
      zip.setLevel(Deflater.BEST_SPEED);
      made.put(name, zip);
    }
    for (Map.Entry<String, Source> each : jars.all.entrySet()) {
      ZipOutputStream zip = made.get(home(each.getKey()));
      ZipEntry entry = new ZipEntry(each.getKey());
      entry.setTime(each.getValue().entry().getTime());
      zip.putNextEntry(entry);
      try (InputStream in = each.getValue().zip().getInputStream(each.getValue().entry())) {
        in.transferTo(zip);
      }
      zip.closeEntry();
    }
    for (ZipOutputStream zip : made.values()) {
      zip.close();
    }
  }

  private static String home(String path) {
    if (!path.endsWith(".class")) {
      return NAMES.get(0);
    }
    return NAMES.get(path.startsWith("software/amazon/awssdk/services/") ? 2 : 1);
  }

  private void read(Path jar) throws IOException {
    ZipFile zip = new ZipFile(jar.toFile()); // open until the process ends
    for (ZipEntry entry : zip.stream().filter(each -> wanted(each.getName())).toList()) {
      add(new Source(jar, zip, entry, 0), entry.getName());
    }
  }

  /** All but what says how a jar is to be read: ours have no manifest and no signatures. */
  private static boolean wanted(String path) {
    return !path.endsWith("/")
        && !path.endsWith("module-info.class")
        && !path.endsWith("INF/MANIFEST.MF")
        && !path.equals("META-INF/INDEX.LIST")
        && !path.matches("META-INF/[^/]*\\.(SF|DSA|RSA|EC)");
  }

  /** What a jar brings for newer versions of Java stands in for the usual. */
  private void add(Source source, String path) {
    if (path.startsWith(VERSIONS)) {
      int slash = path.indexOf('/', VERSIONS.length());
      int version = Integer.parseInt(path.substring(VERSIONS.length(), slash));
      if (version <= Runtime.version().feature()) {
        put(new Source(source.jar(), source.zip(), source.entry(), version), path.substring(slash + 1));
      }
    } else {
      put(source, path);
    }
  }

  private void put(Source source, String path) {
    Source other = all.get(path);
    if (other == null || other.jar().equals(source.jar()) && other.version() < source.version()) {
      all.put(path, source);
    } else if (path.startsWith("META-INF/") && !path.startsWith("META-INF/services/")) {
      // Licences, notices, and where a library comes from: every jar has its own.
      all.put("META-INF/of/" + source.jar().getFileName() + "/" + path.substring(9), source);
    } else if (!other.jar().equals(source.jar())) {
      throw new IllegalStateException(path + " is in " + source.jar() + " and in " + other.jar());
    }
  }
}
