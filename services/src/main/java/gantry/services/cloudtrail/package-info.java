/** CloudTrail: who called what, when, and how it ended. */
@NullMarked
package gantry.services.cloudtrail;

import org.jspecify.annotations.NullMarked;
