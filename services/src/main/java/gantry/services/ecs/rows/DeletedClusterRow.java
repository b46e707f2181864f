package gantry.services.ecs.rows;

import java.time.Instant;

/** A cluster that is INACTIVE, until it is forgotten. */
public record DeletedClusterRow(Instant since) {}
