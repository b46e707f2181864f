package gantry.services.ecr;

import gantry.services.ServiceContext.Endpoint;
import gantry.state.Scope;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which repository an image name means, and how a repository is named.
 *
 * <p>A docker client on this machine needs no set-up for {@code localhost:PORT/…}, so that is what
 * repositoryUri says: {@code localhost:PORT/NAME} for the account and region that the program was
 * started with, and {@code localhost:PORT/ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME} for any other:
 * AWS's host is a good path component. The same repositories answer when AWS's name comes as the
 * {@code Host}, as it does inside the platform, and so do those of ECR Public under {@code
 * public.ecr.aws/ALIAS/NAME}.
 */
public final class Addresses {

  /** The region under which the repositories of ECR Public are kept; AWS has no such region. */
  static final String PUBLIC_REGION = "ecr-public";

  static final String PUBLIC_HOST = "public.ecr.aws";

  private static final Pattern AWS_HOST =
      Pattern.compile(
          "([0-9]{12})\\.dkr[.-]ecr(?:-fips)?\\.([a-z0-9-]+)\\.(?:amazonaws\\.com(?:\\.cn)?|on\\.aws)");

  private final Endpoint endpoint;
  private final Scope home;

  /**
   * @param home the account and region of plain names
   */
  public Addresses(Endpoint endpoint, Scope home) {
    this.endpoint = endpoint;
    this.home = home;
  }

  /** A repository of a registry. */
  public record Address(Scope registry, String repository) {}

  /** Where the data plane is reached, as a docker client names it. */
  String localHost() {
    String host = endpoint.host();
    boolean loopback = host.equals("127.0.0.1") || host.equals("::1") || host.equals("0.0.0.0");
    return (loopback ? "localhost" : host) + ":" + endpoint.port();
  }

  /** The address of a repository, as the API shows it. */
  public String uri(Scope registry, String repository) {
    if (registry.equals(home)) {
      return localHost() + "/" + repository;
    }
    return localHost() + "/" + awsHost(registry) + repository;
  }

  private static String awsHost(Scope registry) {
    return registry.region().equals(PUBLIC_REGION)
        ? PUBLIC_HOST + "/" + alias(registry.account()) + "/"
        : registry.account() + ".dkr.ecr." + registry.region() + ".amazonaws.com/";
  }

  /**
   * The repository that a request means.
   *
   * @param host the request's {@code Host}
   * @param path what stands between {@code /v2/} and {@code /blobs/} and the like
   */
  public Address resolve(String host, String path) {
    Address byHost = ofAws(bareHost(host), path);
    if (byHost != null) {
      return byHost;
    }
    int slash = path.indexOf('/');
    if (slash > 0) {
      Address byPath = ofAws(path.substring(0, slash), path.substring(slash + 1));
      if (byPath != null) {
        return byPath;
      }
    }
    return new Address(home, path);
  }

  /**
   * An image's name taken apart.
   *
   * @param tag null when a digest stands instead
   */
  public record Reference(Address address, @Nullable String tag, @Nullable String digest) {

    /** What stands behind the repository's name. */
    String wanted() {
      return digest != null ? digest : tag != null ? tag : "latest";
    }
  }

  /**
   * What an image's name means; null when it is of another registry. A name without a host is
   * Docker Hub's to docker, so it is {@link #resolve}d only where {@code bareIsOurs}.
   */
  public @Nullable Reference reference(String text, boolean bareIsOurs) {
    String name = text;
    String digest = null;
    String tag = null;
    int at = name.indexOf('@');
    if (at > 0) {
      digest = name.substring(at + 1);
      name = name.substring(0, at);
    }
    int colon = name.lastIndexOf(':');
    if (colon > name.lastIndexOf('/')) {
      tag = name.substring(colon + 1);
      name = name.substring(0, colon);
    }
    int slash = name.indexOf('/');
    String first = slash < 0 ? "" : name.substring(0, slash);
    // As docker tells hosts from names.
    boolean hasHost = first.contains(".") || first.contains(":") || first.equals("localhost");
    Address address;
    if (!hasHost) {
      address = bareIsOurs ? resolve("", name) : null;
    } else if (isHere(first)) {
      address = resolve("", name.substring(slash + 1));
    } else {
      address = ofAws(bareHost(first), name.substring(slash + 1));
    }
    return address == null
        ? null
        : new Reference(address, digest == null && tag == null ? "latest" : tag, digest);
  }

  /** Whether a host in an image's name is this program as docker on this machine reaches it. */
  private boolean isHere(String host) {
    return host.equals(localHost())
        || host.equals("127.0.0.1:" + endpoint.port())
        || host.equals(endpoint.host() + ":" + endpoint.port());
  }

  /** The registry that a request without a repository means. */
  Scope registryOf(String host) {
    Address address = ofAws(bareHost(host), "any/any");
    return address == null ? home : address.registry;
  }

  private static @Nullable Address ofAws(String host, String path) {
    Matcher matcher = AWS_HOST.matcher(host);
    if (matcher.matches()) {
      return new Address(new Scope(matcher.group(1), matcher.group(2)), path);
    }
    if (host.equals(PUBLIC_HOST)) {
      int slash = path.indexOf('/');
      String account = slash < 0 ? null : accountOf(path.substring(0, slash));
      if (account != null) {
        return new Address(new Scope(account, PUBLIC_REGION), path.substring(slash + 1));
      }
    }
    return null;
  }

  private static String bareHost(String host) {
    String lower = host.toLowerCase(Locale.ROOT);
    int colon = lower.lastIndexOf(':');
    return colon > 0 && lower.indexOf(']') < colon ? lower.substring(0, colon) : lower;
  }

  /** The default alias of an account's public registry: its number, shorter. */
  static String alias(String account) {
    return "g" + Long.toString(Long.parseLong(account), Character.MAX_RADIX);
  }

  static @Nullable String accountOf(String alias) {
    if (!alias.startsWith("g") || alias.length() < 2 || alias.length() > 9) {
      return null;
    }
    try {
      long number = Long.parseLong(alias.substring(1), Character.MAX_RADIX);
      String account = String.format(Locale.ROOT, "%012d", number);
      return account.length() == 12 && alias(account).equals(alias) ? account : null;
    } catch (NumberFormatException e) {
      return null;
    }
  }
}
