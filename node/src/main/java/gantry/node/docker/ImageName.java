package gantry.node.docker;

import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An image's name taken apart.
 *
 * @param host null when the name has none, which means Docker Hub
 * @param repository without host, tag and digest
 * @param tag null when a digest stands instead
 */
public record ImageName(
    String original,
    @Nullable String host,
    String repository,
    @Nullable String tag,
    @Nullable String digest) {

  private static final Pattern ECR =
      Pattern.compile(
          "^\\d{12}\\.dkr[.-]ecr(-fips)?\\.[a-z0-9-]+\\.(amazonaws\\.com(\\.cn)?|on\\.aws)$");

  public static ImageName parse(String name) {
    String rest = name;
    String digest = null;
    int at = rest.indexOf('@');
    if (at >= 0) {
      digest = rest.substring(at + 1);
      rest = rest.substring(0, at);
    }
    String host = null;
    int slash = rest.indexOf('/');
    if (slash > 0) {
      String first = rest.substring(0, slash);
      // Docker's own rule: a first part with a dot or a port, or localhost, is a registry.
      if (first.contains(".") || first.contains(":") || first.equals("localhost")) {
        host = first;
        rest = rest.substring(slash + 1);
      }
    }
    String tag = null;
    int colon = rest.lastIndexOf(':');
    if (colon > rest.lastIndexOf('/')) {
      tag = rest.substring(colon + 1);
      rest = rest.substring(0, colon);
    }
    if (tag == null && digest == null) {
      tag = "latest";
    }
    return new ImageName(name, host, rest, tag, digest);
  }

  public boolean isEcr() {
    return host != null && ECR.matcher(host.toLowerCase(Locale.ROOT)).matches();
  }

  /** Whether both are of one repository; Docker Hub's may be written in three ways. */
  boolean isOfRepository(ImageName other) {
    return hub(host)
        ? hub(other.host) && inHub(repository).equals(inHub(other.repository))
        : String.valueOf(host).equals(other.host) && repository.equals(other.repository);
  }

  private static boolean hub(@Nullable String host) {
    return host == null || host.equals("docker.io") || host.equals("index.docker.io");
  }

  private static String inHub(String repository) {
    return repository.startsWith("library/")
        ? repository.substring("library/".length())
        : repository;
  }

  /** The same image, by the digest that a deployment has pinned. */
  public ImageName pinned(String newDigest) {
    return new ImageName(original, host, repository, tag, newDigest);
  }

  /**
   * What Docker is asked for. A registry that stands in for Amazon ECR is told which account's and
   * region's is meant.
   */
  public String at(@Nullable String registry) {
    String inside = isEcr() && !String.valueOf(registry).equals(host) ? host + "/" : "";
    String base =
        registry == null || registry.isEmpty() ? repository : registry + "/" + inside + repository;
    return digest == null ? base + ":" + tag : base + "@" + digest;
  }

  public String reference() {
    return at(host);
  }
}
