package gantry.node.stats;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files of both versions of control groups, as kernels write them. */
@SuppressWarnings("NullAway") // a sample that is missing fails the test
class ControlGroupsTest {

  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-01-01T00:00:00Z"), ZoneOffset.UTC);

  @TempDir Path folder;

  private void write(String file, String text) throws IOException {
    Path path = folder.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  private ControlGroups groups() throws IOException {
    write(
        "proc/stat",
        "cpu  100 20 30 1000 5 6 7 8 9 10\ncpu0 100 20 30 1000 5 6 7 8 9 10\nintr 5\n");
    write(
        "proc/7/net/dev",
        """
        Inter-|   Receive                                                |  Transmit
         face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
            lo:     900       9    0    0    0     0          0         0      900       9    0    0    0     0       0          0
          eth0:    1000      11    1    2    0     0          0         0     2000      22    3    4    0     0       0          0
        """);
    return new ControlGroups(folder.resolve("proc"), folder.resolve("cg"), CLOCK);
  }

  @Test
  void version2() throws IOException {
    ControlGroups groups = groups();
    String group = "/gantry/i/t/abc";
    write("proc/7/cgroup", "0::" + group + "\n");
    write(
        "cg" + group + "/cpu.stat",
        """
        usage_usec 5000000
        user_usec 3000000
        system_usec 2000000
        core_sched.force_idle_usec 0
        nr_periods 40
        nr_throttled 4
        throttled_usec 1500
        nr_bursts 0
        burst_usec 0
        """);
    write("cg" + group + "/memory.current", "10485760\n");
    write("cg" + group + "/memory.max", "max\n");
    write("cg" + group + "/memory.stat", "anon 4096\nfile 8192\ninactive_file 485760\n");
    write(
        "cg" + group + "/io.stat",
        """
        8:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0
        253:0 rbytes=1000 wbytes=2000 rios=1 wios=2 dbytes=0 dios=0
        """);
    write("cg" + group + "/pids.current", "3\n");
    Sample sample = groups.sample(7, true);
    assertThat(sample.cpuNanos()).isEqualTo(5_000_000_000L);
    assertThat(sample.throttledPeriods()).isEqualTo(4);
    assertThat(sample.throttledNanos()).isEqualTo(1_500_000L);
    assertThat(sample.systemCpuNanos())
        .isEqualTo((100 + 20 + 30 + 1000 + 5 + 6 + 7 + 8) * 10_000_000L);
    assertThat(sample.memoryUsageBytes()).isEqualTo(10_485_760);
    assertThat(sample.memoryBytes()).isEqualTo(10_000_000);
    assertThat(sample.memoryLimitBytes()).isEqualTo(Long.MAX_VALUE);
    assertThat(sample.memoryMaxBytes()).as("no memory.peak before 5.19").isEqualTo(10_485_760);
    assertThat(sample.cacheBytes()).isEqualTo(8192);
    assertThat(sample.diskReadBytes()).isEqualTo(5096);
    assertThat(sample.diskWriteBytes()).isEqualTo(10_192);
    assertThat(sample.processes()).isEqualTo(3);
    assertThat(sample.networks().keySet()).containsExactly("eth0");

    write("cg" + group + "/memory.max", "536870912\n");
    write("cg" + group + "/memory.peak", "20000000\n");
    assertThat(groups.sample(7, false).memoryLimitBytes()).isEqualTo(536_870_912);
    assertThat(groups.sample(7, false).memoryMaxBytes()).isEqualTo(20_000_000);
    assertThat(groups.sample(7, false).networks()).isEmpty();
    write(
        "cg/gantry/i/t/memory.events",
        "low 0\nhigh 0\nmax 12\noom 2\noom_kill 1\noom_group_kill 0\n");
    assertThat(groups.outOfMemoryKills(folder.resolve("cg/gantry/i/t"))).isEqualTo(1);
  }

  @Test
  void version1() throws IOException {
    ControlGroups groups = groups();
    String group = "/gantry/i/t/abc";
    write(
        "proc/7/cgroup",
        """
        12:pids:%1$s
        5:memory:%1$s
        4:cpu,cpuacct:%1$s
        3:blkio:%1$s
        1:name=systemd:/
        0::/
        """
            .formatted(group));
    write("cg/cpuacct" + group + "/cpuacct.stat", "user 300\nsystem 200\n");
    write("cg/cpuacct" + group + "/cpuacct.usage", "5000000000\n");
    write(
        "cg/cpu" + group + "/cpu.stat", "nr_periods 40\nnr_throttled 4\nthrottled_time 1500000\n");
    write("cg/memory" + group + "/memory.usage_in_bytes", "10485760\n");
    write("cg/memory" + group + "/memory.max_usage_in_bytes", "20000000\n");
    write("cg/memory" + group + "/memory.limit_in_bytes", "9223372036854771712\n");
    write("cg/memory" + group + "/memory.stat", "total_cache 8192\ntotal_inactive_file 485760\n");
    write(
        "cg/blkio" + group + "/blkio.throttle.io_service_bytes",
        "8:0 Read 5096\n8:0 Write 10192\n8:0 Total 15288\nTotal 15288\n");
    write("cg/pids" + group + "/pids.current", "3\n");
    Sample sample = groups.sample(7, true);
    assertThat(sample.cpuNanos()).isEqualTo(5_000_000_000L);
    assertThat(sample.throttledNanos()).isEqualTo(1_500_000L);
    assertThat(sample.memoryBytes()).isEqualTo(10_000_000);
    assertThat(sample.memoryMaxBytes()).isEqualTo(20_000_000);
    assertThat(sample.memoryLimitBytes()).as("no limit").isEqualTo(Long.MAX_VALUE);
    assertThat(sample.diskReadBytes()).isEqualTo(5096);
    assertThat(sample.diskWriteBytes()).isEqualTo(10_192);
    assertThat(sample.processes()).isEqualTo(3);
  }

  /** systemd's driver of Docker: a scope in a slice, both in version 2 and in the hybrid layout. */
  @Test
  void systemdsLayout() throws IOException {
    ControlGroups groups = groups();
    for (String group :
        List.of(
            "/system.slice/docker-abc.scope",
            "/gantry.slice/gantry-i_t.slice/docker-abc.scope",
            "/machine.slice/libpod-abc.scope/container")) {
      write("proc/7/cgroup", "0::" + group + "\n");
      write("cg" + group + "/cpu.stat", "usage_usec 5000000\n");
      write("cg" + group + "/memory.current", "10485760\n");
      write("cg" + group + "/memory.max", "max\n");
      write("cg" + group + "/memory.stat", "file 8192\n");
      assertThat(groups.sample(7, false).cpuNanos()).as(group).isEqualTo(5_000_000_000L);
      assertThat(groups.sample(7, false).memoryUsageBytes()).isEqualTo(10_485_760);
    }
    String scope = "/system.slice/docker-abc.scope";
    write(
        "proc/7/cgroup",
        """
        11:memory:%1$s
        4:cpu,cpuacct:%1$s
        1:name=systemd:%1$s
        0::%1$s
        """
            .formatted(scope));
    write("cg/cpuacct" + scope + "/cpuacct.stat", "user 300\nsystem 200\n");
    write("cg/cpuacct" + scope + "/cpuacct.usage", "7000000000\n");
    write("cg/cpu" + scope + "/cpu.stat", "nr_periods 40\n");
    write("cg/memory" + scope + "/memory.usage_in_bytes", "20971520\n");
    write("cg/memory" + scope + "/memory.max_usage_in_bytes", "20971520\n");
    write("cg/memory" + scope + "/memory.limit_in_bytes", "9223372036854771712\n");
    write("cg/memory" + scope + "/memory.stat", "total_cache 8192\n");
    assertThat(groups.sample(7, false).cpuNanos()).isEqualTo(7_000_000_000L);
    assertThat(groups.sample(7, false).memoryUsageBytes()).isEqualTo(20_971_520);
  }

  @Test
  void aProcessThatIsGoneHasNone() throws IOException {
    assertThat(groups().sample(8, true)).isNull();
  }
}
