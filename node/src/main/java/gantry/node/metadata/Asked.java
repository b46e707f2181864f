package gantry.node.metadata;

import java.util.Map;

/**
 * A question of a container; header names in lower case.
 *
 * @param from the address that asks
 */
public record Asked(
    String method, String path, Map<String, String> headers, String body, String from) {}
