/** One codec per AWS protocol, over shapes: request bytes in, answer bytes out. */
@NullMarked
package gantry.wire.protocol;

import org.jspecify.annotations.NullMarked;
