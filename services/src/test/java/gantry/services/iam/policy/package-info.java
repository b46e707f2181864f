@NullMarked
package gantry.services.iam.policy;

import org.jspecify.annotations.NullMarked;
