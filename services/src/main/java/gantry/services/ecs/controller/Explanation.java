package gantry.services.ecs.controller;

import java.util.List;

/**
 * What the planner waits for, in its own words.
 *
 * @param noPlace for each kind of task that it wants to start and cannot: why
 */
public record Explanation(List<String> waiting, List<NoPlace> noPlace) {}
