package gantry.node.docker;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.acs.TaskPayload;
import gantry.node.Payloads;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A task's limits as control groups; a folder stands for the kernel's. */
class TaskCgroupsTest {

  @TempDir Path root;

  private final TaskPayload task =
      Payloads.of(
          each -> each.cpu("512").memory("1024"), null, Payloads.shell("a", "sleep 1", c -> {}));

  @Test
  void version2PassesControllersDownAndLimitsTheTask() throws IOException {
    TaskCgroups groups = new TaskCgroups("inst", false, 2, root, new Slices());
    assertThat(groups.ensure(task)).isEqualTo("/gantry/inst/" + task.taskId());
    Path group = root.resolve("gantry/inst/" + task.taskId());
    assertThat(group.resolve("cpu.max")).hasContent("50000 100000");
    assertThat(group.resolve("cpu.weight")).hasContent(String.valueOf(TaskCgroups.weight(0.5)));
    assertThat(group.resolve("memory.max")).hasContent(String.valueOf(1L << 30));
    for (Path above : new Path[] {root, root.resolve("gantry"), group.getParent(), group}) {
      assertThat(above.resolve("cgroup.subtree_control")).hasContent("+cpu +memory +pids");
    }
    assertThat(groups.memoryGroup(task)).isEqualTo(group);
  }

  @Test
  void version1HasAGroupInEachHierarchy() throws IOException {
    Files.createDirectories(root.resolve("cpu"));
    Files.createDirectories(root.resolve("memory"));
    TaskCgroups groups = new TaskCgroups("inst", false, 1, root, new Slices());
    assertThat(groups.ensure(task)).isEqualTo("/gantry/inst/" + task.taskId());
    Path cpu = root.resolve("cpu/gantry/inst/" + task.taskId());
    assertThat(cpu.resolve("cpu.cfs_quota_us")).hasContent("50000");
    assertThat(cpu.resolve("cpu.shares")).hasContent("512");
    assertThat(root.resolve("memory/gantry/inst/" + task.taskId() + "/memory.limit_in_bytes"))
        .hasContent(String.valueOf(1L << 30));
  }

  @Test
  void withSystemdATaskIsASliceThatGoesWithItsSettings() throws IOException {
    List<String> asked = new ArrayList<>();
    Path settings = Files.createDirectories(root.resolve("settings"));
    Slices slices = new Slices(arguments -> asked.add(String.join(" ", arguments)), settings);
    TaskCgroups groups = new TaskCgroups("in-st", true, 2, root, slices);
    String slice = "gantry-in_st_" + task.taskId() + ".slice";
    assertThat(groups.ensure(task)).isEqualTo(slice);
    assertThat(asked)
        .containsExactly(
            "set-property --runtime " + slice + " CPUQuota=50% MemoryMax=" + (1L << 30));
    assertThat(groups.memoryGroup(task)).as("before a container stands in it").isNull();
    Path group = Files.createDirectories(root.resolve("gantry.slice/" + slice));
    assertThat(groups.memoryGroup(task)).isEqualTo(group);
    Path v1 = Files.createDirectories(root.resolve("memory/gantry.slice/" + slice));
    assertThat(new TaskCgroups("in-st", true, 1, root, slices).memoryGroup(task)).isEqualTo(v1);

    asked.clear();
    groups.remove(task);
    assertThat(asked).containsExactly("stop " + slice, "revert " + slice);
    asked.clear();
    Files.createDirectories(settings.resolve("gantry-in_st_left.slice.d"));
    Files.createDirectories(settings.resolve("gantry-other_left.slice.d"));
    groups.removeAll();
    assertThat(asked)
        .containsExactly("stop gantry-in_st_left.slice", "revert gantry-in_st_left.slice");
  }

  @Test
  void whereSystemdRefusesEachContainerGetsTheLimits() {
    Slices slices =
        new Slices(
            arguments -> {
              throw new IOException("systemctl: not found");
            },
            root);
    assertThat(new TaskCgroups("inst", true, 2, root, slices).ensure(task)).isNull();
  }

  @Test
  void sharesBecomeWeightsInOrder() {
    assertThat(TaskCgroups.weight(0.25)).isLessThan(TaskCgroups.weight(1));
    assertThat(TaskCgroups.weight(0)).isEqualTo(1);
    assertThat(TaskCgroups.weight(256)).isEqualTo(10_000);
  }

  @Test
  void whereGroupsCannotBeMadeEachContainerGetsTheLimits() throws IOException {
    Path file = Files.createFile(root.resolve("file"));
    assertThat(new TaskCgroups("inst", false, 2, file, new Slices()).ensure(task)).isNull();
  }
}
