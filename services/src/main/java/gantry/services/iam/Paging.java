package gantry.services.iam;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.state.Page;
import gantry.state.PageToken;
import gantry.state.Scope;
import gantry.state.View;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.iam.model.*;

/** What the operations of IAM share: the account's view, and lists in pages. */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
abstract class Paging {

  static final int DEFAULT_PAGE = 100;

  /** Markers are names of rows; they are ours, whichever list made them. */
  private static final String LISTING = "iam";

  final ServiceContext context;
  final Users users;
  final Groups groups;
  final ManagedPolicies policies;

  Paging(ServiceContext context) {
    this.context = context;
    this.users = new Users(context);
    this.groups = new Groups(context, users);
    this.policies = new ManagedPolicies(context);
  }

  View view() {
    return context.store().snapshot();
  }

  static Scope scope() {
    return Caller.current().globalScope();
  }

  static String prefix(@Nullable String given) {
    return given == null ? "/" : given;
  }

  static Page<Tag> tagPage(List<Tag> tags, @Nullable String marker, @Nullable Integer limit) {
    return page(
        from ->
            tags.stream()
                .sorted(java.util.Comparator.comparing(Tag::key))
                .filter(tag -> tag.key().compareTo(from) > 0),
        Tag::key,
        marker,
        limit);
  }

  static Page<String> names(List<String> names, @Nullable String marker, @Nullable Integer limit) {
    return page(
        from -> names.stream().filter(name -> name.compareTo(from) > 0),
        name -> name,
        marker,
        limit);
  }

  static Page<AttachedPolicy> attached(
      List<AttachedPolicy> all, @Nullable String marker, @Nullable Integer limit) {
    return page(
        from ->
            all.stream()
                .sorted(java.util.Comparator.comparing(AttachedPolicy::policyArn))
                .filter(policy -> policy.policyArn().compareTo(from) > 0),
        AttachedPolicy::policyArn,
        marker,
        limit);
  }

  static <T> Page<T> page(
      Function<String, Stream<T>> after,
      Function<T, String> id,
      @Nullable String marker,
      @Nullable Integer limit) {
    try {
      return Page.cut(
          after.apply(PageToken.lastId(LISTING, marker)),
          limit == null ? DEFAULT_PAGE : limit,
          id,
          LISTING);
    } catch (PageToken.Invalid bad) {
      throw Errors.validation("Invalid Marker.");
    }
  }
}
