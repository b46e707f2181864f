/** Measures the node against plain {@code docker run} on the same machine. */
@NullMarked
package gantry.node.bench;

import org.jspecify.annotations.NullMarked;
