/**
 * AWS Signature Version 4: verifying what clients sign (headers, presigned queries, chunked
 * bodies), and signing our own calls.
 */
@NullMarked
package gantry.wire.sigv4;

import org.jspecify.annotations.NullMarked;
