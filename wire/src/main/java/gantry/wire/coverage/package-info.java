/**
 * What our code acts on, found in its bytecode: which members of requests any of it ever reads, and
 * which operations it implements. Nobody keeps a list.
 */
@NullMarked
package gantry.wire.coverage;

import org.jspecify.annotations.NullMarked;
