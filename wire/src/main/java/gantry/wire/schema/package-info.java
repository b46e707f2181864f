/**
 * What the codecs know of a shape: its members, where each stands on the wire, how to read and
 * write it. Made from the SDK's field descriptions, once per class.
 */
@NullMarked
package gantry.wire.schema;

import org.jspecify.annotations.NullMarked;
