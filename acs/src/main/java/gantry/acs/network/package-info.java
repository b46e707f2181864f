/**
 * The networks a node has to build, with nothing left to decide: immutable records and the
 * arithmetic of addresses.
 */
@NullMarked
package gantry.acs.network;

import org.jspecify.annotations.NullMarked;
