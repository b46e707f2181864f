/** The one listener: HTTP/1.1 and HTTP/2, and who may knock at it. */
@NullMarked
package gantry.app.http;

import org.jspecify.annotations.NullMarked;
