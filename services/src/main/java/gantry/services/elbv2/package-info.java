/**
 * Elastic Load Balancing: application and network load balancers, their rules, targets and plan.
 */
@NullMarked
package gantry.services.elbv2;

import org.jspecify.annotations.NullMarked;
