package gantry.services.iam;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import gantry.services.iam.Tables.PolicyRow;
import gantry.services.iam.Tables.VersionRow;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.iam.model.Policy;

/**
 * AWS's own policies that containers and their people need: {@code aws-managed.json} beside this
 * class, path and name to version and statements. Read when first asked for.
 */
final class AwsManaged {

  private static final Instant SINCE = Instant.parse("2015-02-06T18:39:48Z");

  private AwsManaged() {}

  private static final class Catalogue {
    static final Map<String, PolicyRow> BY_ARN = read();

    private static Map<String, PolicyRow> read() {
      Map<String, PolicyRow> all = new TreeMap<>();
      JsonFactory json = new JsonFactory();
      try (InputStream in = AwsManaged.class.getResourceAsStream("aws-managed.json");
          JsonParser parser = json.createParser(in)) {
        parser.nextToken();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          String pathAndName = parser.currentName();
          parser.nextToken(); // [
          int version = parser.nextIntValue(1);
          parser.nextToken(); // [ of statements
          var document = new StringWriter();
          document.append("{\"Version\":\"2012-10-17\",\"Statement\":");
          try (var generator = json.createGenerator(document)) {
            generator.copyCurrentStructure(parser);
          }
          document.append('}');
          parser.nextToken(); // ]
          all.put(
              "arn:aws:iam::aws:policy/" + pathAndName,
              row(pathAndName, version, document.toString()));
        }
      } catch (IOException e) {
        throw new UncheckedIOException("the catalogue of AWS's policies", e);
      }
      return all;
    }

    private static PolicyRow row(String pathAndName, int version, String document) {
      int slash = pathAndName.lastIndexOf('/');
      String name = pathAndName.substring(slash + 1);
      Policy policy =
          Policy.builder()
              .policyName(name)
              .policyId("ANPA" + code(name))
              .arn("arn:aws:iam::aws:policy/" + pathAndName)
              .path("/" + pathAndName.substring(0, slash + 1))
              .defaultVersionId("v" + version)
              .isAttachable(true)
              .createDate(SINCE)
              .updateDate(SINCE)
              .build();
      return new PolicyRow(
          policy, List.of(new VersionRow("v" + version, document, SINCE)), version + 1);
    }

    /** 17 letters that are always the same for a name. */
    private static String code(String name) {
      var text = new StringBuilder();
      long seed = name.hashCode() * 0x9E3779B97F4A7C15L;
      for (int i = 0; i < 17; i++) {
        seed = seed * 6364136223846793005L + 1442695040888963407L;
        text.append((char) ('A' + (int) ((seed >>> 33) % 26)));
      }
      return text.toString();
    }
  }

  static @Nullable PolicyRow find(String arn) {
    return arn.startsWith("arn:aws:iam::aws:policy/") ? Catalogue.BY_ARN.get(arn) : null;
  }

  /**
   * The text of one policy, without the rest of the catalogue: each stands on a line of its own.
   * The program asks for a few of them while it starts. Null where there is no such policy.
   */
  static @Nullable String text(String arn) {
    String begin = "\"" + arn.substring(arn.indexOf(":policy/") + 8) + "\":[";
    try (InputStream in = AwsManaged.class.getResourceAsStream("aws-managed.json");
        var lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith(begin)) {
          return "{\"Version\":\"2012-10-17\",\"Statement\":"
              + line.substring(line.indexOf(",[") + 1, line.lastIndexOf(']'))
              + "}";
        }
      }
      return null;
    } catch (IOException e) {
      throw new UncheckedIOException("the catalogue of AWS's policies", e);
    }
  }

  static Stream<PolicyRow> all() {
    return Catalogue.BY_ARN.values().stream();
  }
}
