package gantry.app.machine;

import gantry.services.ecs.rows.InstanceRow;
import gantry.state.Scope;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Locale;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.Attribute;
import software.amazon.awssdk.services.ecs.model.Resource;

/** Tells ECS of this machine: what it has, as an agent would. */
final class Registration {

  /**
   * Tasks name sizes that fit Amazon's machines and mostly idle on a developer's, so a processor is promised several times;
   * memory, which cannot be shared, only once.
   */
  static final int CPU_PROMISED_TIMES = 8;

  private static final int CPU_UNITS = 1024;

  /** What the program and the machine keep for themselves. */
  static final double MEMORY_SHARE = 0.85;

  private Registration() {}

  static String register(EcsClient ecs, Scope home, String install) {
    return ecs.registerContainerInstance(
            request ->
                request
                    .cluster(InstanceRow.FARGATE_POOL)
                    .containerInstanceArn(arn(home, install))
                    .totalResources(
                        whole("CPU", Runtime.getRuntime().availableProcessors() * CPU_UNITS * CPU_PROMISED_TIMES),
                        whole("MEMORY", (int) (memoryMebibytes() * MEMORY_SHARE)),
                        Resource.builder().name("PORTS").type("STRINGSET").stringSetValue(List.of()).build(),
                        Resource.builder().name("PORTS_UDP").type("STRINGSET").stringSetValue(List.of()).build())
                    .attributes(
                        attribute("ecs.availability-zone", home.region() + "a"),
                        attribute("ecs.os-type", "linux"),
                        attribute("ecs.cpu-architecture", architecture())))
        .containerInstance()
        .containerInstanceArn();
  }

  /** The same after every start, so that tasks stay where they are. */
  private static String arn(Scope home, String install) {
    String id = "%032x".formatted(new java.math.BigInteger(1, install.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
    return "arn:aws:ecs:"
        + home.region()
        + ":"
        + home.account()
        + ":container-instance/"
        + InstanceRow.FARGATE_POOL
        + "/"
        + id.substring(id.length() - 32);
  }

  private static Resource whole(String name, int value) {
    return Resource.builder().name(name).type("INTEGER").integerValue(value).build();
  }

  private static Attribute attribute(String name, String value) {
    return Attribute.builder().name(name).value(value).build();
  }

  private static String architecture() {
    String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
    return arch.equals("aarch64") ? "arm64" : "x86_64";
  }

  private static long memoryMebibytes() {
    var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return system.getTotalMemorySize() >> 20;
  }
}
