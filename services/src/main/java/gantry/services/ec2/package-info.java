/** Amazon EC2's networking: VPCs and all that is in them, and the plan of them that nodes build. */
@NullMarked
package gantry.services.ec2;

import org.jspecify.annotations.NullMarked;
