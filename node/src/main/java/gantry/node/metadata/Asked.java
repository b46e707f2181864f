package gantry.node.metadata;

import java.util.Map;

/** A question of a container; header names in lower case. */
public record Asked(String method, String path, Map<String, String> headers, String body) {}
