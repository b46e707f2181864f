/** Tests of Parameter Store. */
@NullMarked
package gantry.services.ssm;

import org.jspecify.annotations.NullMarked;
