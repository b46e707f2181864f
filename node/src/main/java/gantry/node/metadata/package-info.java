/** What a container can ask of the node: metadata, credentials, protection. */
@NullMarked
package gantry.node.metadata;

import org.jspecify.annotations.NullMarked;
