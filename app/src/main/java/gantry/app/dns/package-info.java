/**
 * Between the tables and the DNS server: what each VPC sees, compiled anew when a record changes.
 */
@NullMarked
package gantry.app.dns;

import org.jspecify.annotations.NullMarked;
