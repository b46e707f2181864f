/** The load balancers' data plane: application and network balancers on event loops. */
@NullMarked
package gantry.traffic.lb;

import org.jspecify.annotations.NullMarked;
