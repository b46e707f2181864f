package gantry.services.ecr;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.model.UnsupportedUpstreamRegistryException;
import software.amazon.awssdk.services.ecr.model.UpstreamRegistry;

/**
 * Which registries may be pulled through from: those that AWS names, and what the operator adds.
 */
final class UpstreamRegistries {

  private static final Map<String, UpstreamRegistry> KNOWN =
      Map.of(
          "public.ecr.aws", UpstreamRegistry.ECR_PUBLIC,
          "quay.io", UpstreamRegistry.QUAY,
          "registry.k8s.io", UpstreamRegistry.K8_S,
          "registry-1.docker.io", UpstreamRegistry.DOCKER_HUB,
          "ghcr.io", UpstreamRegistry.GITHUB_CONTAINER_REGISTRY,
          "registry.gitlab.com", UpstreamRegistry.GITLAB_CONTAINER_REGISTRY);

  private static final Set<UpstreamRegistry> NEED_CREDENTIALS =
      Set.of(
          UpstreamRegistry.DOCKER_HUB,
          UpstreamRegistry.GITHUB_CONTAINER_REGISTRY,
          UpstreamRegistry.GITLAB_CONTAINER_REGISTRY,
          UpstreamRegistry.AZURE_CONTAINER_REGISTRY);

  private static final Pattern HOST =
      Pattern.compile("[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?");
  private static final Pattern PRIVATE_ECR = Pattern.compile("[0-9]{12}\\.dkr[.-]ecr\\..*");

  private final Set<String> added;

  /**
   * @param added by the operator, such as {@code http://localhost:5000}
   */
  UpstreamRegistries(Set<String> added) {
    this.added = Set.copyOf(added);
  }

  /** In the clear only where the operator says so. */
  String address(String host) {
    return (added.contains("http://" + host) ? "http://" : "https://") + host;
  }

  /**
   * Checks that a rule may name a registry.
   *
   * @param said what the request says it is; null when it says nothing
   * @return what it is in AWS's words; null for one that the operator added
   */
  @Nullable UpstreamRegistry kind(String host, @Nullable UpstreamRegistry said) {
    UpstreamRegistry kind =
        host.endsWith(".azurecr.io")
            ? UpstreamRegistry.AZURE_CONTAINER_REGISTRY
            : PRIVATE_ECR.matcher(host).matches() ? UpstreamRegistry.ECR : KNOWN.get(host);
    if (said != null && said != kind) {
      throw EcrErrors.invalid("upstreamRegistryUrl", host + " is not of " + said);
    }
    if (kind == null && !added.contains(address(host))) {
      throw unsupported(
          "The upstream registry '"
              + host
              + "' is not supported: it is none of "
              + String.join(", ", new TreeSet<>(KNOWN.keySet()))
              + " and *.azurecr.io, and the program was not started with --upstream "
              + host);
    }
    if (kind == UpstreamRegistry.ECR) {
      throw privateEcr();
    }
    return kind;
  }

  static boolean needsCredential(@Nullable UpstreamRegistry kind) {
    return kind != null && NEED_CREDENTIALS.contains(kind);
  }

  static UnsupportedUpstreamRegistryException privateEcr() {
    return unsupported(
        "Gantry does not pull through from a private ECR registry; use replication, or read it across accounts by its repository policy.");
  }

  private static UnsupportedUpstreamRegistryException unsupported(String message) {
    return UnsupportedUpstreamRegistryException.builder().message(message).build();
  }

  /** The host of what a request calls an URL. */
  static String host(@Nullable String url) {
    String host = url == null ? "" : url.replaceFirst("^https?://", "").replaceFirst("/$", "");
    if (!HOST.matcher(host).matches()) {
      throw unsupported("The upstream registry '" + url + "' is not a host");
    }
    return host;
  }
}
