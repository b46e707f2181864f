package gantry.services.ecs.controller;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the planner waits for, in its own words.
 *
 * @param noPlace reasons of refusal with the number of instances each; null when there is a place
 */
public record Explanation(List<String> waiting, @Nullable Map<String, Integer> noPlace) {}
