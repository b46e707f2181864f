package gantry.services.ecr;

import gantry.services.Caller;
import gantry.services.ecr.EcrTables.RegistryRow;
import gantry.state.Scope;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.model.AuthorizationData;
import software.amazon.awssdk.services.ecr.model.DeleteRegistryPolicyResponse;
import software.amazon.awssdk.services.ecr.model.DeleteSigningConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.DescribeImageSigningStatusRequest;
import software.amazon.awssdk.services.ecr.model.DescribeImageSigningStatusResponse;
import software.amazon.awssdk.services.ecr.model.GetAccountSettingRequest;
import software.amazon.awssdk.services.ecr.model.GetAccountSettingResponse;
import software.amazon.awssdk.services.ecr.model.GetAuthorizationTokenRequest;
import software.amazon.awssdk.services.ecr.model.GetAuthorizationTokenResponse;
import software.amazon.awssdk.services.ecr.model.GetRegistryPolicyResponse;
import software.amazon.awssdk.services.ecr.model.GetSigningConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.PutAccountSettingRequest;
import software.amazon.awssdk.services.ecr.model.PutAccountSettingResponse;
import software.amazon.awssdk.services.ecr.model.PutRegistryPolicyRequest;
import software.amazon.awssdk.services.ecr.model.PutRegistryPolicyResponse;
import software.amazon.awssdk.services.ecr.model.PutSigningConfigurationRequest;
import software.amazon.awssdk.services.ecr.model.PutSigningConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.RegistryPolicyNotFoundException;
import software.amazon.awssdk.services.ecr.model.SigningConfiguration;
import software.amazon.awssdk.services.ecr.model.SigningConfigurationNotFoundException;
import software.amazon.awssdk.services.ecr.model.ValidationException;

/** What a registry as a whole has set, and the tokens to get in with. */
final class SettingsOperations {

  private final Registry registry;
  private final Gate gate;
  private final Tokens tokens;

  SettingsOperations(Registry registry, Gate gate, Tokens tokens) {
    this.registry = registry;
    this.gate = gate;
    this.tokens = tokens;
  }

  // ---- tokens

  @SuppressWarnings("deprecation") // registryIds, which old clients still send
  GetAuthorizationTokenResponse token(GetAuthorizationTokenRequest request) {
    gate.own("GetAuthorizationToken");
    Caller caller = Caller.current();
    // A service of ours pulls for the account, whose policies are to hold for it.
    Tokens.Minted minted =
        tokens.mint(caller.isService() ? Caller.root(caller.scope(), "") : caller);
    String token =
        Base64.getEncoder()
            .encodeToString(("AWS:" + minted.password()).getBytes(StandardCharsets.UTF_8));
    int count = Math.max(1, request.registryIds().size());
    List<AuthorizationData> data = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      data.add(
          AuthorizationData.builder()
              .authorizationToken(token)
              .expiresAt(minted.expiresAt())
              // One address serves every registry.
              .proxyEndpoint("http://" + registry.addresses.localHost())
              .build());
    }
    return GetAuthorizationTokenResponse.builder().authorizationData(data).build();
  }

  // ---- the registry's policy and settings

  GetRegistryPolicyResponse getPolicy() {
    Scope scope = gate.own("GetRegistryPolicy");
    return GetRegistryPolicyResponse.builder()
        .registryId(scope.account())
        .policyText(policyOf(registry.settings(scope), scope))
        .build();
  }

  private static String policyOf(RegistryRow row, Scope scope) {
    String text = row.policyText();
    if (text == null) {
      throw RegistryPolicyNotFoundException.builder()
          .message(
              "Registry policy does not exist in the registry with id '" + scope.account() + "'")
          .build();
    }
    return text;
  }

  PutRegistryPolicyResponse putPolicy(PutRegistryPolicyRequest request) {
    Scope scope = gate.own("PutRegistryPolicy");
    ResourcePolicies.check(request.policyText(), true);
    registry.changeSettings(scope, row -> row.withPolicy(request.policyText()));
    return PutRegistryPolicyResponse.builder()
        .registryId(scope.account())
        .policyText(request.policyText())
        .build();
  }

  DeleteRegistryPolicyResponse deletePolicy() {
    Scope scope = gate.own("DeleteRegistryPolicy");
    String text =
        registry.store.write(
            tx -> {
              RegistryRow row = EcrTables.registry(tx, scope);
              String before = policyOf(row, scope);
              tx.put(EcrTables.REGISTRIES, EcrTables.registryKey(scope), row.withPolicy(null));
              return before;
            });
    return DeleteRegistryPolicyResponse.builder()
        .registryId(scope.account())
        .policyText(text)
        .build();
  }

  GetAccountSettingResponse getAccountSetting(GetAccountSettingRequest request) {
    Scope scope = gate.own("GetAccountSetting");
    checkSetting(request.name(), null);
    return GetAccountSettingResponse.builder()
        .name(request.name())
        .value(AccountSettings.value(registry.store.snapshot(), scope, request.name()))
        .build();
  }

  PutAccountSettingResponse putAccountSetting(PutAccountSettingRequest request) {
    Scope scope = gate.own("PutAccountSetting");
    checkSetting(request.name(), request.value());
    registry.changeSettings(
        scope,
        row -> {
          Map<String, String> settings = new LinkedHashMap<>(row.accountSettings());
          settings.put(request.name(), request.value());
          return row.withSettings(settings);
        });
    return PutAccountSettingResponse.builder().name(request.name()).value(request.value()).build();
  }

  private static void checkSetting(String name, @Nullable String value) {
    Set<String> values = AccountSettings.VALUES.get(name);
    if (values == null) {
      throw EcrErrors.invalid(
          "name", "Member must satisfy enum value set: " + AccountSettings.VALUES.keySet());
    }
    if (value != null && !values.contains(value)) {
      throw EcrErrors.invalid("value", "Member must satisfy enum value set: " + values);
    }
  }

  // ---- signing

  private static SigningConfigurationNotFoundException noSigning(Scope scope) {
    return SigningConfigurationNotFoundException.builder()
        .message(
            "Signing configuration does not exist in the registry with id '"
                + scope.account()
                + "'")
        .build();
  }

  GetSigningConfigurationResponse getSigning() {
    return GetSigningConfigurationResponse.builder()
        .signingConfiguration(existingSigning(gate.own("GetSigningConfiguration")))
        .build();
  }

  DeleteSigningConfigurationResponse deleteSigning() {
    return DeleteSigningConfigurationResponse.builder()
        .signingConfiguration(existingSigning(gate.own("DeleteSigningConfiguration")))
        .build();
  }

  /** There is none as long as putting one is refused. */
  private SigningConfiguration existingSigning(Scope scope) {
    SigningConfiguration signing = registry.settings(scope).signing();
    if (signing == null) {
      throw noSigning(scope);
    }
    return signing;
  }

  PutSigningConfigurationResponse putSigning(PutSigningConfigurationRequest request) {
    gate.own("PutSigningConfiguration");
    throw ValidationException.builder()
        .message(
            "Signing on push with "
                + request.signingConfiguration().rules().size()
                + " rules is done by AWS Signer, which Gantry does not have. Sign with notation or"
                + " cosign: signatures are kept as referrers.")
        .build();
  }

  DescribeImageSigningStatusResponse signingStatus(DescribeImageSigningStatusRequest request) {
    String name = request.repositoryName();
    Scope scope = gate.enter(request.registryId(), name, "DescribeImageSigningStatus");
    var view = registry.store.snapshot();
    Registry.repository(view, scope, name);
    var image = Images.existing(view, scope, name, request.imageId());
    return DescribeImageSigningStatusResponse.builder()
        .registryId(scope.account())
        .repositoryName(name)
        .imageId(request.imageId().toBuilder().imageDigest(image.digest()).build())
        .signingStatuses(List.of())
        .build();
  }
}
