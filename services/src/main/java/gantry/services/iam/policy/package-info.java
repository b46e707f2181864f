/**
 * The policy engine, complete and on its own: documents parsed and compiled once, decisions from
 * values only. Nothing in here knows a store, a service or a clock.
 */
@NullMarked
package gantry.services.iam.policy;

import org.jspecify.annotations.NullMarked;
