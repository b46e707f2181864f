@NullMarked
package gantry.services.logs;

import org.jspecify.annotations.NullMarked;
