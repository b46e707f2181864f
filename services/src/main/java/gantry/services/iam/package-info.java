/** IAM: who there is, and what policies they carry. Deciding is in the package {@code policy}. */
@NullMarked
package gantry.services.iam;

import org.jspecify.annotations.NullMarked;
