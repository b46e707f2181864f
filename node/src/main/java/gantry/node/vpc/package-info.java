/**
 * VPCs in the kernel: router namespaces, interfaces, routes and nftables made from a network plan.
 */
@NullMarked
package gantry.node.vpc;

import org.jspecify.annotations.NullMarked;
