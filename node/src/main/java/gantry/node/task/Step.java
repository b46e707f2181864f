package gantry.node.task;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The one next thing to do for a task. */
public sealed interface Step {

  /** Begin to get a container's image and secrets; goes on beside everything else. */
  record Prepare(String container) implements Step {}

  /** Make and start the pause container. */
  record StartPause() implements Step {}

  /** Give the pause container the task's network interface. */
  record AttachNetwork() implements Step {}

  record Create(String container) implements Step {}

  record Start(String container) implements Step {}

  /** Start a container again that ended, as its restart policy asks. */
  record Restart(String container) implements Step {}

  /** The task cannot go on: remember why, once; from then on it is being stopped. */
  record Fail(@Nullable String container, String reason) implements Step {}

  /** Send the stop signal. */
  record Signal(String container) implements Step {}

  record Kill(String container) implements Step {}

  /** Remove the pause container and what it held. */
  record ReleaseNetwork() implements Step {}

  /** Everything stands still: the task is stopped and can be reported so. */
  record Stopped() implements Step {}

  /** Remove containers, volumes and limits. */
  record CleanUp() implements Step {}

  /**
   * Nothing to do now.
   *
   * @param why in words, for people
   * @param until when to look again though nothing happened; null for never
   */
  record Wait(String why, @Nullable Instant until) implements Step {}
}
