/** Simulated clusters on virtual time, faults from a seed, and the macro benchmarks. */
@NullMarked
package gantry.sim;

import org.jspecify.annotations.NullMarked;
