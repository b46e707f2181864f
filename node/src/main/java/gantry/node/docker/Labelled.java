package gantry.node.docker;

import com.github.dockerjava.api.command.InspectVolumeResponse;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Container;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What carries an installation's label in Docker, and how it goes. */
public final class Labelled {

  private static final Logger log = LoggerFactory.getLogger(Labelled.class);

  private final DockerEngine docker;
  private final String install;

  public Labelled(DockerEngine docker, String install) {
    this.docker = docker;
    this.install = install;
  }

  /** Running or not; pause containers last, since Podman removes none that others depend on. */
  public List<Container> containers() {
    List<Container> found =
        docker.call(
            "list our containers",
            DockerEngine.LOOK,
            d ->
                d.listContainersCmd()
                    .withShowAll(true)
                    .withLabelFilter(Map.of(Labels.INSTALL, install))
                    .exec());
    return found.stream()
        .sorted(
            Comparator.comparing(
                each -> Labels.PAUSE_NAME.equals(label(each, Labels.CONTAINER_NAME))))
        .toList();
  }

  public List<InspectVolumeResponse> volumes() {
    List<InspectVolumeResponse> found =
        docker
            .call(
                "list our volumes",
                DockerEngine.LOOK,
                d ->
                    d.listVolumesCmd()
                        .withFilter("label", List.of(Labels.INSTALL + "=" + install))
                        .exec())
            .getVolumes();
    return found == null ? List.of() : found;
  }

  public void removeVolume(String name) {
    try {
      docker.call("remove a volume", DockerEngine.LOOK, d -> d.removeVolumeCmd(name).exec());
    } catch (NotFoundException e) {
      log.debug("volume {} is gone already", name);
    } catch (DockerException e) {
      log.warn("volume {} could not be removed: {}", name, Reasons.words(e));
    }
  }

  public static @Nullable String label(Container container, String name) {
    return container.getLabels() == null ? null : container.getLabels().get(name);
  }
}
