/** What containers print: read from Docker, shipped to CloudWatch Logs for the awslogs driver. */
@NullMarked
package gantry.node.logs;

import org.jspecify.annotations.NullMarked;
