/** This machine as a node: Docker, VPCs, load balancers and DNS connected to the tables. */
@NullMarked
package gantry.app.machine;

import org.jspecify.annotations.NullMarked;
