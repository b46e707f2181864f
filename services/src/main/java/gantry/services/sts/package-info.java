/** STS: who the caller is, and credentials that end. */
@NullMarked
package gantry.services.sts;

import org.jspecify.annotations.NullMarked;
