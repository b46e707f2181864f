/** {@code gantry demo}: a system of several services, brought up, rolled, broken and explained. */
@NullMarked
package gantry.app.demo;

import org.jspecify.annotations.NullMarked;
