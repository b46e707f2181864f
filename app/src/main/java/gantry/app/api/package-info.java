/** An API call from its bytes to its answer: who calls, may he, what happens, what is kept of it. */
@NullMarked
package gantry.app.api;

import org.jspecify.annotations.NullMarked;
