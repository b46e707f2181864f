package gantry.services.ec2;

import gantry.state.Table;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.model.Ec2Exception;
import software.amazon.awssdk.services.ec2.model.ResourceType;
import software.amazon.awssdk.services.ec2.model.Tag;

/**
 * One kind of EC2 resource: where its rows are, how its ids begin, what is said when there is none,
 * how it is tagged and what it can be filtered by.
 *
 * @param type the name that tag specifications and DescribeTags use
 * @param parameter what a request calls the id
 * @param notFoundCode such as {@code InvalidVpcID.NotFound}
 * @param malformedCode for an id that begins like another kind's; null where AWS has no such code
 * @param notFoundText with one {@code %s} for the id
 */
record Kind<T>(
    Table<T> table,
    ResourceType type,
    String prefix,
    String parameter,
    String notFoundCode,
    @Nullable String malformedCode,
    String notFoundText,
    Function<T, List<Tag>> tags,
    BiFunction<T, List<Tag>, T> withTags,
    Filters<T> filters) {

  /** Refuses what cannot be an id of this kind. */
  void check(String id) {
    if (malformedCode != null && !id.startsWith(prefix)) {
      throw Errors.of(malformedCode, "Invalid id: \"%s\" (expecting \"%s...\")", id, prefix);
    }
  }

  Ec2Exception notFound(String id) {
    return Errors.of(notFoundCode, notFoundText, id);
  }
}
