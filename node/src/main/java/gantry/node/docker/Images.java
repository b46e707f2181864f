package gantry.node.docker;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.command.InspectImageResponse;
import com.github.dockerjava.api.command.PullImageCmd;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.AuthConfig;
import com.github.dockerjava.api.model.PullResponseItem;
import gantry.acs.TaskPayload;
import gantry.node.NodeConfig.PullBehavior;
import gantry.node.RegistryCredentials;
import gantry.node.secrets.SecretValues;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;

/**
 * Gets a container's image onto this machine. A name of Amazon ECR or of our own registry is pulled
 * from our registry and kept under its own name, so task definitions need no edit; a name without a
 * registry is first looked for here, so that what a developer has just built works.
 */
public final class Images {

  private static final Logger log = LoggerFactory.getLogger(Images.class);

  /** Pulls that run at one time; the others wait. */
  public static final int PULLS_AT_ONCE = 4;

  /** A pull that says nothing for this long has failed. */
  public static final Duration PULL_SILENCE = Duration.ofMinutes(1);

  /** A pull that is not done after this long has failed. */
  public static final Duration PULL = Duration.ofHours(2);

  private final DockerEngine docker;
  private final RegistryCredentials ours;
  private final SecretValues secrets;
  private final PullBehavior behavior;
  private final Semaphore pulls = new Semaphore(PULLS_AT_ONCE, true);
  private final ConcurrentHashMap<String, CompletableFuture<Void>> underWay =
      new ConcurrentHashMap<>();

  /**
   * An image that is here.
   *
   * @param reference what to make a container from: the name in the task definition where possible
   * @param digest of its manifest; null for one that no registry knows
   */
  public record Local(String reference, String id, @Nullable String digest) {}

  /** There is no such image to be had; the message is the container's reason. */
  public static final class Missing extends Exception {
    private static final long serialVersionUID = 1L;

    Missing(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  public Images(
      DockerEngine docker, RegistryCredentials ours, SecretValues secrets, PullBehavior behavior) {
    this.docker = docker;
    this.ours = ours;
    this.secrets = secrets;
    this.behavior = behavior;
  }

  /** The registry in the name of the container's image; null where it has none. */
  public @Nullable String registryOf(ContainerDefinition container) {
    return ImageName.parse(container.image()).host();
  }

  public boolean isOurs(ImageName name) {
    String host = name.host();
    return host != null && !ours.pullHost().isEmpty() && (name.isEcr() || ours.isOurs(host));
  }

  public Local get(TaskPayload task, ContainerDefinition container)
      throws Missing, SecretValues.Unavailable {
    ImageName name = ImageName.parse(container.image());
    String digest = task.digests().get(container.name());
    if (digest != null && name.digest() == null) {
      name = name.pinned(digest);
    }
    String original = ImageName.parse(container.image()).reference();
    boolean mine = isOurs(name);
    String pullReference = mine ? name.at(ours.pullHost()) : name.reference();

    InspectImageResponse here = inspect(pullReference);
    if (here == null && name.digest() == null) {
      here = inspect(original);
    }
    boolean hereFirst =
        behavior == PullBehavior.PREFER_CACHED
            || name.digest() != null
            || (name.host() == null && behavior == PullBehavior.DEFAULT);
    boolean byTag = false;
    if (here == null && name.digest() != null && name.host() == null) {
      // A local image that a deployment pinned by a digest that no registry of its name gave.
      here = tagged(original, name.digest());
      byTag = here != null;
    }
    if (here == null || !hereFirst) {
      try {
        pull(task, container, name, mine, pullReference);
        here = inspect(pullReference);
      } catch (Missing e) {
        if (here == null || behavior == PullBehavior.ALWAYS) {
          throw e;
        }
        log.info(
            "task {}: {}; using the image of this name that is here",
            task.taskId(),
            e.getMessage());
      }
    }
    if (here == null) {
      throw new Missing(
          Reasons.pull(pullReference, "the image vanished right after it was pulled"), null);
    }
    checkPlatform(container, here);
    String reference = byTag ? original : pullReference;
    if (mine && name.digest() == null) {
      // Containers show the name that the task definition gives.
      ImageName shown = ImageName.parse(container.image());
      String id = here.getId();
      docker.call(
          "tag an image",
          DockerEngine.LOOK,
          d ->
              d.tagImageCmd(
                      id, shown.host() + "/" + shown.repository(), String.valueOf(shown.tag()))
                  .exec());
      reference = original;
    }
    return new Local(
        reference, here.getId(), digestOf(here, name.digest(), ImageName.parse(pullReference)));
  }

  /** The image of this name, if it is the one of that digest or id. */
  private @Nullable InspectImageResponse tagged(String original, String digest) {
    InspectImageResponse found = inspect(original);
    if (found == null) {
      return null;
    }
    List<String> known = found.getRepoDigests();
    boolean same =
        digest.equals(found.getId())
            || (known != null && known.stream().anyMatch(each -> each.endsWith("@" + digest)));
    return same ? found : null;
  }

  private @Nullable InspectImageResponse inspect(String reference) {
    try {
      return docker.call(
          "inspect an image", DockerEngine.LOOK, d -> d.inspectImageCmd(reference).exec());
    } catch (NotFoundException e) {
      return null;
    }
  }

  /**
   * The digest by which the image can be had again under its name. One that was pushed elsewhere
   * too has other registries' digests as well; those are no good here.
   */
  static @Nullable String digestOf(
      InspectImageResponse image, @Nullable String pinned, ImageName name) {
    List<String> known = image.getRepoDigests();
    if (pinned != null || known == null) {
      return pinned;
    }
    return known.stream()
        .map(ImageName::parse)
        .filter(each -> each.digest() != null && each.isOfRepository(name))
        .map(ImageName::digest)
        .findFirst()
        .orElse(null);
  }

  private void checkPlatform(ContainerDefinition container, InspectImageResponse image)
      throws Missing {
    DockerEngine.Facts facts = docker.facts();
    String os = image.getOs() == null || image.getOs().isEmpty() ? facts.os() : image.getOs();
    String arch =
        image.getArch() == null || image.getArch().isEmpty()
            ? facts.architecture()
            : image.getArch();
    if (!os.equals(facts.os()) || !arch.equals(facts.architecture())) {
      throw new Missing(
          "CannotPullContainerError: image Manifest does not contain descriptor matching platform '"
              + facts.os()
              + "/"
              + facts.architecture()
              + "': image is "
              + os
              + "/"
              + arch
              + ", this node is "
              + facts.os()
              + "/"
              + facts.architecture()
              + ". Build "
              + container.image()
              + " for this platform (docker build --platform "
              + facts.os()
              + "/"
              + facts.architecture()
              + ")",
          null);
    }
  }

  private void pull(
      TaskPayload task,
      ContainerDefinition container,
      ImageName name,
      boolean mine,
      String reference)
      throws Missing, SecretValues.Unavailable {
    RegistryCredentials.Login login = null;
    if (container.repositoryCredentials() != null
        && container.repositoryCredentials().credentialsParameter() != null
        && !container.repositoryCredentials().credentialsParameter().isEmpty()) {
      login = secrets.login(task, container.repositoryCredentials().credentialsParameter());
    } else if (mine) {
      try {
        login = ours.login(task, String.valueOf(name.host()));
      } catch (SdkException e) {
        throw new Missing(
            "CannotPullECRContainerError: AccessDeniedException: the execution role "
                + task.definition().executionRoleArn()
                + " may not log in to the registry: "
                + e.getMessage(),
            e);
      }
    }
    // Tasks that want the same image at the same time share one pull; the login is part of what
    // they must have in common.
    String key =
        reference + " " + (login == null ? "" : login.username() + login.password().hashCode());
    CompletableFuture<Void> mineToDo = new CompletableFuture<>();
    CompletableFuture<Void> others = underWay.putIfAbsent(key, mineToDo);
    if (others != null) {
      try {
        others.get();
        return;
      } catch (ExecutionException e) {
        if (e.getCause() instanceof Missing missing) {
          throw new Missing(String.valueOf(missing.getMessage()), missing);
        }
        throw new Missing(
            Reasons.pull(reference, Reasons.words(e.getCause() == null ? e : e.getCause())), e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new Missing(Reasons.pull(reference, "interrupted"), e);
      }
    }
    try {
      pullNow(name, reference, login);
      mineToDo.complete(null);
    } catch (Missing | RuntimeException | Error e) {
      // Errors too: the others would wait for ever.
      mineToDo.completeExceptionally(e);
      throw e;
    } finally {
      underWay.remove(key);
    }
  }

  private void pullNow(ImageName name, String reference, RegistryCredentials.@Nullable Login login)
      throws Missing {
    try {
      pulls.acquire();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Missing(Reasons.pull(reference, "interrupted"), e);
    }
    try (Progress progress = new Progress()) {
      PullImageCmd command = docker.client().pullImageCmd(withoutTag(reference));
      if (name.digest() != null) {
        command = docker.client().pullImageCmd(reference);
      } else {
        command = command.withTag(String.valueOf(name.tag()));
      }
      if (login != null) {
        command =
            command.withAuthConfig(
                new AuthConfig().withUsername(login.username()).withPassword(login.password()));
      }
      command.exec(progress);
      long deadline = System.nanoTime() + PULL.toNanos();
      while (!progress.awaitCompletion(1, TimeUnit.SECONDS)) {
        long now = System.nanoTime();
        if (now - progress.lastWord > PULL_SILENCE.toNanos()) {
          throw new Missing(
              Reasons.pull(
                  reference,
                  "inactivity time exceeded timeout: the pull made no progress for "
                      + PULL_SILENCE.toSeconds()
                      + " s"),
              null);
        }
        if (now > deadline) {
          throw new Missing(
              "DockerTimeoutError: Could not transition to pulled; timed out after waiting "
                  + PULL.toHours()
                  + "h",
              null);
        }
      }
      if (progress.error != null) {
        throw new Missing(
            Reasons.pull(reference, "Error response from daemon: " + progress.error), null);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Missing(Reasons.pull(reference, "interrupted"), e);
    } catch (DockerException e) {
      throw new Missing(Reasons.pull(reference, Reasons.words(e)), e);
    } catch (java.io.IOException e) {
      throw new Missing(Reasons.pull(reference, Reasons.words(e)), e);
    } finally {
      pulls.release();
    }
  }

  /** What an engine says while it pulls. Docker's lines have a status, Podman's need not. */
  private static final class Progress extends ResultCallback.Adapter<PullResponseItem> {
    private volatile long lastWord = System.nanoTime();
    private volatile @Nullable String error;

    @Override
    @SuppressWarnings("deprecation") // the older member is the only one that Podman sets
    public void onNext(PullResponseItem item) {
      lastWord = System.nanoTime();
      if (item.getErrorDetail() != null) {
        error = item.getErrorDetail().getMessage();
      } else if (item.getError() != null) {
        error = item.getError();
      }
    }
  }

  private static String withoutTag(String reference) {
    int colon = reference.lastIndexOf(':');
    return colon > reference.lastIndexOf('/') ? reference.substring(0, colon) : reference;
  }
}
