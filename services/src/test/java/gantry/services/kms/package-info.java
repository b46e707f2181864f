@NullMarked
package gantry.services.kms;

import org.jspecify.annotations.NullMarked;
