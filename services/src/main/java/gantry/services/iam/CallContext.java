package gantry.services.iam;

import gantry.services.Caller;
import gantry.services.iam.policy.Context;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The condition keys that a request itself has: its tags, those of its resource, and the service's
 * keys, which are named as the request's members are ({@code ecs:task-definition}, {@code
 * secretsmanager:SecretId}, {@code kms:EncryptionContext:name} of a map and {@code
 * kms:EncryptionContextKeys}).
 */
final class CallContext implements Context {

  private static final String REQUEST_TAG = "aws:requesttag/";
  private static final String RESOURCE_TAG = "resourcetag/";

  private final String service;
  private final Caller caller;
  private final Members members;
  private final Supplier<Map<String, String>> resourceTags;

  CallContext(
      String service, Caller caller, Members members, Supplier<Map<String, String>> resourceTags) {
    this.service = service;
    this.caller = caller;
    this.members = members;
    this.resourceTags = resourceTags;
  }

  @Override
  public @Nullable List<String> values(String key) {
    if (key.startsWith(REQUEST_TAG)) {
      return tag(members.tags(), key.substring(REQUEST_TAG.length()));
    }
    if (key.equals("aws:tagkeys")) {
      List<String> keys = members.tagKeys();
      return keys.isEmpty() ? null : keys;
    }
    int colon = key.indexOf(':');
    if (colon < 0) {
      return null;
    }
    String name = key.substring(colon + 1);
    String owner = key.substring(0, colon);
    if (name.startsWith(RESOURCE_TAG) && (owner.equals("aws") || owner.equals(service))) {
      return tag(resourceTags.get(), name.substring(RESOURCE_TAG.length()));
    }
    if (!owner.equals(service)) {
      return null;
    }
    int of = name.indexOf(':');
    if (of > 0) {
      return tag(members.map(name.substring(0, of)), name.substring(of + 1));
    }
    List<String> texts = members.texts(name);
    if (texts.isEmpty() && name.endsWith("keys")) {
      texts = List.copyOf(members.map(name.substring(0, name.length() - 4)).keySet());
    }
    return texts.isEmpty()
        ? null
        : texts.stream()
            .map(
                text ->
                    ResourceRules.shown(service, ResourceRules.plain(name), text, caller, members))
            .toList();
  }

  private static @Nullable List<String> tag(Map<String, String> tags, String lowerCaseKey) {
    for (Map.Entry<String, String> tag : tags.entrySet()) {
      if (tag.getKey().toLowerCase(Locale.ROOT).equals(lowerCaseKey)) {
        return List.of(tag.getValue());
      }
    }
    return null;
  }
}
