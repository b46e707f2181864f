/** What to do next for a task: pure functions of what is wanted and what is seen. */
@NullMarked
package gantry.node.task;

import org.jspecify.annotations.NullMarked;
