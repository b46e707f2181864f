/** Joins Elastic Load Balancing's tables with the load balancers that move the bytes. */
@NullMarked
package gantry.app.balancer;

import org.jspecify.annotations.NullMarked;
