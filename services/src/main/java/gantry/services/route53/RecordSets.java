package gantry.services.route53;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.route53.Tables.ChangeRow;
import gantry.services.route53.Tables.RecordRow;
import gantry.services.route53.Tables.ZoneRow;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Tx;
import gantry.state.View;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.route53.model.Change;
import software.amazon.awssdk.services.route53.model.ChangeAction;
import software.amazon.awssdk.services.route53.model.ChangeBatch;
import software.amazon.awssdk.services.route53.model.ChangeInfo;
import software.amazon.awssdk.services.route53.model.ChangeStatus;
import software.amazon.awssdk.services.route53.model.ListResourceRecordSetsRequest;
import software.amazon.awssdk.services.route53.model.ListResourceRecordSetsResponse;
import software.amazon.awssdk.services.route53.model.RRType;
import software.amazon.awssdk.services.route53.model.ResourceRecordSet;

/** The records of zones: changed by whole batches or not at all, listed in Route 53's order. */
final class RecordSets {

  static final int MAX_BATCH_RECORDS = 1000;
  static final int MAX_BATCH_CHARACTERS = 32_000;
  static final int MAX_LISTED = 300;

  private final ServiceContext context;
  private final Zones zones;

  RecordSets(ServiceContext context, Zones zones) {
    this.context = context;
    this.zones = zones;
  }

  ChangeInfo change(String zoneIdText, ChangeBatch batch) {
    Caller caller = Caller.current();
    Scope scope = caller.globalScope();
    String changeId = zones.newId("C");
    return context
        .store()
        .write(
            tx -> {
              ZoneRow zone = Zones.require(tx, scope, zoneIdText);
              Zones.checkMayEdit(zone, caller);
              apply(tx, scope, zone, batch.changes());
              return receipt(tx, scope, changeId, batch.comment());
            });
  }

  /** Ours is in sync as soon as it is written: the DNS server reads the same tables. */
  ChangeInfo receipt(Tx tx, Scope scope, String changeId, @Nullable String comment) {
    ChangeInfo info =
        ChangeInfo.builder()
            .id("/change/" + changeId)
            .status(ChangeStatus.INSYNC)
            .submittedAt(context.clock().instant())
            .comment(comment)
            .build();
    tx.put(Tables.CHANGES, scope.key(changeId), new ChangeRow(info));
    return info;
  }

  private static void apply(Tx tx, Scope scope, ZoneRow zone, List<Change> changes) {
    List<String> problems = new ArrayList<>();
    String zoneName = zone.zone().name();
    String zoneId = Zones.bareId(zone.zone().id());
    Map<Key, @Nullable ResourceRecordSet> next = new HashMap<>();
    Set<String> touchedNames = new LinkedHashSet<>();
    int records = 0;
    int characters = 0;
    for (Change change : changes) {
      ResourceRecordSet set;
      try {
        set = stored(change.resourceRecordSet());
      } catch (IllegalArgumentException badName) {
        problems.add(
            badName.getMessage() + " encountered with '" + change.resourceRecordSet().name() + "'");
        continue;
      }
      int times = change.action() == ChangeAction.UPSERT ? 2 : 1;
      records += times * set.resourceRecords().size();
      characters += times * set.resourceRecords().stream().mapToInt(r -> r.value().length()).sum();
      if (!DomainNames.isWithin(set.name(), zoneName)) {
        problems.add("RRSet with DNS name " + set.name() + " is not permitted in zone " + zoneName);
        continue;
      }
      String wrong = RecordRules.wrong(set, zoneName);
      if (wrong != null && change.action() != ChangeAction.DELETE) {
        problems.add(wrong);
        continue;
      }
      if (set.healthCheckId() != null
          && change.action() != ChangeAction.DELETE
          && tx.get(Tables.HEALTH_CHECKS, scope.key(set.healthCheckId())) == null) {
        problems.add("The health check " + set.healthCheckId() + " does not exist");
        continue;
      }
      Key key =
          scope.key(Tables.recordKey(zoneId, set.name(), set.typeAsString(), set.setIdentifier()));
      RecordRow row = tx.get(Tables.RECORDS, key);
      ResourceRecordSet now =
          next.containsKey(key) ? next.get(key) : row == null ? null : row.set();
      String about = "[name='" + set.name() + "', type='" + set.typeAsString() + "'";
      about +=
          set.setIdentifier() == null ? "]" : ", set identifier='" + set.setIdentifier() + "']";
      switch (change.action()) {
        case CREATE -> {
          if (next.get(key) != null) {
            problems.add(twice(set));
            continue;
          }
          if (now != null) {
            problems.add("Tried to create resource record set " + about + " but it already exists");
            continue;
          }
          next.put(key, set);
        }
        case UPSERT -> {
          if (next.containsKey(key)) {
            problems.add(twice(set));
            continue;
          }
          next.put(key, set);
        }
        case DELETE -> {
          if (next.containsKey(key)) {
            problems.add(twice(set));
            continue;
          }
          if (now == null) {
            problems.add("Tried to delete resource record set " + about + " but it was not found");
            continue;
          }
          if (!same(now, set)) {
            problems.add(
                "Tried to delete resource record set "
                    + about
                    + " but the values provided do not match the current values");
            continue;
          }
          if (set.name().equals(zoneName)
              && (set.type() == RRType.SOA || set.type() == RRType.NS)) {
            problems.add(
                "A HostedZone must contain "
                    + (set.type() == RRType.SOA
                        ? "exactly one SOA record."
                        : "at least one NS record for the zone itself."));
            continue;
          }
          next.put(key, null);
        }
        case UNKNOWN_TO_SDK_VERSION ->
            problems.add("There is no action " + change.actionAsString());
      }
      touchedNames.add(set.name());
    }
    if (records > MAX_BATCH_RECORDS) {
      throw Errors.invalidBatch(List.of("Number of records limit of 1000 exceeded."));
    }
    if (characters > MAX_BATCH_CHARACTERS) {
      throw Errors.invalidBatch(List.of("Number of characters limit of 32000 exceeded."));
    }
    if (problems.isEmpty()) {
      for (String name : touchedNames) {
        boolean cnameIsNew =
            next.values().stream()
                .anyMatch(s -> s != null && s.type() == RRType.CNAME && s.name().equals(name));
        String conflict =
            RecordRules.conflict(
                afterwards(tx, scope, zoneId, name, next),
                zoneName,
                cnameIsNew,
                zone.zone().linkedService() != null);
        if (conflict != null) {
          problems.add(conflict);
        }
      }
    }
    if (!problems.isEmpty()) {
      throw Errors.invalidBatch(problems);
    }
    next.forEach(
        (key, set) -> {
          if (set == null) {
            tx.delete(Tables.RECORDS, key);
          } else {
            tx.put(Tables.RECORDS, key, new RecordRow(zoneId, set));
          }
        });
  }

  /** Only a deletion followed by a creation of the same set makes sense. */
  private static String twice(ResourceRecordSet set) {
    return "The request contains an invalid set of changes for a resource record set '"
        + set.typeAsString()
        + " "
        + set.name()
        + "'";
  }

  /** The sets of one name as they will be. */
  private static List<ResourceRecordSet> afterwards(
      View view,
      Scope scope,
      String zoneId,
      String name,
      Map<Key, @Nullable ResourceRecordSet> next) {
    List<ResourceRecordSet> sets = new ArrayList<>();
    Set<Key> seen = new HashSet<>();
    view.lookup(Tables.RECORDS_BY_NAME, scope, zoneId + "/" + name)
        .forEach(
            row -> {
              seen.add(row.key());
              ResourceRecordSet set =
                  next.containsKey(row.key()) ? next.get(row.key()) : row.value().set();
              if (set != null) {
                sets.add(set);
              }
            });
    next.forEach(
        (key, set) -> {
          if (set != null && !seen.contains(key) && set.name().equals(name)) {
            sets.add(set);
          }
        });
    return sets;
  }

  private static ResourceRecordSet stored(ResourceRecordSet set) {
    ResourceRecordSet.Builder stored = set.toBuilder().name(DomainNames.stored(set.name()));
    if (set.aliasTarget() != null) {
      stored.aliasTarget(
          set.aliasTarget().toBuilder()
              .dnsName(DomainNames.stored(set.aliasTarget().dnsName()))
              .build());
    }
    return stored.build();
  }

  private static boolean same(ResourceRecordSet one, ResourceRecordSet other) {
    return new HashSet<>(one.resourceRecords()).equals(new HashSet<>(other.resourceRecords()))
        && Objects.equals(one.ttl(), other.ttl())
        && Objects.equals(one.weight(), other.weight())
        && Objects.equals(one.region(), other.region())
        && Objects.equals(one.failover(), other.failover())
        && Objects.equals(one.geoLocation(), other.geoLocation())
        && Objects.equals(one.multiValueAnswer(), other.multiValueAnswer())
        && Objects.equals(one.aliasTarget(), other.aliasTarget())
        && Objects.equals(one.healthCheckId(), other.healthCheckId());
  }

  /** The receipt of an earlier change. */
  ChangeInfo receiptOf(String changeIdText) {
    Scope scope = Caller.current().globalScope();
    String id = Zones.bareId(changeIdText);
    return context
        .store()
        .snapshot()
        .find(Tables.CHANGES, scope.key(id))
        .map(ChangeRow::info)
        .orElseThrow(
            () ->
                software.amazon.awssdk.services.route53.model.NoSuchChangeException.builder()
                    .message("Could not find resource with ID: " + id)
                    .build());
  }

  ListResourceRecordSetsResponse list(ListResourceRecordSetsRequest request) {
    Scope scope = Caller.current().globalScope();
    View view = context.store().snapshot();
    ZoneRow zone = Zones.require(view, scope, request.hostedZoneId());
    String zoneId = Zones.bareId(zone.zone().id());
    int limit = Zones.limit(request.maxItems(), MAX_LISTED);
    if (request.startRecordName() == null && request.startRecordType() != null) {
      throw Errors.invalid("The record type can only be given together with a record name.");
    }
    String from = zoneId + "/";
    if (request.startRecordName() != null) {
      try {
        from += DomainNames.sortKey(DomainNames.stored(request.startRecordName())) + "/";
      } catch (IllegalArgumentException badName) {
        throw Errors.invalid(String.valueOf(badName.getMessage()));
      }
      if (request.startRecordType() != null) {
        from += request.startRecordTypeAsString() + "/";
        from += request.startRecordIdentifier() == null ? "" : request.startRecordIdentifier();
      }
    }
    String first = from;
    List<ResourceRecordSet> found =
        view.lookup(Tables.RECORDS_BY_ZONE, scope, zoneId)
            .filter(row -> row.key().id().compareTo(first) >= 0)
            .limit(limit + 1L)
            .map(Row::value)
            .map(RecordRow::set)
            .toList();
    boolean more = found.size() > limit;
    ListResourceRecordSetsResponse.Builder response =
        ListResourceRecordSetsResponse.builder()
            .resourceRecordSets(more ? found.subList(0, limit) : found)
            .isTruncated(more)
            .maxItems(Integer.toString(limit));
    if (more) {
      ResourceRecordSet next = found.get(limit);
      response
          .nextRecordName(next.name())
          .nextRecordType(next.type())
          .nextRecordIdentifier(next.setIdentifier());
    }
    return response.build();
  }
}
