package gantry.services.ecr.scan;

import gantry.services.ecr.scan.Installed.Kind;
import gantry.services.ecr.scan.Installed.InstalledPackage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.jspecify.annotations.Nullable;

/**
 * A vulnerability list that the operator has put on this machine, in the format of OSV: a folder of
 * {@code *.json} files, one vulnerability or an array of them in each, and of {@code *.zip} files of
 * such, as osv.dev offers them for download. Nothing is fetched.
 */
public final class Vulnerabilities {

  /** A vulnerability of a package that is installed. */
  public record Finding(
      String name,
      String description,
      String uri,
      Severity severity,
      String packageName,
      String packageVersion,
      @Nullable String fixedVersion,
      @Nullable String cvssVector,
      @Nullable Double cvssScore) {}

  public enum Severity {
    CRITICAL,
    HIGH,
    MEDIUM,
    LOW,
    INFORMATIONAL,
    UNDEFINED
  }

  private record Range(
      String introduced, @Nullable String fixed, @Nullable String lastAffected) {}

  private record Known(
      String name,
      String description,
      String uri,
      Severity severity,
      @Nullable String vector,
      @Nullable Double score) {}

  private record Affected(Known known, List<Range> ranges, Set<String> versions) {}

  /** Ecosystem, then package. */
  private final Map<String, Map<String, List<Affected>>> affected = new HashMap<>();

  private int count;
  private @Nullable Instant updatedAt;

  private Vulnerabilities() {}

  /**
   * Reads all that is in a folder.
   *
   * @param parser reads the objects of one JSON document
   */
  public static Vulnerabilities load(Path folder, Function<InputStream, List<Map<String, Object>>> parser)
      throws IOException {
    Vulnerabilities list = new Vulnerabilities();
    List<Path> files;
    try (Stream<Path> walk = Files.walk(folder)) {
      files = walk.filter(Files::isRegularFile).sorted().toList();
    }
    for (Path file : files) {
      String name = file.getFileName().toString();
      if (name.endsWith(".json")) {
        try (InputStream in = Files.newInputStream(file)) {
          parser.apply(in).forEach(list::add);
        }
      } else if (name.endsWith(".zip")) {
        try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(file))) {
          for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
            if (entry.getName().endsWith(".json")) {
              parser.apply(new Unclosed(zip)).forEach(list::add);
            }
          }
        }
      }
    }
    return list;
  }

  /** An entry of an archive: closing it must not close the archive. */
  private static final class Unclosed extends java.io.FilterInputStream {
    Unclosed(InputStream in) {
      super(in);
    }

    @Override
    public void close() {}
  }

  public int count() {
    return count;
  }

  public boolean covers(String ecosystem) {
    return affected.keySet().stream().anyMatch(known -> isOf(known, ecosystem));
  }

  /** When the newest entry was changed. */
  public @Nullable Instant updatedAt() {
    return updatedAt;
  }

  private static boolean isOf(String known, String ecosystem) {
    // Ubuntu's carry a suffix: Ubuntu:22.04:LTS.
    return known.equals(ecosystem) || known.startsWith(ecosystem + ":");
  }

  // ---- matching

  public List<Finding> findings(Installed installed) {
    String ecosystem = installed.ecosystem();
    List<Finding> found = new ArrayList<>();
    if (ecosystem == null) {
      return found;
    }
    Set<String> seen = new HashSet<>();
    for (Map.Entry<String, Map<String, List<Affected>>> each : affected.entrySet()) {
      if (!isOf(each.getKey(), ecosystem)) {
        continue;
      }
      for (InstalledPackage installedPackage : installed.packages()) {
        List<Affected> entries = each.getValue().get(installedPackage.source());
        if (entries == null) {
          continue;
        }
        for (Affected entry : entries) {
          Range range = hit(entry, installed.kind(), installedPackage.sourceVersion());
          if (range != null
              && seen.add(entry.known.name + " " + installedPackage.name())) {
            found.add(
                new Finding(
                    entry.known.name,
                    entry.known.description,
                    entry.known.uri,
                    entry.known.severity,
                    installedPackage.name(),
                    installedPackage.version(),
                    range.fixed,
                    entry.known.vector,
                    entry.known.score));
          }
        }
      }
    }
    found.sort(
        java.util.Comparator.comparing(Finding::severity)
            .thenComparing(Finding::name)
            .thenComparing(Finding::packageName));
    return found;
  }

  private static @Nullable Range hit(Affected entry, Kind kind, String version) {
    for (Range range : entry.ranges) {
      boolean begun =
          range.introduced.equals("0") || Versions.compare(kind, version, range.introduced) >= 0;
      boolean over =
          (range.fixed != null && Versions.compare(kind, version, range.fixed) >= 0)
              || (range.lastAffected != null
                  && Versions.compare(kind, version, range.lastAffected) > 0);
      if (begun && !over) {
        return range;
      }
    }
    return entry.versions.contains(version) ? new Range("0", null, null) : null;
  }

  // ---- reading

  private void add(Map<String, Object> json) {
    String id = text(json, "id");
    if (id == null || json.containsKey("withdrawn")) {
      return;
    }
    count++;
    String modified = text(json, "modified");
    Instant at = modified == null ? null : instant(modified);
    if (at != null && (updatedAt == null || at.isAfter(updatedAt))) {
      updatedAt = at;
    }
    for (Map<String, Object> each : list(json, "affected")) {
      Map<String, Object> named = map(each, "package");
      String ecosystem = text(named, "ecosystem");
      String name = text(named, "name");
      if (ecosystem == null || name == null) {
        continue;
      }
      List<Range> ranges = new ArrayList<>();
      for (Map<String, Object> range : list(each, "ranges")) {
        if (!"GIT".equals(text(range, "type"))) {
          ranges(list(range, "events"), ranges);
        }
      }
      Set<String> versions = new HashSet<>();
      // Where there are ranges they say it all; the versions are the same, enumerated.
      if (ranges.isEmpty() && each.get("versions") instanceof List<?> enumerated) {
        enumerated.forEach(version -> versions.add(String.valueOf(version)));
      }
      affected
          .computeIfAbsent(ecosystem, _ -> new HashMap<>())
          .computeIfAbsent(name, _ -> new ArrayList<>())
          .add(new Affected(known(id, json, each), ranges, versions));
    }
  }

  private static @Nullable Instant instant(String text) {
    try {
      return Instant.parse(text);
    } catch (DateTimeParseException e) {
      return null;
    }
  }

  private static void ranges(List<Map<String, Object>> events, List<Range> ranges) {
    String introduced = null;
    for (Map<String, Object> event : events) {
      if (text(event, "introduced") != null) {
        if (introduced != null) {
          ranges.add(new Range(introduced, null, null));
        }
        introduced = text(event, "introduced");
      } else if (introduced != null && text(event, "fixed") != null) {
        ranges.add(new Range(introduced, text(event, "fixed"), null));
        introduced = null;
      } else if (introduced != null && text(event, "last_affected") != null) {
        ranges.add(new Range(introduced, null, text(event, "last_affected")));
        introduced = null;
      }
    }
    if (introduced != null) {
      ranges.add(new Range(introduced, null, null));
    }
  }

  private static Known known(
      String id, Map<String, Object> json, Map<String, Object> affectedEntry) {
    String vector = vector(json);
    if (vector == null) {
      vector = vector(affectedEntry);
    }
    Double score = vector == null ? null : Cvss.baseScore(vector);
    String summary = text(json, "summary");
    String details = text(json, "details");
    return new Known(
        name(id, json),
        details != null ? details : summary == null ? "" : summary,
        uri(id, json),
        severity(score, json, affectedEntry),
        vector,
        score);
  }

  /** The CVE that an advisory of a distribution is about, if it is about one. */
  private static String name(String id, Map<String, Object> json) {
    if (id.startsWith("CVE-")) {
      return id;
    }
    Set<String> cves = new HashSet<>();
    for (String member : List.of("aliases", "upstream")) {
      if (json.get(member) instanceof List<?> names) {
        for (Object name : names) {
          if (String.valueOf(name).startsWith("CVE-")) {
            cves.add(String.valueOf(name));
          }
        }
      }
    }
    return cves.size() == 1 ? cves.iterator().next() : id;
  }

  private static @Nullable String vector(Map<String, Object> json) {
    for (Map<String, Object> severity : list(json, "severity")) {
      String score = text(severity, "score");
      if ("CVSS_V3".equals(text(severity, "type")) && score != null) {
        return score;
      }
    }
    return null;
  }

  private static Severity severity(
      @Nullable Double score, Map<String, Object> json, Map<String, Object> affectedEntry) {
    if (score != null) {
      return score >= 9
          ? Severity.CRITICAL
          : score >= 7
              ? Severity.HIGH
              : score >= 4 ? Severity.MEDIUM : score > 0 ? Severity.LOW : Severity.INFORMATIONAL;
    }
    for (Map<String, Object> source :
        List.of(
            map(json, "database_specific"),
            map(affectedEntry, "database_specific"),
            map(affectedEntry, "ecosystem_specific"))) {
      for (String member : List.of("severity", "urgency")) {
        String word = text(source, member);
        if (word != null) {
          Severity named =
              switch (word.toLowerCase(Locale.ROOT)) {
                case "critical" -> Severity.CRITICAL;
                case "high", "important" -> Severity.HIGH;
                case "medium", "moderate" -> Severity.MEDIUM;
                case "low" -> Severity.LOW;
                case "unimportant", "negligible", "none" -> Severity.INFORMATIONAL;
                default -> Severity.UNDEFINED;
              };
          if (named != Severity.UNDEFINED) {
            return named;
          }
        }
      }
    }
    return Severity.UNDEFINED;
  }

  private static String uri(String id, Map<String, Object> json) {
    for (Map<String, Object> reference : list(json, "references")) {
      String url = text(reference, "url");
      if (url != null) {
        return url;
      }
    }
    return "https://osv.dev/vulnerability/" + id;
  }

  private static @Nullable String text(Map<String, Object> json, String name) {
    return json.get(name) instanceof String text ? text : null;
  }

  @SuppressWarnings("unchecked") // the parser makes maps with text for keys
  private static Map<String, Object> map(Map<String, Object> json, String name) {
    return json.get(name) instanceof Map<?, ?> map ? (Map<String, Object>) map : Map.of();
  }

  @SuppressWarnings("unchecked")
  private static List<Map<String, Object>> list(Map<String, Object> json, String name) {
    List<Map<String, Object>> found = new ArrayList<>();
    if (json.get(name) instanceof List<?> list) {
      for (Object each : list) {
        if (each instanceof Map<?, ?> map) {
          found.add((Map<String, Object>) map);
        }
      }
    }
    return found;
  }

  /** Counts by severity, only of those that occur. */
  public static Map<Severity, Integer> counts(List<Finding> findings) {
    Map<Severity, Integer> counts = new LinkedHashMap<>();
    for (Finding finding : findings) {
      counts.merge(finding.severity, 1, Integer::sum);
    }
    return counts;
  }
}
