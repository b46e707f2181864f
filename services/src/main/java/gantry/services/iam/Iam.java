package gantry.services.iam;

import gantry.services.HostedService;
import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.state.Page;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.iam.model.*;

/**
 * The IAM API, operation by operation; the rules stand in the classes beside it. It is long, so it
 * stands in several files, each of which adds its operations to those of the one before: {@link
 * UserApi}, {@link RoleApi}, {@link PolicyApi}, {@link AbsentApi}, and here what concerns the
 * account as a whole.
 */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
public final class Iam extends AbsentApi implements IamClient {

  public static HostedService<IamClient> hosted(SecretBox box) {
    return HostedService.of(
        IamClient.class,
        context -> new Iam(context, box),
        Tables.USERS,
        Tables.GROUPS,
        Tables.ROLES,
        Tables.PROFILES,
        Tables.POLICIES,
        Tables.ACCESS_KEYS,
        Tables.OIDC_PROVIDERS,
        Tables.ALIASES);
  }

  public Iam(ServiceContext context, SecretBox box) {
    super(context, box);
  }

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {}

  // ---- the account

  @Override
  public CreateAccountAliasResponse createAccountAlias(CreateAccountAliasRequest r) {
    Accounts.setAlias(context.store(), scope(), r.accountAlias());
    return CreateAccountAliasResponse.builder().build();
  }

  @Override
  public DeleteAccountAliasResponse deleteAccountAlias(DeleteAccountAliasRequest r) {
    Accounts.deleteAlias(context.store(), scope(), r.accountAlias());
    return DeleteAccountAliasResponse.builder().build();
  }

  @Override
  public ListAccountAliasesResponse listAccountAliases(ListAccountAliasesRequest r) {
    return ListAccountAliasesResponse.builder()
        .accountAliases(
            view().scan(Tables.ALIASES, scope()).map(row -> row.value().alias()).toList())
        .isTruncated(false)
        .build();
  }

  @Override
  public GetAccountSummaryResponse getAccountSummary(GetAccountSummaryRequest r) {
    return GetAccountSummaryResponse.builder()
        .summaryMapWithStrings(Accounts.summary(view(), scope()))
        .build();
  }

  @Override
  public GetAccountAuthorizationDetailsResponse getAccountAuthorizationDetails(
      GetAccountAuthorizationDetailsRequest r) {
    Page<Accounts.Entry> page =
        page(
            from ->
                Accounts.entries(view(), scope(), r.filter())
                    .filter(entry -> entry.id().compareTo(from) > 0),
            Accounts.Entry::id,
            r.marker(),
            r.maxItems());
    return Accounts.details(view(), scope(), page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  // ---- simulation

  @Override
  public SimulateCustomPolicyResponse simulateCustomPolicy(SimulateCustomPolicyRequest r) {
    Page<EvaluationResult> page =
        simulated(Simulation.custom(scope(), r), r.marker(), r.maxItems());
    return SimulateCustomPolicyResponse.builder()
        .evaluationResults(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  @Override
  public SimulatePrincipalPolicyResponse simulatePrincipalPolicy(SimulatePrincipalPolicyRequest r) {
    Page<EvaluationResult> page =
        simulated(Simulation.principal(view(), scope(), r), r.marker(), r.maxItems());
    return SimulatePrincipalPolicyResponse.builder()
        .evaluationResults(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  @Override
  public GetContextKeysForCustomPolicyResponse getContextKeysForCustomPolicy(
      GetContextKeysForCustomPolicyRequest r) {
    return GetContextKeysForCustomPolicyResponse.builder()
        .contextKeyNames(Simulation.keysOf(r.policyInputList()))
        .build();
  }

  @Override
  public GetContextKeysForPrincipalPolicyResponse getContextKeysForPrincipalPolicy(
      GetContextKeysForPrincipalPolicyRequest r) {
    return GetContextKeysForPrincipalPolicyResponse.builder()
        .contextKeyNames(
            Simulation.keysOf(view(), scope(), r.policySourceArn(), r.policyInputList()))
        .build();
  }

  /** Results are in the order of the question; their place is what a marker holds. */
  private static Page<EvaluationResult> simulated(
      List<EvaluationResult> all, @Nullable String marker, @Nullable Integer limit) {
    Page<String> places =
        page(
            from ->
                java.util.stream.IntStream.range(0, all.size())
                    .mapToObj(place -> String.format(Locale.ROOT, "%08d", place))
                    .filter(place -> place.compareTo(from) > 0),
            place -> place,
            marker,
            limit);
    return new Page<>(
        places.items().stream().map(place -> all.get(Integer.parseInt(place))).toList(),
        places.nextToken());
  }
}
