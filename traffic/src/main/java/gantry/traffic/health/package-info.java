/** Asks endpoints on the network whether they are well, for records that follow their health. */
@NullMarked
package gantry.traffic.health;

import org.jspecify.annotations.NullMarked;
