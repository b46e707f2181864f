package gantry.node.logs;

import java.time.Instant;

/**
 * One piece of output as Docker kept it.
 *
 * @param at Docker's own time of it: to the nanosecond, and growing within a container
 * @param ends whether the container ended the line here; a long line comes in several pieces
 */
public record LogLine(Instant at, String text, boolean ends) {}
