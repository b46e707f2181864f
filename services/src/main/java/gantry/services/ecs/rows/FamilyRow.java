package gantry.services.ecs.rows;

/** A family name remains for ever, and so does its last revision number. */
public record FamilyRow(String family, int lastRevision) {}
