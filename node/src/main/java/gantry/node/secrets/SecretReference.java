package gantry.node.secrets;

import org.jspecify.annotations.Nullable;

/**
 * What stands in {@code valueFrom}: a parameter's name or ARN, or a secret's ARN with {@code
 * :json-key:version-stage:version-id} behind it, all of them optional.
 */
public sealed interface SecretReference {

  /** The region of the resource; null to use the task's own. */
  @Nullable String region();

  record Parameter(String name, @Nullable String region) implements SecretReference {}

  record Secret(
      String id,
      @Nullable String region,
      @Nullable String jsonKey,
      @Nullable String versionStage,
      @Nullable String versionId)
      implements SecretReference {}

  static SecretReference parse(String valueFrom) {
    if (!valueFrom.startsWith("arn:")) {
      return new Parameter(valueFrom, null);
    }
    String[] parts = valueFrom.split(":", -1);
    if (parts.length < 6) {
      throw new IllegalArgumentException("not an ARN: " + valueFrom);
    }
    String region = empty(parts[3]);
    return switch (parts[2]) {
      // The whole ARN is a valid name for GetParameters, and keeps a leading slash apart.
      case "ssm" -> new Parameter(valueFrom, region);
      case "secretsmanager" -> {
        if (parts.length < 7) {
          throw new IllegalArgumentException("not the ARN of a secret: " + valueFrom);
        }
        String id = String.join(":", java.util.Arrays.copyOf(parts, 7));
        yield new Secret(id, region, part(parts, 7), part(parts, 8), part(parts, 9));
      }
      default ->
          throw new IllegalArgumentException(
              "neither a Systems Manager parameter nor a Secrets Manager secret: " + valueFrom);
    };
  }

  private static @Nullable String part(String[] parts, int index) {
    return index < parts.length ? empty(parts[index]) : null;
  }

  private static @Nullable String empty(String text) {
    return text.isEmpty() ? null : text;
  }
}
