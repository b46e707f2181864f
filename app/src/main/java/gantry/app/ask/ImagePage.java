package gantry.app.ask;

import gantry.app.registry.ImageUse;
import gantry.app.registry.ImageUses;
import gantry.services.HttpHandler;
import gantry.services.ecr.Addresses.Reference;
import gantry.services.ecr.ImageInspection;
import gantry.services.ecr.ImageInspection.Inspected;
import gantry.services.ecr.ImageInspection.Layer;
import gantry.services.ecr.ImageInspection.Platform;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * {@code /_gantry/image?REF}: what an image is made of, what can run it, where it runs, and where
 * an older one runs under the same tag.
 */
public final class ImagePage {

  public static final String PATH = "/_gantry/image";

  private final ImageInspection images;
  private final ImageUses uses;
  private final Platforms machine;

  ImagePage(ImageInspection images, ImageUses uses, Platforms machine) {
    this.images = images;
    this.uses = uses;
    this.machine = machine;
  }

  /**
   * Made when it is first asked.
   *
   * @param inspection what the registry knows of its images
   * @param uses what runs
   */
  public static HttpHandler of(Supplier<ImageInspection> inspection, Supplier<ImageUses> uses) {
    return FromHere.only(
        "GET",
        exchange -> {
          String reference = URLDecoder.decode(exchange.query(), StandardCharsets.UTF_8);
          Optional<String> page =
              new ImagePage(inspection.get(), uses.get(), Platforms.ofThisMachine())
                  .write(reference);
          exchange.setHeader("content-type", "text/plain; charset=utf-8");
          exchange.respond(
              page.isPresent() ? 200 : 404,
              page.orElse(
                      "there is no image '"
                          + reference
                          + "' in this registry (REF: NAME, NAME:TAG, NAME@DIGEST, or with the"
                          + " registry's host before it)\n")
                  .getBytes(StandardCharsets.UTF_8));
        });
  }

  Optional<String> write(String reference) throws java.io.IOException {
    Optional<Inspected> found = images.inspect(reference);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    Inspected image = found.get();
    StringBuilder out = new StringBuilder();
    out.append("image         ").append(image.uri());
    out.append(image.tag() == null ? "@" + image.digest() : ":" + image.tag()).append('\n');
    line(out, "digest", image.digest());
    line(out, "media type", image.mediaType());
    line(out, "tags", image.tags().isEmpty() ? "none" : String.join(", ", image.tags()));
    line(
        out,
        "pushed",
        image.pushedAt()
            + (image.tagSetAt() == null
                ? ""
                : "; " + image.tag() + " stands for it since " + image.tagSetAt()));
    line(out, "last pulled", image.pulledAt() == null ? "never" : image.pulledAt().toString());
    line(out, "size", size(image.sizeInBytes()));
    if (image.archived()) {
      line(out, "archived", "it has to be restored before it can be pulled");
    }
    List<String> names = image.platforms().stream().map(Platform::name).distinct().toList();
    line(out, "architectures", names.isEmpty() ? "none" : String.join(", ", names));
    line(out, "this machine", machine.verdict(names, image.uri()));
    image.platforms().forEach(each -> platform(out, each));
    out.append('\n');
    runs(out, image);
    return Optional.of(out.toString());
  }

  private static void line(StringBuilder out, String name, String value) {
    out.append(String.format(Locale.ROOT, "%-13s %s%n", name, value));
  }

  private static void platform(StringBuilder out, Platform platform) {
    out.append('\n').append(platform.name()).append("  ").append(platform.digest());
    out.append("  ").append(size(platform.sizeInBytes()));
    out.append(", ").append(platform.layers().size()).append(" layers\n");
    for (Layer layer : platform.layers()) {
      out.append(
          String.format(
              Locale.ROOT,
              "  %s  %10s  %s%n",
              layer.digest(),
              size(layer.sizeInBytes()),
              layer.mediaType()));
    }
  }

  private static String size(long bytes) {
    return bytes < 1_000_000
        ? bytes < 1_000 ? bytes + " B" : String.format(Locale.ROOT, "%.1f kB", bytes / 1e3)
        : bytes < 1_000_000_000
            ? String.format(Locale.ROOT, "%.1f MB", bytes / 1e6)
            : String.format(Locale.ROOT, "%.2f GB", bytes / 1e9);
  }

  // ---- where it runs

  private void runs(StringBuilder out, Inspected image) {
    List<ImageUse> all = uses.of(image.repository());
    List<ImageUse> current = new ArrayList<>();
    List<ImageUse> unknown = new ArrayList<>();
    List<ImageUse> older = new ArrayList<>();
    List<ImageUse> others = new ArrayList<>();
    for (ImageUse use : all) {
      boolean sameTag = image.tag() != null && image.tag().equals(use.image().tag());
      if (use.digest() == null) {
        (sameTag ? unknown : others).add(use);
      } else if (image.isCurrent(use.digest())) {
        current.add(use);
      } else {
        (sameTag && use.image().digest() == null ? older : others).add(use);
      }
    }
    if (current.isEmpty()) {
      out.append("nothing runs it\n");
    }
    byUser(current)
        .forEach(
            (who, some) -> {
              out.append(who).append(" runs it").append(tasks(some)).append('\n');
            });
    byUser(unknown)
        .forEach(
            (who, some) ->
                out.append(who)
                    .append(" runs :")
                    .append(image.tag())
                    .append(tasks(some))
                    .append("; which digest that is, its node does not say\n"));
    byUser(older).forEach((who, some) -> older(out, image, who, some));
    if (!others.isEmpty()) {
      out.append("other images of this repository run in: ")
          .append(String.join("; ", byUser(others).keySet()))
          .append('\n');
    }
  }

  private static void older(StringBuilder out, Inspected image, String who, List<ImageUse> some) {
    ImageUse use = some.getFirst();
    Reference written = use.image();
    out.append(who)
        .append(" runs ")
        .append(use.digest())
        .append(" of :")
        .append(written.tag())
        .append(" since ")
        .append(use.since())
        .append(tasks(some))
        .append("; :")
        .append(image.tag())
        .append(" is now ")
        .append(image.digest())
        .append(" pushed at ")
        .append(image.tagSetAt() == null ? image.pushedAt() : image.tagSetAt())
        .append(":\n  ");
    if (use.service() != null) {
      out.append("update the service: aws ecs update-service --cluster ")
          .append(use.cluster())
          .append(" --service ")
          .append(use.service())
          .append(" --force-new-deployment");
    } else {
      out.append("run the task again: a task keeps the image that it began with");
    }
    out.append('\n');
  }

  private static Map<String, List<ImageUse>> byUser(List<ImageUse> uses) {
    Map<String, List<ImageUse>> users = new LinkedHashMap<>();
    uses.forEach(use -> users.computeIfAbsent(use.who(), who -> new ArrayList<>()).add(use));
    return users;
  }

  private static String tasks(List<ImageUse> uses) {
    Predicate<ImageUse> isTask = use -> use.task() != null;
    String tasks =
        uses.stream()
            .filter(isTask)
            .map(use -> use.task() + " " + use.status() + " since " + use.since())
            .distinct()
            .collect(Collectors.joining(", "));
    return tasks.isEmpty() ? " (no task of it runs now)" : " (task " + tasks + ")";
  }
}
