/** Tests of the built program with clients, containers and a browser that nobody here wrote. */
@NullMarked
package gantry.e2e;

import org.jspecify.annotations.NullMarked;
