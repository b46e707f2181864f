package gantry.services.iam;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.iam.Tables.Policies;
import gantry.services.iam.Tables.RoleRow;
import gantry.services.iam.policy.PolicyDocument;
import gantry.services.iam.policy.PolicyKind;
import gantry.state.Scope;
import gantry.state.Tx;
import gantry.state.View;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;
import software.amazon.awssdk.services.iam.model.AttachedPolicy;
import software.amazon.awssdk.services.iam.model.PolicyNotAttachableException;

/** Users, groups and roles hold policies in the same way: this is that way. */
final class Holders {

  static final int MAX_ATTACHED = 10;

  /** What can hold policies. */
  enum Kind {
    USER("user", "PoliciesPerUser", 2048),
    GROUP("group", "PoliciesPerGroup", 5120),
    ROLE("role", "PoliciesPerRole", 10240);

    final String word;
    final String quota;
    final int inlineBytes;

    Kind(String word, String quota, int inlineBytes) {
      this.word = word;
      this.quota = quota;
      this.inlineBytes = inlineBytes;
    }
  }

  private final ServiceContext context;
  private final ManagedPolicies managed;

  Holders(ServiceContext context, ManagedPolicies managed) {
    this.context = context;
    this.managed = managed;
  }

  static Policies of(View view, Scope scope, Kind kind, String name) {
    return switch (kind) {
      case USER -> Named.USERS.require(view, scope, name).policies();
      case GROUP -> Named.GROUPS.require(view, scope, name).policies();
      case ROLE -> Named.ROLES.require(view, scope, name).policies();
    };
  }

  private static void put(Tx tx, Scope scope, Kind kind, String name, Policies policies) {
    switch (kind) {
      case USER ->
          Named.USERS.put(tx, scope, name, Named.USERS.require(tx, scope, name).with(policies));
      case GROUP ->
          Named.GROUPS.put(tx, scope, name, Named.GROUPS.require(tx, scope, name).with(policies));
      case ROLE -> {
        RoleRow row = Named.ROLES.require(tx, scope, name);
        Roles.checkNotServiceLinked(row);
        Named.ROLES.put(tx, scope, name, row.with(policies));
      }
    }
  }

  /** Changes what one of them holds; the same policies given back mean that nothing changes. */
  private void change(Kind kind, String name, BiFunction<View, Policies, Policies> change) {
    Scope scope = Caller.current().globalScope();
    context
        .store()
        .write(
            tx -> {
              Policies policies = of(tx, scope, kind, name);
              Policies changed = change.apply(tx, policies);
              if (changed != policies) {
                put(tx, scope, kind, name, changed);
              }
              return null;
            });
  }

  // ---- inline

  void putInline(Kind kind, String name, String policyName, String document) {
    Names.check("policyName", policyName, 128);
    Documents.check(document, PolicyKind.INLINE);
    change(
        kind,
        name,
        (_, policies) -> {
          Map<String, String> inline = new TreeMap<>(policies.inline());
          inline.put(policyName, document);
          int size = inline.values().stream().mapToInt(PolicyDocument::sizeWithoutWhiteSpace).sum();
          if (size > kind.inlineBytes) {
            throw Errors.limit(
                "Maximum policy size of "
                    + kind.inlineBytes
                    + " bytes exceeded for "
                    + kind.word
                    + " "
                    + name);
          }
          return new Policies(inline, policies.attached());
        });
  }

  String inline(Kind kind, String name, String policyName) {
    Scope scope = Caller.current().globalScope();
    String document = of(context.store().snapshot(), scope, kind, name).inline().get(policyName);
    if (document == null) {
      throw Errors.noNamed(kind.word + " policy", policyName);
    }
    return document;
  }

  void deleteInline(Kind kind, String name, String policyName) {
    change(
        kind,
        name,
        (_, policies) -> {
          Map<String, String> inline = new TreeMap<>(policies.inline());
          if (inline.remove(policyName) == null) {
            throw Errors.noNamed(kind.word + " policy", policyName);
          }
          return new Policies(inline, policies.attached());
        });
  }

  List<String> inlineNames(Kind kind, String name) {
    Scope scope = Caller.current().globalScope();
    return List.copyOf(
        new TreeMap<>(of(context.store().snapshot(), scope, kind, name).inline()).keySet());
  }

  // ---- attached

  void attach(Kind kind, String name, String policyArn) {
    Scope scope = Caller.current().globalScope();
    change(
        kind,
        name,
        (view, policies) -> {
          managed.requireAttachable(view, scope, policyArn);
          if (policyArn.startsWith("arn:aws:iam::aws:policy/aws-service-role/")) {
            throw PolicyNotAttachableException.builder()
                .message("Cannot attach a Service Role Policy to a Customer Role.")
                .build();
          }
          if (policies.attached().contains(policyArn)) {
            return policies;
          }
          if (policies.attached().size() >= MAX_ATTACHED) {
            throw Errors.limit("Cannot exceed quota for " + kind.quota + ": " + MAX_ATTACHED);
          }
          List<String> attached = new ArrayList<>(policies.attached());
          attached.add(policyArn);
          return new Policies(policies.inline(), attached);
        });
  }

  void detach(Kind kind, String name, String policyArn) {
    change(
        kind,
        name,
        (_, policies) -> {
          List<String> attached = new ArrayList<>(policies.attached());
          if (!attached.remove(policyArn)) {
            throw Errors.none("Policy " + policyArn + " was not found.");
          }
          return new Policies(policies.inline(), attached);
        });
  }

  List<AttachedPolicy> attached(Kind kind, String name, String pathPrefix) {
    Scope scope = Caller.current().globalScope();
    return of(context.store().snapshot(), scope, kind, name).attached().stream()
        .filter(
            arn ->
                arn.substring(arn.indexOf(":policy") + ":policy".length()).startsWith(pathPrefix))
        .map(Holders::attachedPolicy)
        .toList();
  }

  static AttachedPolicy attachedPolicy(String arn) {
    return AttachedPolicy.builder()
        .policyArn(arn)
        .policyName(arn.substring(arn.lastIndexOf('/') + 1))
        .build();
  }

  /** Refuses to delete what still holds something. */
  static void checkEmpty(Policies policies) {
    if (!policies.attached().isEmpty()) {
      throw Errors.conflict("Cannot delete entity, must detach all policies first.");
    }
    if (!policies.inline().isEmpty()) {
      throw Errors.conflict("Cannot delete entity, must delete policies first.");
    }
  }
}
