package gantry.services.iam.policy;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import gantry.services.iam.policy.Statement.Position;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The grammar of policy documents: what is written, with its places, before any of it is judged but
 * for principals, which AWS judges as it reads them.
 */
final class PolicyGrammar {

  /** Deeper than any policy; a limit only so that hostile input costs nothing. */
  private static final int MAX_DEPTH = 10;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
          .build();

  private final String text;
  private final PolicyKind kind;

  PolicyGrammar(String text, PolicyKind kind) {
    this.text = text;
    this.kind = kind;
  }

  /** A document as written. */
  record Written(@Nullable String version, @Nullable String id, List<Raw> statements) {}

  /** A statement as written, before anything in it is checked. */
  static final class Raw {
    final String place;
    Position start = new Position(1, 1);
    Position end = new Position(1, 1);
    @Nullable String sid;
    @Nullable String effect;
    @Nullable Principals principals;
    boolean notPrincipals;
    @Nullable List<String> actions;
    boolean notActions;
    @Nullable List<String> resources;
    boolean notResources;
    final Map<String, Map<String, List<String>>> conditions = new LinkedHashMap<>();

    Raw(int number) {
      this.place = "Statement[" + number + "]";
    }
  }

  Written read() throws MalformedPolicy {
    String version = null;
    String id = null;
    List<Raw> raws = List.of();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c != '\t' && c != '\n' && c != '\r' && (c < ' ' || c > '\u00FF')) {
        throw grammar("character " + (i + 1));
      }
    }
    try (JsonParser json = JSON.createParser(text)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw grammar(place("document", json));
      }
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        json.nextToken();
        switch (name) {
          case "Version" -> version = string(json, name);
          case "Id" -> id = string(json, name);
          case "Statement" -> raws = statements(json);
          default -> throw grammar(place(name, json));
        }
      }
      if (json.nextToken() != null) {
        throw grammar(place("text after the document", json));
      }
    } catch (JsonProcessingException e) {
      JsonLocation at = e.getLocation();
      throw notJson(
          at == null ? "document" : "line " + at.getLineNr() + ", column " + at.getColumnNr());
    } catch (IOException impossible) {
      throw new IllegalStateException("a string failed to be read", impossible);
    }
    return new Written(version, id, raws);
  }

  private List<Raw> statements(JsonParser json) throws IOException, MalformedPolicy {
    List<Raw> all = new ArrayList<>();
    if (json.currentToken() == JsonToken.START_OBJECT) {
      all.add(statement(json, 0));
    } else if (json.currentToken() == JsonToken.START_ARRAY) {
      while (json.nextToken() != JsonToken.END_ARRAY) {
        if (json.currentToken() != JsonToken.START_OBJECT) {
          throw grammar(place("Statement[" + all.size() + "]", json));
        }
        all.add(statement(json, all.size()));
      }
    } else {
      throw grammar(place("Statement", json));
    }
    return all;
  }

  private Raw statement(JsonParser json, int number) throws IOException, MalformedPolicy {
    Raw raw = new Raw(number);
    raw.start = position(json.currentTokenLocation());
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      String place = raw.place + "." + name;
      json.nextToken();
      switch (name) {
        case "Sid" -> raw.sid = string(json, place);
        case "Effect" -> raw.effect = string(json, place);
        case "Principal", "NotPrincipal" -> {
          if (raw.principals != null) {
            throw grammar(place(place, json));
          }
          raw.notPrincipals = name.startsWith("Not");
          raw.principals = principals(json, place);
        }
        case "Action", "NotAction" -> {
          if (raw.actions != null) {
            throw grammar(place(place, json));
          }
          raw.notActions = name.startsWith("Not");
          raw.actions = strings(json, place, false);
        }
        case "Resource", "NotResource" -> {
          if (raw.resources != null) {
            throw grammar(place(place, json));
          }
          raw.notResources = name.startsWith("Not");
          raw.resources = strings(json, place, false);
        }
        case "Condition" -> conditions(json, place, raw.conditions);
        default -> throw grammar(place(place, json));
      }
    }
    raw.end = position(json.currentLocation());
    return raw;
  }

  private Principals principals(JsonParser json, String place) throws IOException, MalformedPolicy {
    if (json.currentToken() == JsonToken.VALUE_STRING) {
      if (json.getText().equals("*")) {
        return new Principals(true, Set.of(), Set.of(), Set.of(), Set.of());
      }
      throw invalidPrincipal("AWS", json.getText(), place);
    }
    if (json.currentToken() != JsonToken.START_OBJECT) {
      throw grammar(place(place, json));
    }
    boolean anyone = false;
    Map<String, Set<String>> named = new LinkedHashMap<>();
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String type = json.currentName();
      json.nextToken();
      if (!Set.of("AWS", "Service", "Federated", "CanonicalUser").contains(type)) {
        throw grammar(place(place + "." + type, json));
      }
      Set<String> values = new LinkedHashSet<>(strings(json, place + "." + type, false));
      if (type.equals("AWS")) {
        anyone = values.remove("*");
        for (String value : values) {
          checkAwsPrincipal(value, place);
        }
      }
      if (type.equals("Service")) {
        for (String value : values) {
          if (value.contains("*") || !value.contains(".")) {
            throw invalidPrincipal("SERVICE", value, place);
          }
        }
      }
      named.put(type, Set.copyOf(values));
    }
    return new Principals(
        anyone,
        named.getOrDefault("AWS", Set.of()),
        named.getOrDefault("Service", Set.of()),
        named.getOrDefault("Federated", Set.of()),
        named.getOrDefault("CanonicalUser", Set.of()));
  }

  /**
   * An account, an ARN of IAM or STS, or the id that a deleted principal left behind. No wildcards
   * inside.
   */
  private void checkAwsPrincipal(String value, String place) throws MalformedPolicy {
    boolean account = value.length() == 12 && value.chars().allMatch(Character::isDigit);
    boolean id = value.matches("A(IDA|ROA)[A-Z0-9]{12,}");
    boolean arn =
        value.matches(
            "arn:aws[a-z-]*:(iam::\\d{12}:(root|user/.+|role/.+)|sts::\\d{12}:(assumed-role/[^/]+/.+|federated-user/.+))");
    if (!(account || id || arn) || value.contains("*")) {
      throw invalidPrincipal("AWS", value, place);
    }
  }

  private MalformedPolicy invalidPrincipal(String type, String value, String place) {
    return new MalformedPolicy(
        "Invalid principal in policy: \"" + type + "\":\"" + value + "\"", place);
  }

  private void conditions(
      JsonParser json, String place, Map<String, Map<String, List<String>>> into)
      throws IOException, MalformedPolicy {
    if (json.currentToken() != JsonToken.START_OBJECT) {
      throw grammar(place(place, json));
    }
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String operator = json.currentName();
      json.nextToken();
      if (json.currentToken() != JsonToken.START_OBJECT) {
        throw grammar(place(place + "." + operator, json));
      }
      Map<String, List<String>> keys = new LinkedHashMap<>();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String key = json.currentName();
        json.nextToken();
        keys.put(key, strings(json, place + "." + operator + "." + key, true));
      }
      into.put(operator, keys);
    }
  }

  private String string(JsonParser json, String place) throws IOException, MalformedPolicy {
    if (json.currentToken() != JsonToken.VALUE_STRING) {
      throw grammar(place(place, json));
    }
    return json.getText();
  }

  /** One value or a list of them; conditions also take numbers and booleans. */
  private List<String> strings(JsonParser json, String place, boolean scalars)
      throws IOException, MalformedPolicy {
    List<String> all = new ArrayList<>();
    if (json.currentToken() != JsonToken.START_ARRAY) {
      all.add(scalar(json, place, scalars));
      return all;
    }
    while (json.nextToken() != JsonToken.END_ARRAY) {
      all.add(scalar(json, place + "[" + all.size() + "]", scalars));
    }
    return all;
  }

  private String scalar(JsonParser json, String place, boolean scalars)
      throws IOException, MalformedPolicy {
    JsonToken token = json.currentToken();
    boolean fits =
        token == JsonToken.VALUE_STRING
            || (scalars
                && (token.isNumeric()
                    || token == JsonToken.VALUE_TRUE
                    || token == JsonToken.VALUE_FALSE));
    if (!fits) {
      throw grammar(place(place, json));
    }
    return json.getText();
  }

  private MalformedPolicy notJson(String place) {
    return new MalformedPolicy(
        kind == PolicyKind.TRUST ? "This policy contains invalid Json" : "Syntax errors in policy.",
        place);
  }

  private MalformedPolicy grammar(String place) {
    return new MalformedPolicy(
        kind == PolicyKind.TRUST ? "Syntax error in policy." : "Syntax errors in policy.", place);
  }

  private static String place(String what, JsonParser json) {
    JsonLocation at = json.currentTokenLocation();
    return what + " at line " + at.getLineNr() + ", column " + at.getColumnNr();
  }

  private static Position position(JsonLocation at) {
    return new Position(at.getLineNr(), at.getColumnNr());
  }
}
