/**
 * The AWS protocols, in both directions: bytes to the SDK's request and response objects and back.
 */
@NullMarked
package gantry.wire;

import org.jspecify.annotations.NullMarked;
