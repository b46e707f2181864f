/** Values that a task names and the node fetches: secrets, parameters, registry logins. */
@NullMarked
package gantry.node.secrets;

import org.jspecify.annotations.NullMarked;
