@NullMarked
package gantry.e2e;

import org.jspecify.annotations.NullMarked;
