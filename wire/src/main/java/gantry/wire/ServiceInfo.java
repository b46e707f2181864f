package gantry.wire;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import software.amazon.awssdk.core.SdkClient;

/**
 * What a request shows of the service it is for; enough to route without loading the service's
 * model.
 *
 * @param id the name of the model: {@code elbv2}
 * @param client the SDK's client interface
 * @param serviceId AWS's own: {@code Elastic Load Balancing v2}
 * @param signingName the service in a credential scope
 * @param endpointPrefix the first label of the service's host names
 * @param queryCompatible whether errors carry the code that the service's Query protocol had
 */
public record ServiceInfo(
    String id,
    String client,
    String serviceId,
    String signingName,
    String endpointPrefix,
    String apiVersion,
    List<String> protocols,
    String jsonVersion,
    String targetPrefix,
    String xmlNamespace,
    boolean queryCompatible) {

  private static final List<ServiceInfo> ALL = load();

  /** Every service that has a model here, hosted or not. */
  public static List<ServiceInfo> all() {
    return ALL;
  }

  public static ServiceInfo of(Class<? extends SdkClient> client) {
    for (ServiceInfo info : ALL) {
      if (info.client.equals(client.getName())) {
        return info;
      }
    }
    throw new IllegalArgumentException(
        "no model for " + client.getName() + ": add it to tools/models/generate.py");
  }

  /** The service principal and CloudTrail's event source: {@code ecs.amazonaws.com}. */
  public String eventSource() {
    return signingName + ".amazonaws.com";
  }

  public boolean speaks(String protocol) {
    return protocols.contains(protocol);
  }

  private static List<ServiceInfo> load() {
    List<ServiceInfo> found = new ArrayList<>();
    for (String line : ModelFile.text("index").split("\n", -1)) {
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      String[] f = Arrays.copyOf(line.split("\t", -1), 11);
      for (int i = 0; i < f.length; i++) {
        f[i] = f[i] == null ? "" : f[i];
      }
      found.add(
          new ServiceInfo(
              f[0],
              f[1],
              f[2],
              f[3],
              f[4],
              f[5],
              List.of(f[6].split(",", -1)),
              f[7],
              f[8],
              f[9],
              !f[10].isEmpty()));
    }
    return List.copyOf(found);
  }
}
