package gantry.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;

/** Other people's clients, installed under the root in the versions of {@code tools/clients}. */
final class Clients {

  private static final Path FOLDER = Program.ROOT.resolve(".gantry/clients");
  private static final Path PINNED = Program.ROOT.resolve("tools/clients");

  /** Says, once all of them are there, which ones: {@code ./gantry bench} reads it too. */
  private static final String INSTALLED = "installed";

  private Clients() {}

  /** A Python with boto3. */
  static String python() throws IOException, InterruptedException {
    Path python = FOLDER.resolve("python");
    if (!installed(python, "requirements.txt")) {
      run(FOLDER, "python3", "-m", "venv", python.toString());
      String wanted = PINNED.resolve("requirements.txt").toString();
      run(FOLDER, python + "/bin/pip", "install", "-q", "-r", wanted);
      pin(python, "requirements.txt", INSTALLED);
    }
    return python + "/bin/python3";
  }

  /** A folder whose scripts find the SDK for JavaScript and Playwright. */
  static Path node() throws IOException, InterruptedException {
    Path node = FOLDER.resolve("js");
    if (!installed(node, "package-lock.json")) {
      pin(node, "package.json", "package.json");
      pin(node, "package-lock.json", "package-lock.json");
      run(node, "npm", "ci", "--ignore-scripts");
      pin(node, "package-lock.json", INSTALLED);
    }
    return node;
  }

  /** A folder whose Go sources find the SDK for Go. */
  static Path go(String name) throws IOException {
    Path go = FOLDER.resolve(name);
    pin(go, "go.mod", "go.mod");
    pin(go, "go.sum", "go.sum");
    return go;
  }

  private static boolean installed(Path folder, String pins) throws IOException {
    Path had = folder.resolve(INSTALLED);
    return Files.exists(had) && Files.mismatch(had, PINNED.resolve(pins)) == -1;
  }

  private static void pin(Path folder, String pins, String as) throws IOException {
    Files.createDirectories(folder);
    Files.copy(PINNED.resolve(pins), folder.resolve(as), StandardCopyOption.REPLACE_EXISTING);
  }

  private static void run(Path folder, String... command) throws IOException, InterruptedException {
    Files.createDirectories(folder);
    Program.Said said = Program.run(List.of(command), folder, Map.of());
    assertThat(said.code()).as(said.toString()).isZero();
  }
}
