/**
 * Amazon Route 53: hosted zones, their records, health checks. The DNS server answers from these
 * tables.
 */
@NullMarked
package gantry.services.route53;

import org.jspecify.annotations.NullMarked;
