package gantry.app.ask;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What images this machine can run.
 *
 * @param own such as {@code linux/amd64}
 * @param emulated others, that the kernel hands to an emulator
 */
record Platforms(String own, List<String> emulated) {

  private static final Path EMULATORS = Path.of("/proc/sys/fs/binfmt_misc");

  static Platforms ofThisMachine() {
    String architecture =
        switch (System.getProperty("os.arch")) {
          case "x86_64", "amd64" -> "amd64";
          case "aarch64", "arm64" -> "arm64";
          case String other -> other;
        };
    List<String> emulated =
        List.of("aarch64:arm64", "x86_64:amd64", "arm:arm", "s390x:s390x", "ppc64le:ppc64le")
            .stream()
            .map(each -> each.split(":", 2))
            .filter(names -> !names[1].equals(architecture))
            .filter(names -> Files.exists(EMULATORS.resolve("qemu-" + names[0])))
            .map(names -> "linux/" + names[1])
            .toList();
    return new Platforms("linux/" + architecture, emulated);
  }

  /** Whether an image for these platforms runs here, and else what to do. */
  String verdict(List<String> platforms, String uri) {
    if (platforms.stream().anyMatch(each -> isOf(each, own))) {
      return own + ": can run it";
    }
    if (platforms.isEmpty() || platforms.stream().allMatch("unknown"::equals)) {
      return own + ": it names no architecture; it may be no image that runs";
    }
    for (String other : emulated) {
      if (platforms.stream().anyMatch(each -> isOf(each, other))) {
        return own + ": can run it only by emulation of " + other + ", slowly";
      }
    }
    return own
        + ": cannot run it; build it for this machine: docker build --platform "
        + own
        + " -t "
        + uri
        + " .";
  }

  private static boolean isOf(String platform, String wanted) {
    return platform.equals(wanted) || platform.startsWith(wanted + "/");
  }
}
