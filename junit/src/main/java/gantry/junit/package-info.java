/** A Gantry of their own for other people's JUnit tests. */
@NullMarked
package gantry.junit;

import org.jspecify.annotations.NullMarked;
