package gantry.services.ecs.placement;

/**
 * One instance that cannot take a task.
 *
 * @param words what is wanted of it and what it has
 */
public record Lack(String instance, Refusal refusal, String words) {}
