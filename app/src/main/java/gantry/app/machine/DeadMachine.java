package gantry.app.machine;

import gantry.node.Remains;
import gantry.node.vpc.VpcNetwork;
import gantry.node.vpc.VpcSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;

/**
 * What a program that runs no more has left on this machine: its containers and networks, which run
 * on for the next start, or until {@code gantry down}.
 */
public final class DeadMachine {

  private final String install;
  private final Path folder;
  private final VpcSettings settings;

  /**
   * Of one installation.
   *
   * @param folder what it kept beside its tables
   */
  public DeadMachine(String install, Path folder) {
    this.install = install;
    this.folder = folder;
    this.settings = VpcSettings.of(install);
  }

  /** Whether it ran tasks for real at all. */
  public boolean wasReal() {
    return Files.isDirectory(LocalMachine.config(install, folder, 0, false).state())
        || VpcNetwork.standing(settings) > 0;
  }

  /**
   * Leaves the machine as it was.
   *
   * @return what there was, in words
   */
  public String remove(Clock clock) {
    int networks;
    int containers;
    try {
      containers = Remains.removeOfDead(LocalMachine.config(install, folder, 0, false), clock);
    } finally {
      networks = VpcNetwork.removeOfDead(settings);
    }
    return containers + " containers and " + networks + " network namespaces";
  }
}
