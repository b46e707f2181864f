package gantry.services.kms;

import gantry.services.AesGcmSecretBox;
import gantry.services.ServiceContext;
import gantry.services.kms.KmsTables.KeyRow;
import gantry.services.kms.KmsTables.Material;
import gantry.state.Change;
import gantry.state.Controller;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.View;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.kms.model.KeySpec;
import software.amazon.awssdk.services.kms.model.KeyState;

/** Deletes keys when their window has passed, and rotates those that rotate by themselves. */
final class KeyTimes implements Controller {

  private final ServiceContext context;
  private final Keys keys;

  KeyTimes(ServiceContext context, Keys keys) {
    this.context = context;
    this.keys = keys;
  }

  @Override
  public String name() {
    return "kms.key-times";
  }

  @Override
  public Stream<Key> wokenBy(Change<?> change) {
    return change.table() == KmsTables.KEYS ? Stream.of(change.key()) : Stream.empty();
  }

  @Override
  public Stream<Key> all(View view) {
    return view.scanAll(KmsTables.KEYS).map(Row::key);
  }

  @Override
  public Again reconcile(Key key) {
    KeyRow row = context.store().snapshot().get(KmsTables.KEYS, key);
    if (row == null) {
      return Again.WHEN_CHANGED;
    }
    Instant now = context.clock().instant();
    if (row.metadata().keyState() == KeyState.PENDING_DELETION) {
      Instant at = row.metadata().deletionDate();
      if (now.isBefore(at)) {
        return Again.after(Duration.between(now, at));
      }
      delete(key);
      return Again.WHEN_CHANGED;
    }
    Instant next = row.nextRotation();
    Integer days = row.rotationDays();
    if (next == null || days == null) {
      return Again.WHEN_CHANGED;
    }
    if (now.isBefore(next)) {
      return Again.after(Duration.between(now, next));
    }
    Material fresh =
        keys.material(
            row.metadata().keyId(), context.ids().bytes(AesGcmSecretBox.KEY_BYTES), false);
    context
        .store()
        .write(
            tx -> {
              KeyRow current = tx.get(KmsTables.KEYS, key);
              if (current != null && next.equals(current.nextRotation())) {
                tx.put(
                    KmsTables.KEYS, key, rotated(current, fresh, now.plus(Duration.ofDays(days))));
              }
              return null;
            });
    return Again.WHEN_CHANGED;
  }

  static KeyRow rotated(KeyRow row, Material fresh, @Nullable Instant next) {
    List<Material> materials = new ArrayList<>(row.materials());
    materials.add(fresh);
    KeyRow rotated = row.withMaterials(materials, next);
    return row.metadata().keySpec() == KeySpec.SYMMETRIC_DEFAULT
        ? rotated.with(row.metadata().toBuilder().currentKeyMaterialId(fresh.id()).build())
        : rotated;
  }

  /** With its secret goes everything that it ever closed; its names and grants go with it. */
  private void delete(Key key) {
    context
        .store()
        .write(
            tx -> {
              tx.lookup(KmsTables.ALIASES_BY_KEY, key.scope(), key.id())
                  .toList()
                  .forEach(alias -> tx.delete(KmsTables.ALIASES, alias.key()));
              tx.lookup(KmsTables.GRANTS_BY_KEY, key.scope(), key.id())
                  .toList()
                  .forEach(grant -> tx.delete(KmsTables.GRANTS, grant.key()));
              tx.delete(KmsTables.KEYS, key);
              return null;
            });
  }
}
