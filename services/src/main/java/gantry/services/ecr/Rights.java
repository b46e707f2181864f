package gantry.services.ecr;

import org.jspecify.annotations.Nullable;

/**
 * What a caller may do besides what it asked for: some requests bring a repository or an image into
 * being, and AWS asks for that right only where they do.
 */
@FunctionalInterface
interface Rights {

  /** Why the caller may not do {@code action}, in words; null when it may. */
  @Nullable String refusal(String action);
}
