@NullMarked
package gantry.services.sts;

import org.jspecify.annotations.NullMarked;
