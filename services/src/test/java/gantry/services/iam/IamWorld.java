package gantry.services.iam;

import gantry.services.AesGcmSecretBox;
import gantry.services.Caller;
import gantry.services.Clients;
import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.sts.Sts;
import gantry.services.sts.WebKeys;
import gantry.state.Ids;
import gantry.state.MemoryStore;
import gantry.state.Scope;
import gantry.state.SeededIds;
import gantry.state.Store;
import gantry.state.Table;
import gantry.state.VirtualTime;
import java.nio.file.Path;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.sts.StsClient;

/** IAM and STS of an empty account. */
public final class IamWorld {

  public static final String ACCOUNT = "111122223333";
  public static final Scope SCOPE = new Scope(ACCOUNT, "us-east-1");

  public final VirtualTime time = new VirtualTime();
  public final Ids ids = new SeededIds(7);
  public final SecretBox box = new AesGcmSecretBox(new byte[AesGcmSecretBox.KEY_BYTES], ids);
  public final Store store;
  public final ServiceContext context;
  public final Iam iam;
  public final Sts sts;
  public final Map<String, PublicKey> issuers = new HashMap<>();
  private final Map<Class<?>, SdkClient> hosted = new HashMap<>();
  private final WebKeys webKeys = (issuer, keyId) -> issuers.get(issuer);

  public IamWorld(Table<?>... more) {
    List<Table<?>> tables = new ArrayList<>(Iam.hosted(box).tables());
    tables.addAll(Sts.hosted(box, webKeys).tables());
    tables.addAll(List.of(more));
    store = MemoryStore.of(time, tables);
    context =
        new ServiceContext(
            store,
            time,
            time,
            ids,
            new Hosted(),
            Path.of("unused"),
            new ServiceContext.Endpoint("localhost", 4566));
    iam = new Iam(context, box);
    sts = new Sts(context, box, webKeys);
  }

  public static Caller caller(String arn, String userId) {
    return new Caller(
        ACCOUNT,
        SCOPE.region(),
        arn,
        userId,
        "AKIAEXAMPLE",
        Map.of(),
        "request-1",
        "127.0.0.1",
        "test");
  }

  public static final Caller ROOT = caller("arn:aws:iam::" + ACCOUNT + ":root", ACCOUNT);

  public static <R> R as(Caller caller, Supplier<R> work) {
    return ScopedValue.where(Caller.CURRENT, caller).call(work::get);
  }

  public <R> R iam(Function<IamClient, R> operation) {
    return as(ROOT, () -> operation.apply(iam));
  }

  public <R> R sts(Caller caller, Function<StsClient, R> operation) {
    return as(caller, () -> operation.apply(sts));
  }

  /** A user, as a caller. */
  public Caller user(String name) {
    var user = iam(i -> i.createUser(r -> r.userName(name))).user();
    return caller(user.arn(), user.userId());
  }

  public void allow(String user, String... statements) {
    iam(
        i ->
            i.putUserPolicy(
                r ->
                    r.userName(user)
                        .policyName("p" + ids.hex(8))
                        .policyDocument(document(statements))));
  }

  public static String document(String... statements) {
    return ("{'Version':'2012-10-17','Statement':[" + String.join(",", statements) + "]}")
        .replace('\'', '"');
  }

  public String role(String name, String trust) {
    return iam(i -> i.createRole(r -> r.roleName(name).assumeRolePolicyDocument(document(trust))))
        .role()
        .arn();
  }

  /** Makes a service known to the others; nobody evaluates who may call it. */
  public <C extends SdkClient> void host(Class<C> client, C service) {
    hosted.put(client, service);
  }

  private final class Hosted implements Clients {
    @Override
    public <C extends SdkClient> C as(String principal, Scope scope, Class<C> client) {
      SdkClient service = hosted.get(client);
      if (service == null) {
        throw new UnsupportedOperationException(client.getSimpleName() + " is not hosted");
      }
      return client.cast(service);
    }

    @Override
    public <C extends SdkClient> C asRole(
        String principal, String roleArn, String sessionName, Scope scope, Class<C> client) {
      return as(principal, scope, client);
    }
  }
}
