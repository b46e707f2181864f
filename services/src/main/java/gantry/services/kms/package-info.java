/** KMS: keys that never leave, under policies of their own. */
@NullMarked
package gantry.services.kms;

import org.jspecify.annotations.NullMarked;
