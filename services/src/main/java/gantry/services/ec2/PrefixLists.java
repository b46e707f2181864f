package gantry.services.ec2;

import gantry.acs.network.Cidr;
import gantry.services.ec2.Rows.PrefixListRow;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.model.*;

/** Managed prefix lists: a customer's, and Amazon's for the gateway endpoints' services. */
final class PrefixLists {

  private static final int ENTRIES_LIMIT = 1000;
  private static final String AMAZON = "AWS";

  /** Where gateway endpoints' services are inside a VPC: link-local, so no block overlaps them. */
  private static final Map<String, String> SERVICES =
      Map.of("s3", "169.254.172.0/28", "dynamodb", "169.254.172.16/28");

  private final Desk desk;

  PrefixLists(Desk desk) {
    this.desk = desk;
  }

  static void addAmazonLists(Session session) {
    SERVICES.forEach(
        (service, cidr) -> {
          String id = session.newId("pl-");
          String region = session.scope().region();
          session.put(
              Kinds.PREFIX_LIST,
              id,
              new PrefixListRow(
                  ManagedPrefixList.builder()
                      .prefixListId(id)
                      .prefixListName("com.amazonaws." + region + "." + service)
                      .prefixListArn("arn:aws:ec2:" + region + ":aws:prefix-list/" + id)
                      .addressFamily("IPv4")
                      .ownerId(AMAZON)
                      .state(PrefixListState.CREATE_COMPLETE)
                      .tags(List.of())
                      .build(),
                  List.of(PrefixListEntry.builder().cidr(cidr).build())));
        });
  }

  /** Amazon's list of a gateway endpoint's service. */
  static @Nullable PrefixListRow ofService(Lookup lookup, String service) {
    return lookup
        .all(Kinds.PREFIX_LIST)
        .filter(row -> row.list().prefixListName().equals(service))
        .filter(row -> row.list().ownerId().equals(AMAZON))
        .findFirst()
        .orElse(null);
  }

  CreateManagedPrefixListResponse create(CreateManagedPrefixListRequest request) {
    String name = Errors.required(request.prefixListName(), "PrefixListName");
    if (name.startsWith("com.amazonaws")) {
      throw Errors.of(
          "InvalidParameterValue", "The prefix list name may not begin with com.amazonaws");
    }
    if (request.maxEntries() == null) {
      throw Errors.missing("MaxEntries");
    }
    if (request.maxEntries() < 1 || request.maxEntries() > ENTRIES_LIMIT) {
      throw Errors.invalid("MaxEntries", request.maxEntries(), "It must be between 1 and 1000.");
    }
    String family = Errors.required(request.addressFamily(), "AddressFamily");
    if (family.equals("IPv6")) {
      throw Errors.unsupported("A prefix list of IPv6 blocks");
    }
    if (!family.equals("IPv4")) {
      throw Errors.invalid("AddressFamily", family, "It must be IPv4 or IPv6.");
    }
    List<Tag> tags = Tags.of(request.tagSpecifications(), ResourceType.PREFIX_LIST);
    List<PrefixListEntry> entries =
        edit(List.of(), request.entries(), List.of(), request.maxEntries());
    return desk.write(
        request.dryRun(),
        session ->
            CreateManagedPrefixListResponse.builder()
                .prefixList(
                    session
                        .once(
                            Kinds.PREFIX_LIST,
                            request,
                            request.clientToken(),
                            () -> make(session, request, entries, tags),
                            row -> row.list().prefixListId())
                        .list())
                .build());
  }

  private static PrefixListRow make(
      Session session,
      CreateManagedPrefixListRequest request,
      List<PrefixListEntry> entries,
      List<Tag> tags) {
    String id = session.newId("pl-");
    ManagedPrefixList list =
        ManagedPrefixList.builder()
            .prefixListId(id)
            .prefixListName(request.prefixListName())
            .prefixListArn(
                "arn:aws:ec2:%s:%s:prefix-list/%s"
                    .formatted(session.scope().region(), session.scope().account(), id))
            .addressFamily("IPv4")
            .maxEntries(request.maxEntries())
            .version(1L)
            .ownerId(session.scope().account())
            .state(PrefixListState.CREATE_COMPLETE)
            .tags(tags)
            .build();
    PrefixListRow row = new PrefixListRow(list, entries);
    session.put(Kinds.PREFIX_LIST, id, row);
    return row;
  }

  private static List<PrefixListEntry> edit(
      List<PrefixListEntry> old,
      List<AddPrefixListEntry> add,
      List<RemovePrefixListEntry> remove,
      int max) {
    Map<String, PrefixListEntry> entries = new LinkedHashMap<>();
    old.forEach(entry -> entries.put(entry.cidr(), entry));
    for (RemovePrefixListEntry entry : remove) {
      if (entries.remove(block(entry.cidr())) == null) {
        throw Errors.of(
            "InvalidPrefixListModification", "The entry %s is not in the list", entry.cidr());
      }
    }
    for (AddPrefixListEntry entry : add) {
      String cidr = block(entry.cidr());
      entries.put(
          cidr, PrefixListEntry.builder().cidr(cidr).description(entry.description()).build());
    }
    if (entries.size() > max) {
      throw Errors.of(
          "PrefixListMaxEntriesExceeded",
          "The prefix list may not have more than %s entries",
          Integer.toString(max));
    }
    return List.copyOf(entries.values());
  }

  private static String block(@Nullable String cidr) {
    String text = Errors.required(cidr, "Cidr");
    if (!Cidr.isValid(text)) {
      throw Errors.invalid("Cidr", text, "This is not a valid CIDR block.");
    }
    return Cidr.parse(text).toString();
  }

  private static PrefixListRow owned(Session session, @Nullable String id) {
    PrefixListRow row = session.get(Kinds.PREFIX_LIST, id);
    if (row.list().ownerId().equals(AMAZON)) {
      throw Errors.of(
          "OperationNotPermitted", "The prefix list '%s' is managed by AWS.", String.valueOf(id));
    }
    return row;
  }

  ModifyManagedPrefixListResponse modify(ModifyManagedPrefixListRequest request) {
    if (Boolean.TRUE.equals(request.ipamPrefixListResolverSyncEnabled())) {
      throw Errors.unsupported("Amazon VPC IP Address Manager");
    }
    if (request.maxEntries() != null
        && !(request.addEntries().isEmpty() && request.removeEntries().isEmpty())) {
      throw Errors.of(
          "InvalidParameterCombination",
          "The entries and the size of a prefix list cannot be modified at the same time.");
    }
    return desk.write(
        request.dryRun(),
        session -> {
          PrefixListRow row = owned(session, request.prefixListId());
          boolean changes = !request.addEntries().isEmpty() || !request.removeEntries().isEmpty();
          if (changes
              && request.currentVersion() != null
              && !request.currentVersion().equals(row.list().version())) {
            throw Errors.of(
                "PrefixListVersionMismatch",
                "The prefix list has the incorrect version number: %s, current version: %s.",
                request.currentVersion().toString(),
                row.list().version().toString());
          }
          int max = request.maxEntries() == null ? row.list().maxEntries() : request.maxEntries();
          ManagedPrefixList.Builder list =
              row.list().toBuilder()
                  .maxEntries(max)
                  .state(PrefixListState.MODIFY_COMPLETE)
                  .version(row.list().version() + (changes ? 1 : 0));
          if (request.prefixListName() != null) {
            list.prefixListName(request.prefixListName());
          }
          PrefixListRow next =
              new PrefixListRow(
                  list.build(),
                  edit(row.entries(), request.addEntries(), request.removeEntries(), max));
          session.put(Kinds.PREFIX_LIST, row.list().prefixListId(), next);
          return ModifyManagedPrefixListResponse.builder().prefixList(next.list()).build();
        });
  }

  DeleteManagedPrefixListResponse delete(DeleteManagedPrefixListRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          PrefixListRow row = owned(session, request.prefixListId());
          String id = row.list().prefixListId();
          boolean used =
              session.all(Kinds.RULE).anyMatch(rule -> id.equals(rule.prefixListId()))
                  || session
                      .all(Kinds.ROUTE_TABLE)
                      .flatMap(table -> table.routes().stream())
                      .anyMatch(route -> id.equals(route.destinationPrefixListId()));
          if (used) {
            throw Errors.of(
                "DependencyViolation",
                "The prefix list '%s' has dependencies and cannot be deleted.",
                id);
          }
          session.delete(Kinds.PREFIX_LIST, id);
          return DeleteManagedPrefixListResponse.builder()
              .prefixList(row.list().toBuilder().state(PrefixListState.DELETE_COMPLETE).build())
              .build();
        });
  }

  DescribeManagedPrefixListsResponse describe(DescribeManagedPrefixListsRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          Paging.Page<PrefixListRow> page =
              lookup.describe(
                  Kinds.PREFIX_LIST,
                  Paging.LISTS,
                  request.prefixListIds(),
                  request.filters(),
                  request.maxResults(),
                  request.nextToken());
          return DescribeManagedPrefixListsResponse.builder()
              .prefixLists(page.rows().stream().map(PrefixListRow::list).toList())
              .nextToken(page.token())
              .build();
        });
  }

  GetManagedPrefixListEntriesResponse entries(GetManagedPrefixListEntriesRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          PrefixListRow row = lookup.get(Kinds.PREFIX_LIST, request.prefixListId());
          if (request.targetVersion() != null
              && !request.targetVersion().equals(row.list().version())) {
            throw Errors.unsupported("An earlier version of a prefix list");
          }
          Paging.Page<PrefixListEntry> page =
              Paging.LISTS.page(row.entries(), request.maxResults(), request.nextToken());
          return GetManagedPrefixListEntriesResponse.builder()
              .entries(page.rows())
              .nextToken(page.token())
              .build();
        });
  }

  /** The older operation, which knows Amazon's lists only. */
  DescribePrefixListsResponse describeAmazon(DescribePrefixListsRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          List<PrefixListRow> rows =
              lookup
                  .describe(
                      Kinds.PREFIX_LIST, request.prefixListIds(), request.filters(), null, null)
                  .rows();
          List<PrefixList> lists = new ArrayList<>();
          for (PrefixListRow row : rows) {
            if (row.list().ownerId().equals(AMAZON)) {
              lists.add(
                  PrefixList.builder()
                      .prefixListId(row.list().prefixListId())
                      .prefixListName(row.list().prefixListName())
                      .cidrs(row.entries().stream().map(PrefixListEntry::cidr).toList())
                      .build());
            }
          }
          Paging.Page<PrefixList> shown =
              Paging.ENDPOINTS.page(lists, request.maxResults(), request.nextToken());
          return DescribePrefixListsResponse.builder()
              .prefixLists(shown.rows())
              .nextToken(shown.token())
              .build();
        });
  }
}
