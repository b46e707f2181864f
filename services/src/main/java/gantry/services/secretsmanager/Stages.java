package gantry.services.secretsmanager;

import gantry.services.secretsmanager.SecretTables.Version;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which version bears which label. A label sits on one version; AWSPREVIOUS follows AWSCURRENT. */
final class Stages {

  static final String CURRENT = "AWSCURRENT";
  static final String PREVIOUS = "AWSPREVIOUS";

  private Stages() {}

  /** The versions with {@code stage} on {@code versionId}, or on none. */
  static List<Version> move(List<Version> versions, String stage, @Nullable String versionId) {
    Version holder = holder(versions, stage);
    List<Version> moved = new ArrayList<>();
    for (Version version : versions) {
      List<String> stages = new ArrayList<>(version.stages());
      stages.remove(stage);
      if (version.id().equals(versionId)) {
        stages.add(stage);
      }
      moved.add(version.with(stages));
    }
    if (stage.equals(CURRENT)
        && holder != null
        && versionId != null
        && !holder.id().equals(versionId)) {
      return move(moved, PREVIOUS, holder.id());
    }
    return moved;
  }

  static @Nullable Version holder(List<Version> versions, String stage) {
    return versions.stream()
        .filter(version -> version.stages().contains(stage))
        .findFirst()
        .orElse(null);
  }
}
