/** Certificate Manager: certificates that were imported, or issued by an authority of our own. */
@NullMarked
package gantry.services.acm;

import org.jspecify.annotations.NullMarked;
