/** Amazon ECR Public, small: the private registry's repositories under another name. */
@NullMarked
package gantry.services.ecrpublic;

import org.jspecify.annotations.NullMarked;
