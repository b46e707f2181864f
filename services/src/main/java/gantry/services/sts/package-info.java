/** STS: who am I. */
@NullMarked
package gantry.services.sts;

import org.jspecify.annotations.NullMarked;
