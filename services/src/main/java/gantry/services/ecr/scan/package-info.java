/** What is installed in an image, and which known vulnerabilities that has. */
@NullMarked
package gantry.services.ecr.scan;

import org.jspecify.annotations.NullMarked;
