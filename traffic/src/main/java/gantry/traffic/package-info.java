/**
 * The data planes: they move users' bytes from an immutable routing table and know nothing of AWS's
 * APIs.
 */
@NullMarked
package gantry.traffic;

import org.jspecify.annotations.NullMarked;
