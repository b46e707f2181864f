package gantry.traffic.dns;

import gantry.traffic.dns.RecordSet.Routing;
import gantry.traffic.dns.Zone.Choice;
import gantry.traffic.dns.Zone.Group;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.random.RandomGenerator;

/** Chooses among the alternatives of one name and type, as Route 53's routing policies do. */
final class Chooser {

  /** A multivalue answer has at most so many records. */
  static final int MULTIVALUE_LIMIT = 8;

  private final RandomGenerator random;

  Chooser(RandomGenerator random) {
    this.random = random;
  }

  int below(int bound) {
    return random.nextInt(bound);
  }

  List<Choice> choose(Group group, String askersRegion) {
    List<Choice> all = group.choices();
    if (all.size() == 1) {
      Choice only = all.getFirst();
      return only.routing() instanceof Routing.Geolocation(String place)
              && !covers(place, askersRegion)
          ? List.of()
          : all;
    }
    return switch (all.getFirst().routing()) {
      case Routing.Simple simple -> all;
      case Routing.Multivalue multivalue -> some(healthyOrAll(all));
      case Routing.Weighted weighted -> one(weighted(healthyOrAll(all)));
      case Routing.Failover failover -> one(failover(all));
      case Routing.Latency latency -> one(nearest(healthyOrAll(all), askersRegion));
      case Routing.Geolocation geolocation -> geolocation(healthyOrAll(all), askersRegion);
    };
  }

  private static List<Choice> one(Choice choice) {
    return List.of(choice);
  }

  private static List<Choice> healthyOrAll(List<Choice> all) {
    int healthy = 0;
    for (Choice choice : all) {
      healthy += choice.healthy() ? 1 : 0;
    }
    return healthy == 0 || healthy == all.size()
        ? all
        : all.stream().filter(Choice::healthy).toList();
  }

  private List<Choice> some(List<Choice> all) {
    List<Choice> shuffled = new ArrayList<>(all);
    int wanted = Math.min(MULTIVALUE_LIMIT, shuffled.size());
    for (int i = 0; i < wanted; i++) {
      int other = i + random.nextInt(shuffled.size() - i);
      Choice moved = shuffled.set(other, shuffled.get(i));
      shuffled.set(i, moved);
    }
    return shuffled.subList(0, wanted);
  }

  /** Weight 0 is never given, unless all weights are 0. */
  private Choice weighted(List<Choice> all) {
    int total = all.stream().mapToInt(Chooser::weight).sum();
    if (total == 0) {
      return all.get(random.nextInt(all.size()));
    }
    int drawn = random.nextInt(total);
    for (Choice choice : all) {
      drawn -= weight(choice);
      if (drawn < 0) {
        return choice;
      }
    }
    throw new IllegalStateException("weights changed while they were summed");
  }

  private static int weight(Choice choice) {
    return choice.routing() instanceof Routing.Weighted(int weight) ? weight : 0;
  }

  /** The primary while it is healthy or the secondary is no better. */
  private static Choice failover(List<Choice> all) {
    Choice primary = null;
    Choice secondary = null;
    for (Choice choice : all) {
      if (choice.routing() instanceof Routing.Failover(boolean isPrimary) && isPrimary) {
        primary = choice;
      } else {
        secondary = choice;
      }
    }
    if (primary == null) {
      return secondary == null ? all.getFirst() : secondary;
    }
    return primary.healthy() || secondary == null || !secondary.healthy() ? primary : secondary;
  }

  /**
   * No latencies are measured here: the same region is nearest, then the one whose name has most in
   * common.
   */
  private static Choice nearest(List<Choice> all, String askersRegion) {
    return all.stream()
        .max(
            Comparator.comparingInt(
                choice ->
                    choice.routing() instanceof Routing.Latency(String region)
                        ? commonPrefix(region, askersRegion)
                        : -1))
        .orElseThrow();
  }

  private static int commonPrefix(String one, String other) {
    int length = Math.min(one.length(), other.length());
    for (int i = 0; i < length; i++) {
      if (one.charAt(i) != other.charAt(i)) {
        return i;
      }
    }
    return length == one.length() && length == other.length() ? Integer.MAX_VALUE : length;
  }

  private static List<Choice> geolocation(List<Choice> all, String askersRegion) {
    return all.stream()
        .filter(choice -> covers(place(choice), askersRegion))
        .max(
            Comparator.comparingInt(
                choice -> place(choice).equals("*") ? 0 : place(choice).length()))
        .map(List::of)
        .orElse(List.of());
  }

  private static String place(Choice choice) {
    return choice.routing() instanceof Routing.Geolocation(String place) ? place : "*";
  }

  /** Askers are placed by the region that their VPC is in. */
  private static boolean covers(String place, String region) {
    if (place.equals("*")) {
      return true;
    }
    String continent =
        switch (region.substring(0, Math.max(0, region.indexOf('-')))) {
          case "us", "ca", "mx" -> "NA";
          case "eu", "il" -> "EU";
          case "ap" -> "AS";
          case "sa" -> "SA";
          case "af" -> "AF";
          case "me" -> "AS";
          default -> "";
        };
    String country = region.startsWith("us-") ? "US" : region.startsWith("ca-") ? "CA" : "";
    return place.equals(continent) || place.equals(country);
  }
}
