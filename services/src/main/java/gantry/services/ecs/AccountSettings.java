package gantry.services.ecs;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.ecs.rows.AccountSettingRow;
import gantry.state.Key;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.DeleteAccountSettingRequest;
import software.amazon.awssdk.services.ecs.model.DeleteAccountSettingResponse;
import software.amazon.awssdk.services.ecs.model.ListAccountSettingsRequest;
import software.amazon.awssdk.services.ecs.model.ListAccountSettingsResponse;
import software.amazon.awssdk.services.ecs.model.PutAccountSettingDefaultRequest;
import software.amazon.awssdk.services.ecs.model.PutAccountSettingDefaultResponse;
import software.amazon.awssdk.services.ecs.model.PutAccountSettingRequest;
import software.amazon.awssdk.services.ecs.model.PutAccountSettingResponse;
import software.amazon.awssdk.services.ecs.model.Setting;
import software.amazon.awssdk.services.ecs.model.SettingType;

/** Account settings: a principal's own, else the account's default, else ECS's. */
final class AccountSettings {

  /** ECS's own defaults, and with them the names there are. */
  private static final Map<String, String> BUILT_IN = new LinkedHashMap<>();

  private static final Map<String, Set<String>> VALUES = new LinkedHashMap<>();

  static {
    Set<String> onOff = Set.of("enabled", "disabled");
    setting("serviceLongArnFormat", "enabled", onOff);
    setting("taskLongArnFormat", "enabled", onOff);
    setting("containerInstanceLongArnFormat", "enabled", onOff);
    setting("awsvpcTrunking", "disabled", onOff);
    setting("containerInsights", "disabled", Set.of("enabled", "disabled", "enhanced"));
    setting("dualStackIPv6", "enabled", onOff);
    setting("fargateFIPSMode", "disabled", onOff);
    setting("tagResourceAuthorization", "on", Set.of("on", "off"));
    setting("fargateTaskRetirementWaitPeriod", "7", Set.of("0", "7", "14"));
    setting("guardDutyActivate", "off", Set.of("on", "off"));
    setting("defaultLogDriverMode", "non-blocking", Set.of("blocking", "non-blocking"));
  }

  /** The formats whose opt-out has ended. */
  private static final Set<String> LONG_ARNS =
      Set.of("serviceLongArnFormat", "taskLongArnFormat", "containerInstanceLongArnFormat");

  private static void setting(String name, String value, Set<String> values) {
    BUILT_IN.put(name, value);
    VALUES.put(name, values);
  }

  private final ServiceContext context;

  AccountSettings(ServiceContext context) {
    this.context = context;
  }

  PutAccountSettingResponse put(PutAccountSettingRequest request) {
    String principal =
        request.principalArn() == null || request.principalArn().isEmpty()
            ? Caller.current().arn()
            : request.principalArn();
    return PutAccountSettingResponse.builder()
        .setting(store(principal, request.nameAsString(), request.value()))
        .build();
  }

  PutAccountSettingDefaultResponse putDefault(PutAccountSettingDefaultRequest request) {
    Setting setting = store("", request.nameAsString(), request.value());
    return PutAccountSettingDefaultResponse.builder()
        .setting(setting.toBuilder().principalArn(root(Caller.current().scope())).build())
        .build();
  }

  private Setting store(String principal, @Nullable String name, @Nullable String value) {
    String known = known(name);
    if (known.equals("guardDutyActivate")) {
      throw EcsErrors.invalid(
          "The guardDutyActivate account setting is managed by Amazon GuardDuty and cannot be"
              + " changed.");
    }
    if (value == null || !VALUES.getOrDefault(known, Set.of()).contains(value)) {
      throw EcsErrors.invalid(
          "The value for " + known + " should be one of " + VALUES.get(known) + ".");
    }
    if (LONG_ARNS.contains(known) && value.equals("disabled")) {
      throw EcsErrors.invalid(
          "You can no longer disable the "
              + known
              + " account setting: the long format is the only"
              + " one.");
    }
    Scope scope = Caller.current().scope();
    AccountSettingRow row = new AccountSettingRow(principal, known, value);
    context
        .store()
        .write(
            tx -> {
              tx.put(EcsTables.ACCOUNT_SETTINGS, key(scope, known, principal), row);
              return row;
            });
    return shown(known, value, principal);
  }

  DeleteAccountSettingResponse delete(DeleteAccountSettingRequest request) {
    Scope scope = Caller.current().scope();
    String known = known(request.nameAsString());
    String principal =
        request.principalArn() == null || request.principalArn().isEmpty()
            ? Caller.current().arn()
            : request.principalArn();
    String was =
        context
            .store()
            .write(
                tx -> {
                  Key key = key(scope, known, principal);
                  AccountSettingRow row = tx.get(EcsTables.ACCOUNT_SETTINGS, key);
                  tx.delete(EcsTables.ACCOUNT_SETTINGS, key);
                  return row == null ? "" : row.value();
                });
    return DeleteAccountSettingResponse.builder().setting(shown(known, was, principal)).build();
  }

  ListAccountSettingsResponse list(ListAccountSettingsRequest request) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    String only = request.nameAsString() == null ? null : known(request.nameAsString());
    String principal =
        request.principalArn() == null || request.principalArn().isEmpty()
            ? Caller.current().arn()
            : request.principalArn();
    List<Setting> found = new ArrayList<>();
    if (Boolean.TRUE.equals(request.effectiveSettings())) {
      for (String name : BUILT_IN.keySet()) {
        found.add(shown(name, effective(view, scope, principal, name), principal));
      }
    } else {
      view.scan(EcsTables.ACCOUNT_SETTINGS, scope)
          .map(row -> row.value())
          .filter(row -> row.principalArn().equals(principal))
          .forEach(row -> found.add(shown(row.name(), row.value(), principal)));
    }
    found.removeIf(
        setting ->
            (only != null && !setting.nameAsString().equals(only))
                || (request.value() != null
                    && !request.value().isEmpty()
                    && !setting.value().equals(request.value())));
    found.sort(java.util.Comparator.comparing(Setting::nameAsString));
    var page =
        Paging.<Setting>page(
            "settings|" + only + "|" + request.value() + "|" + principal,
            request.nextToken(),
            Paging.limit(request.maxResults(), 100, 100),
            after -> found.stream().filter(setting -> setting.nameAsString().compareTo(after) > 0),
            Setting::nameAsString);
    return ListAccountSettingsResponse.builder()
        .settings(page.items())
        .nextToken(page.nextToken())
        .build();
  }

  String effective(Scope scope, String principal, String name) {
    return effective(context.store().snapshot(), scope, principal, name);
  }

  private static String effective(View view, Scope scope, String principal, String name) {
    AccountSettingRow own = view.get(EcsTables.ACCOUNT_SETTINGS, key(scope, name, principal));
    if (own != null) {
      return own.value();
    }
    AccountSettingRow account = view.get(EcsTables.ACCOUNT_SETTINGS, key(scope, name, ""));
    return account != null ? account.value() : BUILT_IN.getOrDefault(name, "");
  }

  private static Key key(Scope scope, String name, String principal) {
    return scope.key(name + " " + principal);
  }

  private static String known(@Nullable String name) {
    if (name == null || !BUILT_IN.containsKey(name)) {
      throw EcsErrors.invalid(
          "The account setting name " + name + " should be one of " + BUILT_IN.keySet());
    }
    return name;
  }

  private static String root(Scope scope) {
    return "arn:" + Arns.partition(scope.region()) + ":iam::" + scope.account() + ":root";
  }

  private static Setting shown(String name, String value, String principal) {
    return Setting.builder()
        .name(name)
        .value(value)
        .principalArn(principal)
        .type(name.equals("guardDutyActivate") ? SettingType.AWS_MANAGED : SettingType.USER)
        .build();
  }
}
