package gantry.node.metadata;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import gantry.acs.EniPayload;
import gantry.acs.TaskPayload;
import gantry.node.docker.ContainerSpec;
import gantry.node.docker.TaskCgroups;
import gantry.node.stats.Sample;
import gantry.node.stats.StatsBook;
import gantry.node.task.ContainerSeen;
import gantry.node.task.ContainerSeen.Health;
import gantry.node.task.ContainerSeen.State;
import gantry.node.task.TaskMachine;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.NetworkBinding;
import software.amazon.awssdk.services.ecs.model.NetworkMode;

/** The documents of the task metadata endpoint, versions 3 and 4. */
final class MetadataDocuments {

  private static final JsonFactory JSON = new JsonFactory();

  /** As Go prints times: nine digits of fraction, UTC. */
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSSSSS'Z'").withZone(ZoneOffset.UTC);

  private MetadataDocuments() {}

  private interface Body {
    void write(JsonGenerator json) throws IOException;
  }

  private static String write(Body body) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      body.write(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  static String container(Subject subject, int version) {
    return write(json -> container(json, subject, subject.container(), version));
  }

  static String task(Subject subject, int version, boolean tags) {
    return write(json -> task(json, subject, version, tags));
  }

  static String stats(Subject subject) {
    return write(json -> stats(json, subject, subject.container()));
  }

  static String taskStats(Subject subject) {
    return write(
        json -> {
          json.writeStartObject();
          for (ContainerSeen each : subject.seen().containers().values()) {
            if (each.id() != null) {
              json.writeFieldName(each.id());
              stats(json, subject, each.name());
            }
          }
          json.writeEndObject();
        });
  }

  private static void task(JsonGenerator json, Subject subject, int version, boolean tags)
      throws IOException {
    TaskPayload task = subject.task();
    json.writeStartObject();
    json.writeStringField("Cluster", task.clusterArn());
    json.writeStringField("TaskARN", task.taskArn());
    json.writeStringField("Family", task.definition().family());
    json.writeStringField("Revision", String.valueOf(task.definition().revision()));
    boolean stopping = TaskMachine.stopping(task, subject.seen());
    json.writeStringField("DesiredStatus", stopping ? "STOPPED" : "RUNNING");
    boolean stopped =
        stopping
            && subject.seen().containers().values().stream()
                .noneMatch(each -> each.state() == State.RUNNING);
    json.writeStringField(
        "KnownStatus", stopped ? "STOPPED" : subject.seen().wasRunning() ? "RUNNING" : "CREATED");
    Double cpus = TaskCgroups.cpus(task);
    Integer memory = TaskCgroups.memoryMib(task);
    if (cpus != null || memory != null) {
      json.writeObjectFieldStart("Limits");
      if (cpus != null) {
        json.writeNumberField("CPU", cpus);
      }
      if (memory != null) {
        json.writeNumberField("Memory", memory);
      }
      json.writeEndObject();
    }
    time(json, "PullStartedAt", subject.pulls().started());
    time(json, "PullStoppedAt", subject.pulls().stopped());
    time(json, "ExecutionStoppedAt", stopping ? subject.seen().ended() : null);
    json.writeStringField("AvailabilityZone", subject.availabilityZone());
    if (version >= 4) {
      json.writeStringField("LaunchType", task.launchType().toString());
    }
    json.writeArrayFieldStart("Containers");
    for (ContainerDefinition each : task.definition().containerDefinitions()) {
      container(json, subject, each.name(), version);
    }
    json.writeEndArray();
    EniPayload eni = subject.eni();
    if (version >= 4 && eni != null) {
      json.writeStringField("VPCID", eni.vpcId());
    }
    if (version >= 4 && task.serviceName() != null) {
      json.writeStringField("ServiceName", task.serviceName());
    }
    if (tags && !task.tags().isEmpty()) {
      json.writeObjectFieldStart("TaskTags");
      for (Map.Entry<String, String> each : task.tags().entrySet()) {
        json.writeStringField(each.getKey(), each.getValue());
      }
      json.writeEndObject();
    }
    json.writeEndObject();
  }

  private static void container(JsonGenerator json, Subject subject, String name, int version)
      throws IOException {
    TaskPayload task = subject.task();
    ContainerSeen it = subject.seen().container(name);
    ContainerDefinition definition = definition(task, name);
    json.writeStartObject();
    json.writeStringField("DockerId", it.id() == null ? "" : it.id());
    json.writeStringField("Name", name);
    json.writeStringField("DockerName", subject.dockerNames().getOrDefault(name, ""));
    json.writeStringField("Image", definition.image());
    json.writeStringField("ImageID", it.imageId() == null ? "" : it.imageId());
    if (!it.bindings().isEmpty()) {
      json.writeArrayFieldStart("Ports");
      for (NetworkBinding each : it.bindings()) {
        if (each.containerPort() != null) {
          json.writeStartObject();
          json.writeNumberField("ContainerPort", each.containerPort());
          json.writeStringField("Protocol", each.protocolAsString());
          json.writeNumberField("HostPort", each.hostPort());
          if (version >= 4) {
            json.writeStringField("HostIp", each.bindIP());
          }
          json.writeEndObject();
        }
      }
      json.writeEndArray();
    }
    json.writeObjectFieldStart("Labels");
    for (Map.Entry<String, String> each :
        subject.labels().getOrDefault(name, Map.of()).entrySet()) {
      json.writeStringField(each.getKey(), each.getValue());
    }
    json.writeEndObject();
    json.writeStringField(
        "DesiredStatus", TaskMachine.stopping(task, subject.seen()) ? "STOPPED" : "RUNNING");
    json.writeStringField(
        "KnownStatus",
        switch (it.state()) {
          case ABSENT -> it.prepared() == ContainerSeen.Prepared.READY ? "PULLED" : "NONE";
          case CREATED -> "CREATED";
          case RUNNING -> "RUNNING";
          case EXITED -> "STOPPED";
        });
    if (it.state() == State.EXITED && it.exitCode() != null) {
      json.writeNumberField("ExitCode", it.exitCode());
    }
    json.writeObjectFieldStart("Limits");
    json.writeNumberField("CPU", definition.cpu() == null ? 0 : definition.cpu());
    if (definition.memory() != null) {
      json.writeNumberField("Memory", definition.memory());
    } else if (TaskCgroups.memoryMib(task) == null && definition.memoryReservation() != null) {
      json.writeNumberField("Memory", 0);
    }
    json.writeEndObject();
    time(json, "CreatedAt", it.createdAt());
    time(json, "StartedAt", it.startedAt());
    time(json, "FinishedAt", it.finishedAt());
    json.writeStringField("Type", "NORMAL");
    String arn = task.containerArns().get(name);
    if (version >= 4 && arn != null) {
      json.writeStringField("ContainerARN", arn);
    }
    if (it.health() != Health.NONE) {
      json.writeObjectFieldStart("Health");
      json.writeStringField(
          "status", it.health() == Health.STARTING ? "UNKNOWN" : it.health().name());
      time(json, "statusSince", it.healthSince());
      json.writeEndObject();
    }
    if (version >= 4 && definition.logConfiguration() != null) {
      json.writeStringField("LogDriver", definition.logConfiguration().logDriverAsString());
      json.writeObjectFieldStart("LogOptions");
      for (Map.Entry<String, String> each : definition.logConfiguration().options().entrySet()) {
        json.writeStringField(each.getKey(), each.getValue());
      }
      if ("awslogs".equals(definition.logConfiguration().logDriverAsString())) {
        String prefix = definition.logConfiguration().options().get("awslogs-stream-prefix");
        json.writeStringField(
            "awslogs-stream",
            prefix == null || prefix.isEmpty()
                ? String.valueOf(it.id())
                : prefix + "/" + name + "/" + task.taskId());
      }
      json.writeEndObject();
    }
    if (version >= 4 && definition.restartPolicy() != null) {
      json.writeNumberField("RestartCount", it.restarts());
    }
    networks(json, subject, name, version);
    json.writeEndObject();
  }

  private static void networks(JsonGenerator json, Subject subject, String name, int version)
      throws IOException {
    NetworkMode mode = ContainerSpec.mode(subject.task());
    EniPayload eni = subject.eni();
    json.writeArrayFieldStart("Networks");
    json.writeStartObject();
    json.writeStringField("NetworkMode", mode == NetworkMode.BRIDGE ? "bridge" : mode.toString());
    json.writeArrayFieldStart("IPv4Addresses");
    if (eni != null) {
      json.writeString(eni.privateIp());
    } else {
      String address = subject.addresses().apply(name);
      if (address != null && !address.isEmpty()) {
        json.writeString(address);
      }
    }
    json.writeEndArray();
    if (eni != null && version >= 4) {
      json.writeNumberField("AttachmentIndex", 0);
      json.writeStringField("MACAddress", eni.macAddress());
      json.writeStringField("IPv4SubnetCIDRBlock", eni.subnetCidr());
      json.writeArrayFieldStart("DomainNameServers");
      for (String each : subject.dnsServers()) {
        json.writeString(each);
      }
      json.writeEndArray();
      json.writeArrayFieldStart("DomainNameSearchList");
      for (String each : subject.searchDomains()) {
        json.writeString(each);
      }
      json.writeEndArray();
      json.writeStringField("PrivateDNSName", eni.privateDnsName());
      json.writeStringField("SubnetGatewayIpv4Address", subject.gatewayWithPrefix());
    }
    json.writeEndObject();
    json.writeEndArray();
  }

  private static void stats(JsonGenerator json, Subject subject, String name) throws IOException {
    StatsBook.Two two = subject.stats().apply(name);
    if (two == null) {
      json.writeNull();
      return;
    }
    Sample now = two.now();
    Sample before = two.before();
    json.writeStartObject();
    json.writeStringField("read", TIME.format(now.at()));
    json.writeStringField(
        "preread", before == null ? "0001-01-01T00:00:00Z" : TIME.format(before.at()));
    json.writeObjectFieldStart("pids_stats");
    json.writeNumberField("current", now.processes());
    json.writeEndObject();
    json.writeObjectFieldStart("blkio_stats");
    json.writeArrayFieldStart("io_service_bytes_recursive");
    blkio(json, "Read", now.diskReadBytes());
    blkio(json, "Write", now.diskWriteBytes());
    json.writeEndArray();
    json.writeEndObject();
    json.writeNumberField("num_procs", 0);
    json.writeObjectFieldStart("storage_stats");
    json.writeEndObject();
    cpu(json, "cpu_stats", now);
    if (before != null) {
      cpu(json, "precpu_stats", before);
    }
    json.writeObjectFieldStart("memory_stats");
    json.writeNumberField("usage", now.memoryUsageBytes());
    json.writeNumberField("max_usage", now.memoryMaxBytes());
    json.writeObjectFieldStart("stats");
    json.writeNumberField("cache", now.cacheBytes());
    json.writeNumberField("inactive_file", now.memoryUsageBytes() - now.memoryBytes());
    json.writeEndObject();
    json.writeNumberField("limit", now.memoryLimitBytes());
    json.writeEndObject();
    json.writeStringField("name", "/" + subject.dockerNames().getOrDefault(name, ""));
    json.writeStringField("id", String.valueOf(subject.seen().container(name).id()));
    if (!now.networks().isEmpty()) {
      json.writeObjectFieldStart("networks");
      for (Map.Entry<String, Sample.Network> each : now.networks().entrySet()) {
        json.writeObjectFieldStart(each.getKey());
        Sample.Network n = each.getValue();
        json.writeNumberField("rx_bytes", n.rxBytes());
        json.writeNumberField("rx_packets", n.rxPackets());
        json.writeNumberField("rx_errors", n.rxErrors());
        json.writeNumberField("rx_dropped", n.rxDropped());
        json.writeNumberField("tx_bytes", n.txBytes());
        json.writeNumberField("tx_packets", n.txPackets());
        json.writeNumberField("tx_errors", n.txErrors());
        json.writeNumberField("tx_dropped", n.txDropped());
        json.writeEndObject();
      }
      json.writeEndObject();
      if (before != null) {
        double seconds =
            java.time.Duration.between(before.at(), now.at()).toNanos() / 1_000_000_000.0;
        json.writeObjectFieldStart("network_rate_stats");
        json.writeNumberField("rx_bytes_per_sec", (now.rxBytes() - before.rxBytes()) / seconds);
        json.writeNumberField("tx_bytes_per_sec", (now.txBytes() - before.txBytes()) / seconds);
        json.writeEndObject();
      }
    }
    json.writeEndObject();
  }

  private static void blkio(JsonGenerator json, String operation, long bytes) throws IOException {
    json.writeStartObject();
    json.writeStringField("op", operation);
    json.writeNumberField("value", bytes);
    json.writeEndObject();
  }

  private static void cpu(JsonGenerator json, String name, Sample sample) throws IOException {
    json.writeObjectFieldStart(name);
    json.writeObjectFieldStart("cpu_usage");
    json.writeNumberField("total_usage", sample.cpuNanos());
    json.writeNumberField("usage_in_kernelmode", sample.cpuKernelNanos());
    json.writeNumberField("usage_in_usermode", sample.cpuUserNanos());
    json.writeEndObject();
    json.writeNumberField("system_cpu_usage", sample.systemCpuNanos());
    json.writeNumberField("online_cpus", sample.onlineCpus());
    json.writeObjectFieldStart("throttling_data");
    json.writeNumberField("throttled_periods", sample.throttledPeriods());
    json.writeNumberField("throttled_time", sample.throttledNanos());
    json.writeEndObject();
    json.writeEndObject();
  }

  private static void time(JsonGenerator json, String name, @Nullable Instant at)
      throws IOException {
    if (at != null) {
      json.writeStringField(name, TIME.format(at));
    }
  }

  private static ContainerDefinition definition(TaskPayload task, String name) {
    for (ContainerDefinition each : task.definition().containerDefinitions()) {
      if (name.equals(each.name())) {
        return each;
      }
    }
    throw new IllegalArgumentException(name);
  }
}
