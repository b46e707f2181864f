package gantry.node.vpc;

import gantry.node.vpc.VpcReconciler.Standing;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/** Reads what stands in the kernel, in the spelling of {@link KernelPlan}. */
final class KernelReader {

  private static final Path NAMESPACES = Path.of("/run/netns");

  /** Preferences of the rules that every namespace is born with. */
  private static final Set<String> BORN_WITH = Set.of("0", "32766", "32767");

  private final Commands commands;

  KernelReader(Commands commands) {
    this.commands = commands;
  }

  List<String> namespaces(String prefix) {
    List<String> names = new ArrayList<>();
    if (Files.isDirectory(NAMESPACES)) {
      try (DirectoryStream<Path> entries =
          Files.newDirectoryStream(
              NAMESPACES, entry -> entry.getFileName().toString().startsWith(prefix))) {
        entries.forEach(entry -> names.add(entry.getFileName().toString()));
      } catch (IOException e) {
        throw new CommandFailed("cannot list " + NAMESPACES + ": " + e.getMessage(), e);
      }
    }
    names.sort(null);
    return names;
  }

  Standing read(String namespace) {
    SortedSet<String> addresses =
        addresses(commands.run("ip", "-n", namespace, "-o", "-4", "addr", "show"));
    SortedSet<String> routes = new TreeSet<>();
    for (String line : lines("ip", "-n", namespace, "-4", "route", "show", "table", "all")) {
      if (!line.contains("table local") && !line.contains("proto kernel")) {
        routes.add(line.replace(" linkdown", "").replace(" dead", ""));
      }
    }
    SortedSet<String> rules = new TreeSet<>();
    for (String line : lines("ip", "-n", namespace, "-4", "rule", "show")) {
      if (!BORN_WITH.contains(line.substring(0, line.indexOf(':')))) {
        rules.add(line);
      }
    }
    return new Standing(links(namespace), addresses, routes, rules, null);
  }

  boolean hasTable(String namespace, NftTable table) {
    return commands
        .inside(namespace, List.of("nft", "list", "tables"), "")
        .lines()
        .anyMatch(("table " + table.family() + " " + table.name())::equals);
  }

  Set<String> links(String namespace) {
    Set<String> links = new HashSet<>();
    for (String line : lines("ip", "-n", namespace, "-o", "link", "show")) {
      String name = line.split(": ", 3)[1];
      int at = name.indexOf('@');
      links.add(at < 0 ? name : name.substring(0, at));
    }
    links.remove("lo");
    return links;
  }

  SortedSet<String> addressesOf(long pid) {
    return addresses(
        commands.run("nsenter", "-t", Long.toString(pid), "-n", "ip", "-o", "-4", "addr", "show"));
  }

  private static SortedSet<String> addresses(String output) {
    SortedSet<String> addresses = new TreeSet<>();
    for (String line : output.split("\n", -1)) {
      String[] words = line.strip().split("\\s+", -1);
      if (words.length > 3 && !words[3].equals("127.0.0.1/8")) {
        addresses.add(words[3] + " dev " + words[1]);
      }
    }
    return addresses;
  }

  private List<String> lines(String... command) {
    List<String> lines = new ArrayList<>();
    for (String line : commands.run(command).split("\n", -1)) {
      String one = line.strip().replaceAll("\\s+", " ");
      if (!one.isEmpty()) {
        lines.add(one);
      }
    }
    return lines;
  }
}
