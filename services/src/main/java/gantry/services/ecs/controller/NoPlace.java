package gantry.services.ecs.controller;

import gantry.services.ecs.placement.Demand;
import gantry.services.ecs.placement.Lack;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Why a task finds no place.
 *
 * @param demand what it takes of an instance
 * @param zone the one zone it is to run in; null for any
 * @param lacks every instance that was looked at, with what it lacks
 */
public record NoPlace(Demand demand, @Nullable String zone, List<Lack> lacks) {}
