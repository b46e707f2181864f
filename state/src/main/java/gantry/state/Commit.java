package gantry.state;

import java.time.Instant;
import java.util.List;

/** One durable write, as the feed tells of it. */
public record Commit(long revision, Instant at, List<Change<?>> changes) {}
