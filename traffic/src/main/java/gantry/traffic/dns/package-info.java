/**
 * The DNS server that containers ask: a view for each VPC, answers made from an immutable table,
 * everything else forwarded to the host's own resolvers. It knows nothing of AWS's APIs.
 */
@NullMarked
package gantry.traffic.dns;

import org.jspecify.annotations.NullMarked;
