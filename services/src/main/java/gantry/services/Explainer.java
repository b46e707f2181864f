package gantry.services;

import java.util.List;

/**
 * Tells why something is as it is, for {@code gantry why}: the deciding facts, from those who
 * decided, never from a second opinion.
 */
@FunctionalInterface
public interface Explainer {

  Explainer NONE = about -> List.of();

  /**
   * One tree for each thing that goes by that name; none when nothing of this service does.
   *
   * @param about an ARN, an id or a name, as a person has it at hand
   */
  List<Reason> why(String about);
}
