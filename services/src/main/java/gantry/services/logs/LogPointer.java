package gantry.services.logs;

import gantry.state.PageToken;
import org.jspecify.annotations.Nullable;

/**
 * Where one event stands, as the results of a query say it in {@code @ptr}.
 *
 * @param group the group's name
 */
record LogPointer(String group, Position position) {

  private static final String LISTING = "@ptr";

  String text() {
    return PageToken.of(LISTING, position.id() + group);
  }

  /** Null for what {@link #text} never made. */
  static @Nullable LogPointer parse(String text) {
    try {
      String id = PageToken.lastId(LISTING, text);
      if (id.length() <= Position.DIGITS_OF_ID) {
        return null;
      }
      Position position = Position.parse(id.substring(0, Position.DIGITS_OF_ID));
      return position == null
          ? null
          : new LogPointer(id.substring(Position.DIGITS_OF_ID), position);
    } catch (PageToken.Invalid e) {
      return null;
    }
  }
}
