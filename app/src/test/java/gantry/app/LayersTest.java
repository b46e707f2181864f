package gantry.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Holds the arrows of ARCHITECTURE.md, and keeps clocks, chance, threads and sockets at the rim.
 */
class LayersTest {

  private static final String OURS = "gantry.";

  /** What a module may know of ours besides itself. */
  private static final Map<String, Set<String>> MAY_KNOW =
      Map.of(
          "wire", Set.of(),
          "state", Set.of(),
          "acs", Set.of(),
          "services", Set.of("state", "acs"),
          "node", Set.of("acs"),
          "traffic", Set.of(),
          "app", Set.of("wire", "state", "acs", "services", "node", "traffic"));

  /** Which modules may hold a library in their hands. */
  private static final Map<String, Set<String>> LIBRARIES =
      Map.of(
          "io.netty.", Set.of("app", "traffic"),
          "com.github.dockerjava.", Set.of("node"),
          "org.sqlite.", Set.of("state"),
          "java.sql.", Set.of("state"));

  /** One service's package that knows another's: how it is, and why it may. */
  private static final Map<String, String> NEIGHBOURS =
      Map.of(
          "ecrpublic -> ecr", "one registry: what both show is one store of the same blobs",
          "ecr -> iam", "repository policies are judged by the one policy engine",
          "sts -> iam", "sessions are of IAM's roles and users, judged by its engine",
          "iam -> sts", "whose an access key is: a user's key or a session's",
          "kms -> iam", "key policies are judged by the one policy engine",
          "secretsmanager -> iam", "resource policies are judged by the one policy engine");

  /** Types that mean a clock, chance, a thread or a socket wherever they are used. */
  private static final Pattern AMBIENT_TYPE =
      Pattern.compile(
          "java\\.util\\.(Timer|Random|concurrent\\.(ThreadLocalRandom|Executors|ForkJoinPool"
              + "|ThreadPoolExecutor|ScheduledThreadPoolExecutor))"
              + "|java\\.security\\.SecureRandom"
              + "|java\\.net\\.(Socket|ServerSocket|DatagramSocket|URLConnection|HttpURLConnection)"
              + "|java\\.net\\.http\\..*"
              + "|java\\.nio\\.channels\\.(SocketChannel|ServerSocketChannel|DatagramChannel)"
              + "|java\\.lang\\.(ProcessBuilder|Process|Runtime)");

  /** Calls that reach for one. */
  private static final Pattern AMBIENT_CALL =
      Pattern.compile(
          "java\\.lang\\.System\\.(currentTimeMillis|nanoTime|getenv)"
              + "|java\\.lang\\.Math\\.random"
              + "|java\\.util\\.UUID\\.randomUUID"
              + "|java\\.util\\.Date\\.<init>\\(\\)"
              + "|java\\.time\\.(Instant|LocalDate|LocalTime|LocalDateTime|ZonedDateTime|OffsetDateTime)"
              + "\\.now\\((java\\.time\\.ZoneId)?\\)"
              + "|java\\.time\\.Clock\\.(system|systemUTC|systemDefaultZone|tick).*"
              + "|java\\.lang\\.Thread\\.(<init>|sleep|start|startVirtualThread|ofVirtual|ofPlatform).*"
              + "|java\\.util\\.concurrent\\.CompletableFuture\\.\\w+Async"
              + "|java\\.util\\.stream\\..*\\.parallel"
              + "|java\\.util\\.Collection\\.parallelStream"
              + "|java\\.util\\.Collections\\.shuffle\\(java\\.util\\.List\\)");

  /**
   * The rim within: who may reach for what, and why. Each is used, or this test asks to remove it.
   */
  private static final Map<String, String> RIM = new LinkedHashMap<>();

  static {
    RIM.put("gantry.state.TableStore", "the one log thread that turns queued writes into a commit");
    RIM.put("gantry.state.SystemTime", "is the clock and the timers that all others are handed");
    RIM.put("gantry.state.RandomIds", "is the chance that all others are handed");
    RIM.put("gantry.state.ControllerRunner", "live(): controllers run on virtual threads");
    RIM.put("gantry.services.logs.LogsBench", "a benchmark; the service never calls it");
    RIM.put("gantry.services.logs.Merge", "segments are searched on all cores, by the common pool");
    RIM.put(
        "gantry.services.ecr.LayerWriter", "a layer is written while its next pieces are hashed");
    RIM.put("gantry.services.kms.Crypto", "the JDK's ciphers want a SecureRandom; they get Ids'");
    RIM.put(
        "gantry.services.acm.Authority", "BouncyCastle wants a SecureRandom; it gets one over Ids");
  }

  private static JavaClasses classes;

  @BeforeAll
  static void read() {
    // What the libraries look like inside does not matter here, and reading them takes most of a
    // minute.
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
    classes =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(MAY_KNOW.keySet().stream().map(m -> OURS + m).toArray(String[]::new));
    assertThat(classes).hasSizeGreaterThan(500);
  }

  @Test
  void modulesKnowOnlyWhatStandsBelowThem() {
    Set<String> wrong = new TreeSet<>();
    for (JavaClass one : classes) {
      String from = module(one.getName());
      for (Dependency arrow : one.getDirectDependenciesFromSelf()) {
        String to = module(arrow.getTargetClass().getBaseComponentType().getName());
        if (!to.isEmpty() && !to.equals(from) && !MAY_KNOW.get(from).contains(to)) {
          wrong.add(arrow.getDescription());
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  @Test
  void librariesStayWhereTheyBelong() {
    Set<String> wrong = new TreeSet<>();
    for (JavaClass one : classes) {
      for (Dependency arrow : one.getDirectDependenciesFromSelf()) {
        String target = arrow.getTargetClass().getBaseComponentType().getName();
        LIBRARIES.forEach(
            (library, modules) -> {
              if (target.startsWith(library) && !modules.contains(module(one.getName()))) {
                wrong.add(one.getName() + " -> " + target);
              }
            });
      }
    }
    assertThat(wrong).isEmpty();
  }

  @Test
  void servicesReachOneAnotherOnlyThroughClients() {
    Set<String> seen = new TreeSet<>();
    for (JavaClass one : classes) {
      String from = service(one.getName());
      for (Dependency arrow : one.getDirectDependenciesFromSelf()) {
        String to = service(arrow.getTargetClass().getBaseComponentType().getName());
        if (!from.isEmpty() && !to.isEmpty() && !to.equals(from)) {
          seen.add(from + " -> " + to);
        }
      }
    }
    assertThat(seen).containsExactlyInAnyOrderElementsOf(NEIGHBOURS.keySet());
  }

  @Test
  void servicesAndStateAreHandedTimeChanceAndThreads() {
    Set<String> wrong = new TreeSet<>();
    Set<String> used = new TreeSet<>();
    for (JavaClass one : classes) {
      if (!Set.of("services", "state").contains(module(one.getName()))) {
        continue;
      }
      for (String reach : reaches(one)) {
        String outer = one.getName().replaceAll("\\$.*", "");
        if (RIM.containsKey(outer)) {
          used.add(outer);
        } else {
          wrong.add(one.getName() + " uses " + reach);
        }
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(used).as("exceptions that are still needed").containsAll(RIM.keySet());
  }

  @Test
  void thePatternsFindWhatTheyAreFor() {
    JavaClass sinner = new ClassFileImporter().importClass(Sinner.class);
    assertThat(reaches(sinner))
        .anyMatch(r -> r.contains("Instant.now"))
        .anyMatch(r -> r.contains("nanoTime"))
        .anyMatch(r -> r.contains("UUID.randomUUID"))
        .anyMatch(r -> r.contains("Thread.ofVirtual"))
        .anyMatch(r -> r.contains("java.util.Random"))
        .anyMatch(r -> r.contains("java.net.Socket"))
        .noneMatch(r -> r.contains("java.time.Clock)"));
  }

  /** Does all that is forbidden, and one thing that is not. */
  @SuppressWarnings("unused")
  private static final class Sinner {
    Object all(java.time.Clock clock) throws java.io.IOException {
      Thread.ofVirtual().unstarted(() -> {});
      return List.of(
          java.time.Instant.now(),
          java.time.Instant.now(clock),
          System.nanoTime(),
          java.util.UUID.randomUUID(),
          new java.util.Random(),
          new java.net.Socket());
    }
  }

  private static Set<String> reaches(JavaClass one) {
    Set<String> found = new TreeSet<>();
    for (Dependency arrow : one.getDirectDependenciesFromSelf()) {
      String target = arrow.getTargetClass().getBaseComponentType().getName();
      if (AMBIENT_TYPE.matcher(target).matches()) {
        found.add(target);
      }
    }
    for (JavaAccess<?> access : one.getAccessesFromSelf()) {
      String full = access.getTarget().getFullName();
      String plain = full.replaceAll("\\(.*", "");
      if (AMBIENT_CALL.matcher(full).matches() || AMBIENT_CALL.matcher(plain).matches()) {
        found.add(full);
      }
    }
    return found;
  }

  /** {@code services} of {@code gantry.services.ecs.Ecs}; empty for what is not ours. */
  private static String module(String name) {
    if (!name.startsWith(OURS)) {
      return "";
    }
    int dot = name.indexOf('.', OURS.length());
    return name.substring(OURS.length(), dot < 0 ? name.length() : dot);
  }

  /** {@code ecs} of {@code gantry.services.ecs.Ecs}; empty for what all services share. */
  private static String service(String name) {
    String shared = OURS + "services.";
    if (!name.startsWith(shared)) {
      return "";
    }
    int dot = name.indexOf('.', shared.length());
    return dot < 0 ? "" : name.substring(shared.length(), dot);
  }
}
