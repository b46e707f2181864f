package gantry.state;

import org.jspecify.annotations.Nullable;

/**
 * What one commit did to one row: {@code before} is null for a new row, {@code after} for a deleted
 * one.
 */
public record Change<V>(Table<V> table, Key key, @Nullable V before, @Nullable V after) {}
