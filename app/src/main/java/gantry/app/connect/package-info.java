/** Between the tables and the proxies of Service Connect, one in the network of each task. */
@NullMarked
package gantry.app.connect;

import org.jspecify.annotations.NullMarked;
