/** The AWS services: rules over state, no input or output of their own. */
@NullMarked
package gantry.services;

import org.jspecify.annotations.NullMarked;
