/** What the control plane and a node say to each other, in the shape of Amazon's agent protocol. */
@NullMarked
package gantry.acs;

import org.jspecify.annotations.NullMarked;
