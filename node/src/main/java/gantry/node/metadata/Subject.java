package gantry.node.metadata;

import gantry.acs.EniPayload;
import gantry.acs.TaskPayload;
import gantry.node.stats.StatsBook;
import gantry.node.task.Seen;
import gantry.node.task.TaskReport;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A task as its own containers may see it.
 *
 * @param container the name of the one that asks
 * @param stats of a container by its name; null while there is none
 * @param dockerNames container name to its name in Docker
 * @param addresses bridge addresses by container; the interface's for awsvpc is in the payload
 */
public record Subject(
    TaskPayload task,
    String container,
    Seen seen,
    TaskReport.Pulls pulls,
    Function<String, StatsBook.@Nullable Two> stats,
    Map<String, String> dockerNames,
    Function<String, @Nullable String> addresses,
    Map<String, Map<String, String>> labels,
    List<String> dnsServers,
    List<String> searchDomains,
    String gatewayWithPrefix,
    String availabilityZone) {

  public @Nullable EniPayload eni() {
    return task.eni();
  }
}
