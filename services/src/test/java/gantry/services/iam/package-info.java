@NullMarked
package gantry.services.iam;

import org.jspecify.annotations.NullMarked;
