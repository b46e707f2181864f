package gantry.wire.coverage;

import gantry.wire.Operation;
import gantry.wire.ServiceInfo;
import gantry.wire.ServiceModel;
import gantry.wire.schema.Member;
import gantry.wire.schema.SdkShapes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import software.amazon.awssdk.core.SdkClient;

/**
 * The build step after everything is compiled: {@code CoverageMain RESOURCE DOCUMENT FOLDER...}
 * scans the folders and writes what the program looks up at run time, and docs/coverage.md.
 */
public final class CoverageMain {
  private CoverageMain() {}

  public static void main(String[] args) throws IOException {
    if (args.length < 3) {
      throw new IllegalArgumentException("usage: CoverageMain RESOURCE DOCUMENT FOLDER...");
    }
    BytecodeScan scan = new BytecodeScan();
    for (int i = 2; i < args.length; i++) {
      scan.folder(Path.of(args[i]));
    }
    write(Path.of(args[0]), scan.reads().format());
    write(Path.of(args[1]), document(scan));
  }

  /**
   * Leaves a file alone that says the same already, so that nothing built from it is built again.
   */
  private static void write(Path file, String text) throws IOException {
    if (!Files.exists(file) || !Files.readString(file).equals(text)) {
      Path folder = file.toAbsolutePath().getParent();
      if (folder != null) {
        Files.createDirectories(folder);
      }
      Files.writeString(file, text);
    }
  }

  static String document(BytecodeScan scan) {
    IgnoredMembers ignored = new IgnoredMembers(scan.reads());
    StringBuilder services = new StringBuilder();
    StringBuilder table = new StringBuilder();
    for (ServiceInfo info : ServiceInfo.all()) {
      Set<String> methods = scan.implementation(info.client());
      if (methods != null) {
        service(info, methods, ignored, table, services);
      }
    }
    return """
    # Coverage

    Generated from the compiled program by `gantry.wire.coverage.CoverageMain`; do not edit. An operation is
    implemented if our class overrides the SDK client's method. A member is ignored if no code of ours ever
    reads it, whatever it was stored in; a request that sets one is answered with `x-gantry-ignored`, or
    refused under `--strict`. Operations that are not implemented answer `NotImplemented` (501).

    | service | operations | request members read |
    | --- | --- | --- |
    """
        + table
        + services;
  }

  private static void service(
      ServiceInfo info,
      Set<String> methods,
      IgnoredMembers ignored,
      StringBuilder table,
      StringBuilder out) {
    ServiceModel model;
    try {
      model = ServiceModel.of(Class.forName(info.client()).asSubclass(SdkClient.class));
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(
          info.client() + " is implemented but not on the class path", e);
    }
    List<String> missing = new ArrayList<>();
    List<String> refused = new ArrayList<>();
    StringBuilder rows = new StringBuilder();
    int implemented = 0;
    int members = 0;
    int read = 0;
    for (Operation operation : model.operations()) {
      Class<?> request = operation.requestClass();
      if (!methods.contains(operation.method().getName() + "(" + request.getSimpleName())) {
        missing.add(operation.name());
        continue;
      }
      List<String> unread = ignored.all(operation.binding().input());
      List<Member> inputs = SdkShapes.of(request).members;
      if (!inputs.isEmpty() && inputs.stream().allMatch(m -> unread.contains(m.name))) {
        refused.add(
            operation.name()); // our method is there, but looks at nothing: it can only refuse
        continue;
      }
      implemented++;
      for (Member member : inputs) {
        members++;
        read += unread.contains(member.name) ? 0 : 1;
      }
      rows.append("| ")
          .append(operation.name())
          .append(" | ")
          .append(unread.isEmpty() ? "" : "`" + String.join("`, `", unread) + "`")
          .append(" |\n");
    }
    table
        .append("| ")
        .append(info.serviceId())
        .append(" | ")
        .append(implemented)
        .append(" of ")
        .append(model.operations().size())
        .append(" | ")
        .append(read)
        .append(" of ")
        .append(members)
        .append(" |\n");
    out.append("\n## ").append(info.serviceId()).append("\n\n");
    if (implemented > 0) {
      out.append("| implemented | ignored members |\n| --- | --- |\n").append(rows).append('\n');
    }
    if (!refused.isEmpty()) {
      out.append("Answered without a look at the request, so at most refused: ")
          .append(String.join(", ", refused))
          .append(".\n\n");
    }
    out.append("Not implemented: ")
        .append(missing.isEmpty() ? "nothing" : String.join(", ", missing))
        .append(".\n");
  }
}
