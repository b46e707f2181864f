/** What the node does to Docker: small effects, each of which may be tried again. */
@NullMarked
package gantry.node.docker;

import org.jspecify.annotations.NullMarked;
