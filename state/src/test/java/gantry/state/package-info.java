/** Tests of the state module. */
@NullMarked
package gantry.state;

import org.jspecify.annotations.NullMarked;
