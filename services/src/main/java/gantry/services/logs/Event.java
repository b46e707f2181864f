package gantry.services.logs;

/**
 * One event as it is kept.
 *
 * @param sequence its number within the group, in the order of arrival
 * @param stream the number of its stream
 */
record Event(long timestamp, long ingested, long sequence, long stream, String message) {

  Position position() {
    return new Position(timestamp, sequence);
  }
}
