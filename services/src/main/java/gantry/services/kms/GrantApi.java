package gantry.services.kms;

import gantry.services.Caller;
import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.iam.IamAuthorizer.Mode;
import gantry.services.kms.Keys.Found;
import gantry.services.kms.KmsTables.GrantRow;
import gantry.state.Page;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.Base64;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.kms.model.*;

/** The API of grants: who else may use a key, until somebody ends it. */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
abstract class GrantApi extends SigningApi {

  GrantApi(ServiceContext context, SecretBox box, Mode mode) {
    super(context, box, mode);
  }

  public CreateGrantResponse createGrant(CreateGrantRequest r) {
    Found key = keys.findByIdOrArn(r.keyId(), r.grantTokens());
    keys.authorize(key, "CreateGrant", Map.of());
    Keys.checkUsable(key.row());
    checkOperations(key, r.operations());
    if (r.constraints() != null && !isSymmetric(key)) {
      throw KmsErrors.validation("Grant constraints are for symmetric encryption keys only.");
    }
    checkPrincipal(r.granteePrincipal());
    checkPrincipal(r.retiringPrincipal());
    endIfDry(r.dryRun());
    String id = context.ids().hex(64);
    String token = Base64.getEncoder().encodeToString(context.ids().bytes(96));
    return context
        .store()
        .write(
            tx -> {
              GrantRow same =
                  r.name() == null
                      ? null
                      : tx.lookup(KmsTables.GRANTS_BY_KEY, key.scope(), key.id())
                          .map(Row::value)
                          .filter(row -> isSame(row.grant(), r))
                          .findFirst()
                          .orElse(null);
              GrantRow row =
                  same != null
                      ? same
                      : new GrantRow(
                          GrantListEntry.builder()
                              .keyId(key.id())
                              .grantId(id)
                              .name(r.name())
                              .creationDate(context.clock().instant())
                              .granteePrincipal(r.granteePrincipal())
                              .retiringPrincipal(r.retiringPrincipal())
                              .issuingAccount("arn:aws:iam::" + key.scope().account() + ":root")
                              .operations(r.operations())
                              .constraints(r.constraints())
                              .build(),
                          token);
              tx.put(KmsTables.GRANTS, key.scope().key(row.grant().grantId()), row);
              return CreateGrantResponse.builder()
                  .grantId(row.grant().grantId())
                  .grantToken(row.token())
                  .build();
            });
  }

  /** A grant of the same name and terms is not made twice. */
  private static boolean isSame(GrantListEntry grant, CreateGrantRequest r) {
    return Objects.equals(grant.name(), r.name())
        && grant.granteePrincipal().equals(r.granteePrincipal())
        && Objects.equals(grant.retiringPrincipal(), r.retiringPrincipal())
        && Objects.equals(grant.constraints(), r.constraints())
        && grant.operations().equals(r.operations());
  }

  /** What a key can do, a grant can allow, and to look after itself. */
  private static void checkOperations(Found key, List<GrantOperation> asked) {
    Set<GrantOperation> able =
        EnumSet.of(
            GrantOperation.CREATE_GRANT, GrantOperation.RETIRE_GRANT, GrantOperation.DESCRIBE_KEY);
    if (key.row().publicKey() != null) {
      able.add(GrantOperation.GET_PUBLIC_KEY);
    }
    able.addAll(
        switch (key.row().metadata().keyUsage()) {
          case SIGN_VERIFY -> List.of(GrantOperation.SIGN, GrantOperation.VERIFY);
          case GENERATE_VERIFY_MAC ->
              List.of(GrantOperation.GENERATE_MAC, GrantOperation.VERIFY_MAC);
          case KEY_AGREEMENT -> List.of(GrantOperation.DERIVE_SHARED_SECRET);
          default ->
              List.of(
                  GrantOperation.ENCRYPT,
                  GrantOperation.DECRYPT,
                  GrantOperation.RE_ENCRYPT_FROM,
                  GrantOperation.RE_ENCRYPT_TO);
        });
    if (isSymmetric(key)) {
      able.addAll(
          List.of(
              GrantOperation.GENERATE_DATA_KEY,
              GrantOperation.GENERATE_DATA_KEY_WITHOUT_PLAINTEXT,
              GrantOperation.GENERATE_DATA_KEY_PAIR,
              GrantOperation.GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT));
    }
    if (asked.isEmpty() || !able.containsAll(asked)) {
      throw KmsErrors.validation(
          "Operations must be grant operations that the key's spec and usage support.");
    }
  }

  private static void checkPrincipal(@Nullable String principal) {
    if (principal != null
        && !principal.matches("arn:aws:(iam|sts)::[0-9]{12}:.+|.+\\.amazonaws\\.com")) {
      throw InvalidArnException.builder()
          .message("ARN does not refer to a valid principal: " + principal)
          .build();
    }
  }

  private Stream<GrantListEntry> grants(Found key) {
    return context
        .store()
        .snapshot()
        .lookup(KmsTables.GRANTS_BY_KEY, key.scope(), key.id())
        .map(row -> row.value().grant().toBuilder().keyId(key.arn()).build());
  }

  public ListGrantsResponse listGrants(ListGrantsRequest r) {
    Found key = keys.findByIdOrArn(r.keyId());
    keys.authorize(key, "ListGrants", Map.of());
    Page<GrantListEntry> page =
        page(
            "ListGrants/" + key.id(),
            r.marker(),
            r.limit(),
            grants(key)
                .filter(grant -> r.grantId() == null || grant.grantId().equals(r.grantId()))
                .filter(
                    grant ->
                        r.granteePrincipal() == null
                            || grant.granteePrincipal().equals(r.granteePrincipal())),
            GrantListEntry::grantId);
    return ListGrantsResponse.builder()
        .grants(page.items())
        .nextMarker(page.nextToken())
        .truncated(page.nextToken() != null)
        .build();
  }

  /** The grants, of whatever keys here, that one principal may retire. */
  public ListRetirableGrantsResponse listRetirableGrants(ListRetirableGrantsRequest r) {
    Scope scope = Caller.current().scope();
    Page<GrantListEntry> page =
        page(
            "ListRetirableGrants/" + r.retiringPrincipal(),
            r.marker(),
            r.limit(),
            context
                .store()
                .snapshot()
                .scan(KmsTables.GRANTS, scope)
                .map(row -> row.value().grant())
                .filter(grant -> r.retiringPrincipal().equals(grant.retiringPrincipal()))
                .map(grant -> grant.toBuilder().keyId(Keys.arn(scope, grant.keyId())).build()),
            GrantListEntry::grantId);
    return ListRetirableGrantsResponse.builder()
        .grants(page.items())
        .nextMarker(page.nextToken())
        .truncated(page.nextToken() != null)
        .build();
  }

  public RevokeGrantResponse revokeGrant(RevokeGrantRequest r) {
    Found key = keys.findByIdOrArn(r.keyId());
    keys.authorize(key, "RevokeGrant", Map.of());
    endGrant(key.scope(), key.id(), r.grantId(), r.dryRun());
    return RevokeGrantResponse.builder().build();
  }

  public RetireGrantResponse retireGrant(RetireGrantRequest r) {
    View view = context.store().snapshot();
    Scope scope = Caller.current().scope();
    GrantRow row =
        view.scan(KmsTables.GRANTS, scope)
            .map(Row::value)
            .filter(
                grant ->
                    r.grantToken() != null
                        ? grant.token().equals(r.grantToken())
                        : grant.grant().grantId().equals(r.grantId())
                            && r.keyId() != null
                            && r.keyId().endsWith(grant.grant().keyId()))
            .findFirst()
            .orElseThrow(() -> KmsErrors.notFound("Grant ID " + r.grantId() + " not found"));
    String arn = Caller.current().arn();
    boolean may =
        arn.endsWith(":root")
            || arn.equals(row.grant().retiringPrincipal())
            || (arn.equals(row.grant().granteePrincipal())
                && row.grant().operations().contains(GrantOperation.RETIRE_GRANT));
    if (!may) {
      keys.authorize(keys.find(row.grant().keyId()), "RetireGrant", Map.of());
    }
    endGrant(scope, row.grant().keyId(), row.grant().grantId(), r.dryRun());
    return RetireGrantResponse.builder().build();
  }

  private void endGrant(Scope scope, String keyId, String grantId, @Nullable Boolean dryRun) {
    context
        .store()
        .write(
            tx -> {
              GrantRow row = tx.get(KmsTables.GRANTS, scope.key(grantId));
              if (row == null || !row.grant().keyId().equals(keyId)) {
                throw KmsErrors.notFound("Grant ID " + grantId + " not found");
              }
              endIfDry(dryRun);
              tx.delete(KmsTables.GRANTS, scope.key(grantId));
              return null;
            });
  }
}
