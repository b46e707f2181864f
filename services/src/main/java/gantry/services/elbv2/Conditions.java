package gantry.services.elbv2;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.QueryStringKeyValuePair;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RuleCondition;

/** Checks the conditions of a rule and writes them out as the API says them back. */
final class Conditions {

  private static final int MAX_VALUES = 5;
  private static final int MAX_WILDCARDS = 5;
  private static final int MAX_LENGTH = 128;
  private static final String PATH = "[A-Za-z0-9_\\-.$/~\"'@:+&*?%=,;!()\\[\\]|^{}<>#\\\\]*";
  private static final Set<String> ONCE =
      Set.of("path-pattern", "host-header", "http-request-method", "source-ip");
  private static final Set<String> REGEX = Set.of("path-pattern", "host-header", "http-header");

  private Conditions() {}

  static List<RuleCondition> normal(List<RuleCondition> given) {
    if (given.isEmpty()) {
      throw Errors.validation("A condition must be specified");
    }
    List<RuleCondition> out = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    int values = 0;
    int wildcards = 0;
    for (RuleCondition condition : given) {
      String field = condition.field();
      if (field == null || field.isEmpty()) {
        throw Errors.validation("A condition field must be specified");
      }
      if (!condition.regexValues().isEmpty() && !REGEX.contains(field)) {
        throw Errors.validation("The 'RegexValues' field is not compatible with '" + field + "'");
      }
      RuleCondition normal = one(field, condition);
      if (ONCE.contains(field) && !seen.add(field)) {
        throw Errors.configuration("A rule can only have one '" + field + "' condition");
      }
      List<String> texts = texts(normal);
      values += texts.size();
      if (!field.equals("source-ip") && normal.regexValues().isEmpty()) {
        wildcards +=
            (int)
                texts.stream()
                    .flatMapToInt(String::chars)
                    .filter(c -> c == '*' || c == '?')
                    .count();
      }
      out.add(normal);
    }
    if (values > MAX_VALUES) {
      throw Errors.validation("A rule can only have '" + MAX_VALUES + "' condition values");
    }
    if (wildcards > MAX_WILDCARDS) {
      throw Errors.validation("A rule can only have '" + MAX_WILDCARDS + "' condition wildcards");
    }
    return out;
  }

  private static RuleCondition one(String field, RuleCondition c) {
    return switch (field) {
      case "path-pattern" -> {
        var config = c.pathPatternConfig();
        List<String> regexes =
            config == null
                ? regexes(field, c, List.of(), List.of())
                : regexes(field, c, config.values(), config.regexValues());
        if (!regexes.isEmpty()) {
          yield RuleCondition.builder()
              .field(field)
              .regexValues(regexes)
              .pathPatternConfig(b -> b.regexValues(regexes))
              .build();
        }
        List<String> values =
            either(field, "PathPatternConfig", c, config == null ? null : config.values());
        for (String value : values) {
          if (!value.matches(PATH)) {
            throw Errors.validation("The path pattern '" + value + "' contains invalid characters");
          }
        }
        yield RuleCondition.builder()
            .field(field)
            .values(values)
            .pathPatternConfig(b -> b.values(values))
            .build();
      }
      case "host-header" -> {
        var config = c.hostHeaderConfig();
        List<String> regexes =
            config == null
                ? regexes(field, c, List.of(), List.of())
                : regexes(field, c, config.values(), config.regexValues());
        if (!regexes.isEmpty()) {
          yield RuleCondition.builder()
              .field(field)
              .regexValues(regexes)
              .hostHeaderConfig(b -> b.regexValues(regexes))
              .build();
        }
        List<String> values =
            either(field, "HostHeaderConfig", c, config == null ? null : config.values());
        for (String value : values) {
          checkHost(value);
        }
        yield RuleCondition.builder()
            .field(field)
            .values(values)
            .hostHeaderConfig(b -> b.values(values))
            .build();
      }
      case "http-header" -> {
        noValues(field, c);
        var config = c.httpHeaderConfig();
        if (config == null) {
          throw missing("HttpHeaderConfig", field);
        }
        String name = config.httpHeaderName();
        if (name == null || name.isEmpty() || name.length() > 40) {
          throw Errors.validation("The HTTP header name must be between 1 and 40 characters long");
        }
        if (name.equalsIgnoreCase("host") || !name.matches("[!#$%&'+\\-.^_`|~A-Za-z0-9]+")) {
          throw Errors.validation("The HTTP header name '" + name + "' is not valid");
        }
        List<String> regexes = regexes(field, c, config.values(), config.regexValues());
        if (!regexes.isEmpty()) {
          yield RuleCondition.builder()
              .field(field)
              .regexValues(regexes)
              .httpHeaderConfig(b -> b.httpHeaderName(name).regexValues(regexes))
              .build();
        }
        check(field, config.values());
        yield RuleCondition.builder().field(field).httpHeaderConfig(config).build();
      }
      case "http-request-method" -> {
        noValues(field, c);
        var config = c.httpRequestMethodConfig();
        if (config == null) {
          throw missing("HttpRequestMethodConfig", field);
        }
        check(field, config.values());
        for (String value : config.values()) {
          if (!value.matches("[A-Z_-]{1,40}")) {
            throw Errors.validation("The HTTP request method '" + value + "' is not valid");
          }
        }
        yield RuleCondition.builder().field(field).httpRequestMethodConfig(config).build();
      }
      case "query-string" -> {
        noValues(field, c);
        var config = c.queryStringConfig();
        if (config == null) {
          throw missing("QueryStringConfig", field);
        }
        check(field, config.values().stream().map(QueryStringKeyValuePair::value).toList());
        for (QueryStringKeyValuePair pair : config.values()) {
          if (pair.key() != null && pair.key().length() > MAX_LENGTH) {
            throw tooLong(field);
          }
        }
        yield RuleCondition.builder().field(field).queryStringConfig(config).build();
      }
      case "source-ip" -> {
        noValues(field, c);
        var config = c.sourceIpConfig();
        if (config == null) {
          throw missing("SourceIpConfig", field);
        }
        check(field, config.values());
        for (String value : config.values()) {
          if (!Addresses.isCidr(value) || value.equals("255.255.255.255/32")) {
            throw Errors.validation("The source IP '" + value + "' is not a valid CIDR block");
          }
        }
        yield RuleCondition.builder().field(field).sourceIpConfig(config).build();
      }
      default ->
          throw Errors.validation(
              "Condition field '"
                  + field
                  + "' must be one of '[path-pattern,host-header,http-header,"
                  + "http-request-method,query-string,source-ip]'");
    };
  }

  /** No port and no underscore; a name of one label, or one that ends in a number, is no host. */
  private static void checkHost(String value) {
    if (!value.matches("[A-Za-z0-9\\-.*?]+")) {
      throw Errors.validation("The host header '" + value + "' contains invalid characters");
    }
    if (!value.matches(".*\\.[A-Za-z*?-]+")) {
      throw Errors.validation(
          "The host header '"
              + value
              + "' must contain at least one '.', and only letters after the last one");
    }
  }

  private static List<String> either(
      String field, String config, RuleCondition c, @Nullable List<String> configured) {
    boolean direct = c.hasValues() && !c.values().isEmpty();
    List<String> inConfig = configured == null ? List.of() : configured;
    boolean nested = !inConfig.isEmpty();
    if (direct && nested) {
      throw Errors.validation(
          "You cannot provide both Values and '"
              + config
              + "' for a condition of type '"
              + field
              + "'");
    }
    List<String> values = nested ? inConfig : c.values();
    check(field, values);
    return values;
  }

  /** Those of a condition, wherever they stand; none where it has values of the other kind. */
  private static List<String> regexes(
      String field, RuleCondition c, List<String> values, List<String> configured) {
    if (!c.regexValues().isEmpty() && !configured.isEmpty()) {
      throw Errors.validation(
          "You cannot provide 'RegexValues' twice for a condition of type '" + field + "'");
    }
    List<String> regexes = configured.isEmpty() ? c.regexValues() : configured;
    if (regexes.isEmpty()) {
      return regexes;
    }
    if (!c.values().isEmpty() || !values.isEmpty()) {
      throw Errors.validation(
          "You cannot provide both Values and RegexValues for a condition of type '" + field + "'");
    }
    check(field, regexes);
    regexes.forEach(Regexes::check);
    return regexes;
  }

  private static void check(String field, List<String> values) {
    if (values.isEmpty()) {
      throw Errors.validation("A condition value must be specified");
    }
    if (values.size() > MAX_VALUES) {
      throw Errors.validation(
          "The '" + field + "' field contains too many values; the limit is '" + MAX_VALUES + "'");
    }
    for (String value : values) {
      if (value == null || value.isEmpty()) {
        throw Errors.validation("A condition value must be specified");
      }
      if (value.length() > MAX_LENGTH) {
        throw tooLong(field);
      }
    }
  }

  private static RuntimeException tooLong(String field) {
    return Errors.validation(
        "The '" + field + "' value is too long; the limit is '" + MAX_LENGTH + "'");
  }

  private static RuntimeException missing(String config, String field) {
    return Errors.validation("A '" + config + "' must be specified with '" + field + "'");
  }

  private static void noValues(String field, RuleCondition c) {
    if (c.hasValues() && !c.values().isEmpty()) {
      throw Errors.validation("The 'Values' field is not compatible with '" + field + "'");
    }
  }

  private static List<String> texts(RuleCondition c) {
    if (c.hasValues() && !c.values().isEmpty()) {
      return c.values();
    }
    if (!c.regexValues().isEmpty()) {
      return c.regexValues();
    }
    if (c.httpHeaderConfig() != null) {
      return c.httpHeaderConfig().values();
    }
    if (c.httpRequestMethodConfig() != null) {
      return c.httpRequestMethodConfig().values();
    }
    if (c.queryStringConfig() != null) {
      return c.queryStringConfig().values().stream()
          .map(pair -> (pair.key() == null ? "" : pair.key()) + pair.value())
          .toList();
    }
    return c.sourceIpConfig() == null ? List.of() : c.sourceIpConfig().values();
  }
}
