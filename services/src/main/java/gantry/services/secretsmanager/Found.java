package gantry.services.secretsmanager;

import gantry.services.Caller;
import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.secretsmanager.SecretTables.SecretRow;
import gantry.state.Key;
import gantry.state.PageToken;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.secretsmanager.model.*;

/** What the operations of Secrets Manager share: finding a secret, changing it, showing it. */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
abstract class Found {

  final ServiceContext context;
  final Sealing sealing;
  final Replicas replicas;

  Found(ServiceContext context, SecretBox box) {
    this.context = context;
    this.sealing = new Sealing(box, context.clients(), context.ids());
    this.replicas = new Replicas(context, sealing);
  }

  /** By name, ARN, or ARN without its suffix. */
  static @Nullable Row<SecretRow> find(View view, Scope own, String secretId) {
    Scope scope = own;
    String name = secretId;
    if (secretId.startsWith("arn:")) {
      String[] parts = secretId.split(":", 7);
      if (parts.length < 7) {
        return null;
      }
      scope = new Scope(parts[4], parts[3]);
      Row<SecretRow> exact =
          view.lookup(SecretTables.BY_ARN, scope, secretId).findFirst().orElse(null);
      if (exact != null) {
        return exact;
      }
      name = parts[6];
    }
    Key key = scope.key(name);
    SecretRow row = view.get(SecretTables.SECRETS, key);
    return row == null ? null : new Row<>(key, row);
  }

  static Row<SecretRow> require(View view, String secretId) {
    Row<SecretRow> row = find(view, Caller.current().scope(), secretId);
    if (row == null) {
      throw SecretErrors.noSecret();
    }
    return row;
  }

  static Row<SecretRow> requireLive(View view, String secretId) {
    Row<SecretRow> row = require(view, secretId);
    if (row.value().deletion() != null) {
      throw SecretErrors.request(
          "You can't perform this operation on the secret because it was marked for deletion.");
    }
    return row;
  }

  /** The id after which the next page of a listing begins. */
  static String after(String listing, @Nullable String token) {
    try {
      return PageToken.lastId(listing, token);
    } catch (PageToken.Invalid e) {
      throw InvalidNextTokenException.builder().message("Invalid NextToken").build();
    }
  }

  View view() {
    return context.store().snapshot();
  }

  Instant now() {
    return context.clock().instant();
  }

  SecretRow change(String secretId, UnaryOperator<SecretRow> change) {
    Row<SecretRow> row =
        context
            .store()
            .write(
                tx -> {
                  Row<SecretRow> now = requireLive(tx, secretId);
                  Replicas.refuseCopy(now);
                  SecretRow changed = change.apply(now.value());
                  tx.put(SecretTables.SECRETS, now.key(), changed);
                  return new Row<>(now.key(), changed);
                });
    replicas.sync(row.key());
    return row.value();
  }

  static Map<String, List<String>> stages(SecretRow row) {
    Map<String, List<String>> stages = new TreeMap<>();
    row.versions().stream()
        .filter(version -> !version.stages().isEmpty())
        .forEach(version -> stages.put(version.id(), version.stages()));
    return stages;
  }

  static @Nullable List<Tag> tagList(@Nullable Map<String, String> tags) {
    return tags == null
        ? null
        : tags.entrySet().stream()
            .map(tag -> Tag.builder().key(tag.getKey()).value(tag.getValue()).build())
            .toList();
  }

  static Map<String, String> tags(Map<String, String> before, List<Tag> more) {
    Map<String, String> all = new TreeMap<>(before);
    Map<String, String> given = new HashMap<>();
    for (Tag tag : more) {
      if (given.put(tag.key(), tag.value()) != null) {
        throw SecretErrors.parameter("Duplicate tag keys are not allowed: " + tag.key());
      }
    }
    all.putAll(given);
    return all;
  }
}
