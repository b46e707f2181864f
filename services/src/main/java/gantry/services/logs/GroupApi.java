package gantry.services.logs;

import static gantry.services.logs.LogTables.FILTERS;
import static gantry.services.logs.LogTables.GROUPS;
import static gantry.services.logs.LogTables.STREAMS;
import static gantry.services.logs.LogTables.inGroup;
import static gantry.services.logs.Lookup.GROUP_ARN;
import static gantry.services.logs.Lookup.arn;
import static gantry.services.logs.Lookup.checkGroupName;
import static gantry.services.logs.Lookup.cut;
import static gantry.services.logs.Lookup.group;
import static gantry.services.logs.Lookup.nameOf;
import static gantry.services.logs.Lookup.required;
import static gantry.services.logs.Lookup.scope;
import static gantry.services.logs.Lookup.stream;

import gantry.services.ServiceContext;
import gantry.services.logs.LogTables.GroupRow;
import gantry.services.logs.Lookup.Cut;
import gantry.state.Ids;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.View;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.cloudwatchlogs.model.*;

/** The operations of log groups and their tags. */
abstract class GroupApi implements CloudWatchLogsClient {

  static final int MAX_TAGS = 50;

  private static final Set<Integer> RETENTION_DAYS =
      Set.of(
          1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557,
          2922, 3288, 3653);

  final Store store;
  final Clock clock;
  final Ids ids;
  final LogFiles files;

  GroupApi(ServiceContext context, LogFiles files) {
    this.store = context.store();
    this.clock = context.clock();
    this.ids = context.ids();
    this.files = files;
  }

  // ---------------------------------------------------------------- groups

  @Override
  public CreateLogGroupResponse createLogGroup(CreateLogGroupRequest request) {
    Scope scope = scope();
    String name = required(request.logGroupName(), "logGroupName");
    checkGroupName(name);
    if (name.startsWith("aws/")) {
      throw Errors.invalid("Log groups starting with aws/ are reserved for AWS.");
    }
    if (request.kmsKeyId() != null) {
      throw Errors.invalid("Log groups that are encrypted by a KMS key are not supported.");
    }
    LogGroupClass groupClass =
        request.logGroupClass() == null ? LogGroupClass.STANDARD : request.logGroupClass();
    if (groupClass == LogGroupClass.UNKNOWN_TO_SDK_VERSION) {
      throw Errors.constraint(
          request.logGroupClassAsString(),
          "logGroupClass",
          "satisfy enum value set: [STANDARD, INFREQUENT_ACCESS, DELIVERY]");
    }
    checkTags(request.tags());
    GroupRow row =
        new GroupRow(
            name,
            ids.hex(32),
            clock.millis(),
            groupClass.toString(),
            null,
            Boolean.TRUE.equals(request.deletionProtectionEnabled()),
            Map.copyOf(request.tags()));
    store.write(
        tx -> {
          if (tx.get(GROUPS, scope.key(name)) != null) {
            throw Errors.exists("log group");
          }
          tx.put(GROUPS, scope.key(name), row);
          return row;
        });
    return CreateLogGroupResponse.builder().build();
  }

  @Override
  public DeleteLogGroupResponse deleteLogGroup(DeleteLogGroupRequest request) {
    Scope scope = scope();
    String name = required(request.logGroupName(), "logGroupName");
    String id =
        store.write(
            tx -> {
              GroupRow group = group(tx, scope, name);
              if (group.isProtected()) {
                throw ValidationException.builder()
                    .message(
                        "Log group " + name + " has deletion protection enabled; disable it first.")
                    .build();
              }
              LogTables.streams(tx, scope, group, "")
                  .toList()
                  .forEach(stream -> tx.delete(STREAMS, inGroup(scope, group, stream.name())));
              LogTables.filters(tx, scope, group)
                  .toList()
                  .forEach(
                      row -> tx.delete(FILTERS, inGroup(scope, group, row.filter().filterName())));
              tx.delete(GROUPS, scope.key(name));
              return group.id();
            });
    files.delete(id);
    return DeleteLogGroupResponse.builder().build();
  }

  @Override
  public DescribeLogGroupsResponse describeLogGroups(DescribeLogGroupsRequest request) {
    Scope scope = scope();
    String prefix = request.logGroupNamePrefix();
    String pattern = request.logGroupNamePattern();
    if (prefix != null && pattern != null) {
      throw Errors.invalid(
          "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
    }
    Set<String> only =
        request.logGroupIdentifiers().stream()
            .map(id -> nameOf(scope, id))
            .collect(Collectors.toSet());
    boolean ours = ours(scope, request.accountIdentifiers(), request.includeLinkedAccounts());
    View view = store.snapshot();
    Cut<GroupRow> page =
        cut(
            groups(view, scope, prefix, pattern)
                .filter(g -> ours)
                .filter(g -> only.isEmpty() || only.contains(g.name()))
                .filter(g -> sameClass(g, request.logGroupClassAsString()))
                .toList(),
            GroupRow::name,
            false,
            request.limit(),
            request.nextToken(),
            "DescribeLogGroups/" + prefix + "/" + pattern);
    return DescribeLogGroupsResponse.builder()
        .logGroups(page.items().stream().map(group -> describe(view, scope, group)).toList())
        .nextToken(page.nextToken())
        .build();
  }

  @Override
  public ListLogGroupsResponse listLogGroups(ListLogGroupsRequest request) {
    Scope scope = scope();
    String pattern = request.logGroupNamePattern();
    boolean ours = ours(scope, request.accountIdentifiers(), request.includeLinkedAccounts());
    Cut<GroupRow> page =
        cut(
            groups(store.snapshot(), scope, null, pattern)
                .filter(g -> ours)
                .filter(g -> sameClass(g, request.logGroupClassAsString()))
                .toList(),
            GroupRow::name,
            false,
            request.limit(),
            request.nextToken(),
            "ListLogGroups/" + pattern);
    return ListLogGroupsResponse.builder()
        .logGroups(
            page.items().stream()
                .map(
                    group ->
                        LogGroupSummary.builder()
                            .logGroupName(group.name())
                            .logGroupArn(arn(scope, group.name()))
                            .logGroupClass(group.logGroupClass())
                            .build())
                .toList())
        .nextToken(page.nextToken())
        .build();
  }

  /** No account is linked to another here, so a listing has the caller's own groups or none. */
  private static boolean ours(Scope scope, List<String> accounts, @Nullable Boolean linked) {
    if (!accounts.isEmpty() && !Boolean.TRUE.equals(linked)) {
      throw Errors.invalid("accountIdentifiers can be given only with includeLinkedAccounts.");
    }
    return accounts.isEmpty() || accounts.contains(scope.account());
  }

  private static boolean sameClass(GroupRow group, @Nullable String wanted) {
    return wanted == null || wanted.equals(group.logGroupClass());
  }

  private static Stream<GroupRow> groups(
      View view, Scope scope, @Nullable String prefix, @Nullable String pattern) {
    return view.scan(GROUPS, scope)
        .map(row -> row.value())
        .filter(group -> prefix == null || group.name().startsWith(prefix))
        .filter(group -> pattern == null || group.name().contains(pattern));
  }

  private LogGroup describe(View view, Scope scope, GroupRow group) {
    String arn = arn(scope, group.name());
    return LogGroup.builder()
        .logGroupName(group.name())
        .creationTime(group.created())
        .retentionInDays(group.retentionDays())
        .metricFilterCount((int) LogTables.filters(view, scope, group).count())
        .arn(arn + ":*")
        .logGroupArn(arn)
        .logGroupClass(group.logGroupClass())
        .deletionProtectionEnabled(group.isProtected())
        .storedBytes(files.exists(group.id()) ? files.group(group.id()).storedBytes() : 0)
        .build();
  }

  @Override
  public PutLogGroupDeletionProtectionResponse putLogGroupDeletionProtection(
      PutLogGroupDeletionProtectionRequest request) {
    boolean now = Boolean.TRUE.equals(request.deletionProtectionEnabled());
    Scope scope = scope();
    change(
        nameOf(scope, required(request.logGroupIdentifier(), "logGroupIdentifier")),
        group -> group.withProtection(now));
    return PutLogGroupDeletionProtectionResponse.builder().build();
  }

  @Override
  public PutRetentionPolicyResponse putRetentionPolicy(PutRetentionPolicyRequest request) {
    Integer days = required(request.retentionInDays(), "retentionInDays");
    if (!RETENTION_DAYS.contains(days)) {
      throw Errors.constraint(
          days,
          "retentionInDays",
          "satisfy enum value set: "
              + RETENTION_DAYS.stream().sorted().map(String::valueOf).toList());
    }
    change(required(request.logGroupName(), "logGroupName"), group -> group.withRetention(days));
    return PutRetentionPolicyResponse.builder().build();
  }

  @Override
  public DeleteRetentionPolicyResponse deleteRetentionPolicy(DeleteRetentionPolicyRequest request) {
    change(required(request.logGroupName(), "logGroupName"), group -> group.withRetention(null));
    return DeleteRetentionPolicyResponse.builder().build();
  }

  private void change(String groupName, UnaryOperator<GroupRow> change) {
    Scope scope = scope();
    store.write(
        tx -> {
          GroupRow now = change.apply(group(tx, scope, groupName));
          tx.put(GROUPS, scope.key(groupName), now);
          return now;
        });
  }

  // ---------------------------------------------------------------- tags

  @Override
  public TagResourceResponse tagResource(TagResourceRequest request) {
    String name = taggedGroup(request.resourceArn());
    change(name, group -> tagged(group, request.tags()));
    return TagResourceResponse.builder().build();
  }

  @Override
  public UntagResourceResponse untagResource(UntagResourceRequest request) {
    String name = taggedGroup(request.resourceArn());
    change(name, group -> untagged(group, request.tagKeys()));
    return UntagResourceResponse.builder().build();
  }

  @Override
  public ListTagsForResourceResponse listTagsForResource(ListTagsForResourceRequest request) {
    String name = taggedGroup(request.resourceArn());
    return ListTagsForResourceResponse.builder()
        .tags(group(store.snapshot(), scope(), name).tags())
        .build();
  }

  @Override
  @Deprecated
  public TagLogGroupResponse tagLogGroup(TagLogGroupRequest request) {
    change(
        required(request.logGroupName(), "logGroupName"), group -> tagged(group, request.tags()));
    return TagLogGroupResponse.builder().build();
  }

  @Override
  @Deprecated
  public UntagLogGroupResponse untagLogGroup(UntagLogGroupRequest request) {
    change(
        required(request.logGroupName(), "logGroupName"), group -> untagged(group, request.tags()));
    return UntagLogGroupResponse.builder().build();
  }

  @Override
  @Deprecated
  public ListTagsLogGroupResponse listTagsLogGroup(ListTagsLogGroupRequest request) {
    String name = required(request.logGroupName(), "logGroupName");
    return ListTagsLogGroupResponse.builder()
        .tags(group(store.snapshot(), scope(), name).tags())
        .build();
  }

  private static GroupRow tagged(GroupRow group, Map<String, String> more) {
    Map<String, String> tags = new TreeMap<>(group.tags());
    tags.putAll(more);
    checkTags(tags);
    return group.withTags(tags);
  }

  private static GroupRow untagged(GroupRow group, List<String> keys) {
    Map<String, String> tags = new TreeMap<>(group.tags());
    tags.keySet().removeAll(keys);
    return group.withTags(tags);
  }

  private static void checkTags(Map<String, String> tags) {
    if (tags.size() > MAX_TAGS) {
      throw TooManyTagsException.builder()
          .message("A log group can have at most " + MAX_TAGS + " tags.")
          .build();
    }
    for (String key : tags.keySet()) {
      if (key.startsWith("aws:")) {
        throw Errors.invalid("Tag keys starting with aws: are reserved.");
      }
    }
  }

  private static String taggedGroup(@Nullable String arn) {
    Scope scope = scope();
    String given = required(arn, "resourceArn");
    if (!GROUP_ARN.matcher(given).matches()) {
      throw Errors.invalid("The resource ARN " + given + " is not one of a log group.");
    }
    return nameOf(scope, given);
  }
}
