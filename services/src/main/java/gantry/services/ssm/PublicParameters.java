package gantry.services.ssm;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import software.amazon.awssdk.services.ssm.model.Parameter;

/**
 * AWS's own parameters that templates look their machine images up with. The images are not AWS's:
 * an id is made of the parameter's name and the region, so it is the same each time and differs
 * between regions, and whatever here takes an image id takes these.
 */
final class PublicParameters {

  static final String PREFIX = "/aws/service/";

  private static final String OPTIMIZED = PREFIX + "ecs/optimized-ami/";
  private static final String LATEST = PREFIX + "ami-amazon-linux-latest/";

  /** When this list was made: what is shown as the date of change. */
  private static final Instant SINCE = Instant.parse("2025-11-15T00:00:00Z");

  private static final String RELEASE = "20251115";
  private static final String AGENT_VERSION = "1.100.1";
  private static final String DOCKER_VERSION = "Docker version 25.0.13";

  private static final List<String> LATEST_NAMES =
      List.of(
          "al2023-ami-kernel-default-arm64",
          "al2023-ami-kernel-default-x86_64",
          "al2023-ami-kernel-6.1-arm64",
          "al2023-ami-kernel-6.1-x86_64",
          "al2023-ami-minimal-kernel-default-arm64",
          "al2023-ami-minimal-kernel-default-x86_64",
          "amzn2-ami-hvm-arm64-gp2",
          "amzn2-ami-hvm-x86_64-gp2",
          "amzn2-ami-kernel-5.10-hvm-arm64-gp2",
          "amzn2-ami-kernel-5.10-hvm-x86_64-gp2");

  private record Family(String path, String system, String image, List<String> variants) {}

  private static final List<Family> FAMILIES =
      List.of(
          new Family(
              "amazon-linux-2023",
              "Amazon Linux 2023",
              "al2023-ami-ecs",
              List.of("", "arm64", "gpu", "neuron")),
          new Family(
              "amazon-linux-2",
              "Amazon Linux 2",
              "amzn2-ami-ecs",
              List.of("", "arm64", "gpu", "inf")),
          new Family(
              "amazon-linux-2/kernel-5.10",
              "Amazon Linux 2",
              "amzn2-ami-ecs-kernel-5.10",
              List.of("", "arm64", "gpu", "inf")));

  private PublicParameters() {}

  /** All of a region's, by name. */
  static SortedMap<String, Parameter> in(String region) {
    SortedMap<String, Parameter> all = new TreeMap<>();
    for (String name : LATEST_NAMES) {
      put(all, region, LATEST + name, imageId(region, name), "aws:ec2:image");
    }
    for (Family family : FAMILIES) {
      for (String variant : family.variants()) {
        optimized(all, region, family, variant);
      }
    }
    return all;
  }

  private static void optimized(
      SortedMap<String, Parameter> all, String region, Family family, String variant) {
    String path = family.path() + (variant.isEmpty() ? "" : "/" + variant);
    String architecture = variant.equals("arm64") ? "arm64" : "x86_64";
    String kind = variant.isEmpty() || variant.equals("arm64") ? "hvm" : variant + "-hvm";
    String name = "%s-%s-2.0.%s-%s-ebs".formatted(family.image(), kind, RELEASE, architecture);
    String source = "%s-source-%s-%s".formatted(family.image(), RELEASE, architecture);
    String id = imageId(region, path);
    String recommended = OPTIMIZED + path + "/recommended";
    put(
        all,
        region,
        recommended,
        json(
            List.of(
                Map.entry("ecs_agent_version", AGENT_VERSION),
                Map.entry("ecs_runtime_version", DOCKER_VERSION),
                Map.entry("image_id", id),
                Map.entry("image_name", name),
                Map.entry("image_version", "2.0." + RELEASE),
                Map.entry("os", family.system()),
                Map.entry("schema_version", "1"),
                Map.entry("source_image_name", source))),
        "text");
    put(all, region, recommended + "/image_id", id, "aws:ec2:image");
    put(all, region, recommended + "/image_name", name, "text");
    put(all, region, recommended + "/image_version", "2.0." + RELEASE, "text");
    put(all, region, recommended + "/source_image_name", source, "text");
  }

  /** All the values are of letters that JSON takes as they are; the schema version is a number. */
  private static String json(List<Map.Entry<String, String>> members) {
    StringBuilder json = new StringBuilder("{");
    for (Map.Entry<String, String> member : members) {
      String quote = member.getKey().equals("schema_version") ? "" : "\"";
      json.append(json.length() == 1 ? "" : ",")
          .append('"')
          .append(member.getKey())
          .append("\":")
          .append(quote)
          .append(member.getValue())
          .append(quote);
    }
    return json.append('}').toString();
  }

  private static void put(
      SortedMap<String, Parameter> all, String region, String name, String value, String dataType) {
    all.put(
        name,
        Parameter.builder()
            .name(name)
            .arn("arn:aws:ssm:" + region + "::parameter" + name)
            .type("String")
            .value(value)
            .version(1L)
            .dataType(dataType)
            .lastModifiedDate(SINCE)
            .build());
  }

  private static String imageId(String region, String name) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest((region + "/" + name).getBytes(UTF_8));
      return "ami-" + HexFormat.of().formatHex(digest).substring(0, 17);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
