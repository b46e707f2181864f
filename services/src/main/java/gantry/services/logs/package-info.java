/** CloudWatch Logs: groups and streams as rows, events in compressed segments on disk. */
@NullMarked
package gantry.services.logs;

import org.jspecify.annotations.NullMarked;
