package gantry.state;

/** A row with its key. */
public record Row<V>(Key key, V value) {}
