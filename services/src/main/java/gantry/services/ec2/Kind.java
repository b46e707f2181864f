package gantry.services.ec2;

import gantry.state.Table;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import software.amazon.awssdk.services.ec2.model.ResourceType;
import software.amazon.awssdk.services.ec2.model.Tag;

/**
 * One kind of EC2 resource: where its rows are, how its ids begin, what is said when there is none,
 * how it is tagged and what it can be filtered by.
 *
 * @param type the name that tag specifications and DescribeTags use
 * @param notFoundCode such as {@code InvalidVpcID.NotFound}
 * @param notFoundText with one {@code %s} for the id
 */
record Kind<T>(
    Table<T> table,
    ResourceType type,
    String prefix,
    String notFoundCode,
    String notFoundText,
    Function<T, List<Tag>> tags,
    BiFunction<T, List<Tag>, T> withTags,
    Filters<T> filters) {}
