/** The node's twin under virtual time: the same machine, no Docker. */
@NullMarked
package gantry.node.sim;

import org.jspecify.annotations.NullMarked;
