package gantry.services.ec2;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import software.amazon.awssdk.services.ec2.model.*;

/** CreateTags, DeleteTags and DescribeTags, for every kind of resource. */
final class Tagging {

  private static final Filters<TagDescription> FILTERS =
      new Filters<TagDescription>()
          .one("key", TagDescription::key)
          .one("value", TagDescription::value)
          .one("resource-id", TagDescription::resourceId)
          .one("resource-type", TagDescription::resourceTypeAsString);

  private final Desk desk;

  Tagging(Desk desk) {
    this.desk = desk;
  }

  CreateTagsResponse create(CreateTagsRequest request) {
    if (request.resources().isEmpty() || request.tags().isEmpty()) {
      throw Errors.missing(request.resources().isEmpty() ? "resourceIdSet" : "tagSet");
    }
    return desk.write(
        request.dryRun(),
        session -> {
          request
              .resources()
              .forEach(
                  id -> retag(session, kind(id), id, tags -> Tags.merge(tags, request.tags())));
          return CreateTagsResponse.builder().build();
        });
  }

  DeleteTagsResponse delete(DeleteTagsRequest request) {
    if (request.resources().isEmpty()) {
      throw Errors.missing("resourceIdSet");
    }
    return desk.write(
        request.dryRun(),
        session -> {
          for (String id : request.resources()) {
            Kind<?> kind = kind(id);
            if (session.find(kind, id) != null) {
              retag(session, kind, id, tags -> Tags.without(tags, request.tags()));
            }
          }
          return DeleteTagsResponse.builder().build();
        });
  }

  private static <T> void retag(
      Session session, Kind<T> kind, String id, UnaryOperator<List<Tag>> change) {
    T row = session.get(kind, id);
    session.put(kind, id, kind.withTags().apply(row, change.apply(kind.tags().apply(row))));
  }

  private static Kind<?> kind(String id) {
    return Kinds.TAGGABLE.stream()
        .filter(kind -> id.startsWith(kind.prefix()))
        .findFirst()
        .orElseThrow(() -> Errors.of("InvalidID", "The ID '%s' is not valid", id));
  }

  DescribeTagsResponse describe(DescribeTagsRequest request) {
    FILTERS.check(request.filters());
    return desk.read(
        request.dryRun(),
        lookup -> {
          List<TagDescription> all = new ArrayList<>();
          Kinds.TAGGABLE.forEach(kind -> collect(lookup, kind, all));
          List<TagDescription> matching =
              all.stream()
                  .filter(
                      tag -> FILTERS.matches(lookup, tag, List.of(asTag(tag)), request.filters()))
                  .toList();
          Paging.Page<TagDescription> page =
              Paging.USUAL.page(matching, request.maxResults(), request.nextToken());
          return DescribeTagsResponse.builder().tags(page.rows()).nextToken(page.token()).build();
        });
  }

  private static Tag asTag(TagDescription tag) {
    return Tag.builder().key(tag.key()).value(tag.value()).build();
  }

  private static <T> void collect(Lookup lookup, Kind<T> kind, List<TagDescription> all) {
    lookup
        .view()
        .scan(kind.table(), lookup.scope())
        .forEach(
            row -> {
              for (Tag tag : kind.tags().apply(row.value())) {
                all.add(
                    TagDescription.builder()
                        .resourceId(row.key().id())
                        .resourceType(kind.type())
                        .key(tag.key())
                        .value(tag.value())
                        .build());
              }
            });
  }
}
