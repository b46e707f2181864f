/** Benchmarks that need the whole program, each beside a peer in the same run. */
@NullMarked
package gantry.app.bench;

import org.jspecify.annotations.NullMarked;
