/** AWS Cloud Map: names for what runs, found by API and, through Route 53's zones, by DNS. */
@NullMarked
package gantry.services.cloudmap;

import org.jspecify.annotations.NullMarked;
