package gantry.services.ec2;

import java.util.List;
import java.util.Map;

/** Regions and their three availability zones. */
final class Zones {

  static final List<String> LETTERS = List.of("a", "b", "c");

  static final List<String> REGIONS =
      List.of(
          "ap-northeast-1",
          "ap-northeast-2",
          "ap-northeast-3",
          "ap-south-1",
          "ap-southeast-1",
          "ap-southeast-2",
          "ca-central-1",
          "eu-central-1",
          "eu-north-1",
          "eu-west-1",
          "eu-west-2",
          "eu-west-3",
          "sa-east-1",
          "us-east-1",
          "us-east-2",
          "us-west-1",
          "us-west-2");

  private static final Map<String, String> DIRECTIONS =
      Map.of(
          "northeast",
          "ne",
          "southeast",
          "se",
          "central",
          "c",
          "north",
          "n",
          "south",
          "s",
          "east",
          "e",
          "west",
          "w");

  private Zones() {}

  static List<String> of(String region) {
    return LETTERS.stream().map(letter -> region + letter).toList();
  }

  /** {@code use1-az1} for {@code us-east-1a}. */
  static String id(String zone) {
    String region = zone.substring(0, zone.length() - 1);
    int number = LETTERS.indexOf(zone.substring(zone.length() - 1)) + 1;
    String[] parts = region.split("-", -1);
    StringBuilder code = new StringBuilder();
    for (String part : parts) {
      code.append(DIRECTIONS.getOrDefault(part, part));
    }
    return code + "-az" + number;
  }

  /** The domain of private host names. */
  static String privateDomain(String region) {
    return region.equals("us-east-1") ? "ec2.internal" : region + ".compute.internal";
  }

  static String privateName(String address, String region) {
    return "ip-" + address.replace('.', '-') + "." + privateDomain(region);
  }

  static String publicName(String address, String region) {
    return "ec2-"
        + address.replace('.', '-')
        + "."
        + (region.equals("us-east-1") ? "compute-1" : region + ".compute")
        + ".amazonaws.com";
  }
}
