package gantry.services.iam;

import gantry.services.Caller;
import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.iam.Tables.AccessKeyRow;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.iam.model.AccessKey;
import software.amazon.awssdk.services.iam.model.StatusType;

/** Access keys of users. Their secrets are sealed; they are shown once. */
final class Keys {

  static final int MAX_PER_USER = 2;

  private final ServiceContext context;
  private final SecretBox box;

  Keys(ServiceContext context, SecretBox box) {
    this.context = context;
    this.box = box;
  }

  AccessKey create(String userName) {
    Scope scope = Caller.current().globalScope();
    String id = Names.accessKeyId(context.ids(), "AKIA");
    String secret = Names.secret(context.ids());
    String sealed = seal(box, id, secret);
    return context
        .store()
        .write(
            tx -> {
              String name = Named.USERS.require(tx, scope, userName).user().userName();
              if (tx.lookup(Tables.ACCESS_KEYS_BY_USER, scope, Tables.key(name)).count()
                  >= MAX_PER_USER) {
                throw Errors.limit("Cannot exceed quota for AccessKeysPerUser: " + MAX_PER_USER);
              }
              var now = context.clock().instant();
              tx.put(
                  Tables.ACCESS_KEYS,
                  scope.key(id),
                  new AccessKeyRow(id, name, true, now, sealed, null, null, null));
              return AccessKey.builder()
                  .userName(name)
                  .accessKeyId(id)
                  .secretAccessKey(secret)
                  .status(StatusType.ACTIVE)
                  .createDate(now)
                  .build();
            });
  }

  static String seal(SecretBox box, String id, String secret) {
    return Base64.getEncoder()
        .encodeToString(
            box.seal(secret.getBytes(StandardCharsets.UTF_8), Map.of("access-key", id)));
  }

  static String open(SecretBox box, String id, String sealed) {
    return new String(
        box.open(Base64.getDecoder().decode(sealed), Map.of("access-key", id)),
        StandardCharsets.UTF_8);
  }

  static AccessKeyRow require(View view, Scope scope, String userName, String id) {
    return view.find(Tables.ACCESS_KEYS, scope.key(id))
        .filter(row -> row.userName().equalsIgnoreCase(userName))
        .orElseThrow(() -> Errors.none("The Access Key with id " + id + " cannot be found"));
  }

  void delete(String userName, String id) {
    Scope scope = Caller.current().globalScope();
    context
        .store()
        .write(
            tx -> {
              Named.USERS.require(tx, scope, userName);
              require(tx, scope, userName, id);
              tx.delete(Tables.ACCESS_KEYS, scope.key(id));
              return null;
            });
  }

  void setStatus(String userName, String id, StatusType status) {
    Scope scope = Caller.current().globalScope();
    context
        .store()
        .write(
            tx -> {
              AccessKeyRow row = require(tx, scope, userName, id);
              tx.put(
                  Tables.ACCESS_KEYS,
                  scope.key(id),
                  new AccessKeyRow(
                      id,
                      row.userName(),
                      status == StatusType.ACTIVE,
                      row.created(),
                      row.sealedSecret(),
                      row.lastUsed(),
                      row.lastService(),
                      row.lastRegion()));
              return null;
            });
  }

  List<AccessKeyRow> of(String userName) {
    Scope scope = Caller.current().globalScope();
    View view = context.store().snapshot();
    Named.USERS.require(view, scope, userName);
    return view.lookup(Tables.ACCESS_KEYS_BY_USER, scope, Tables.key(userName))
        .map(Row::value)
        .toList();
  }
}
