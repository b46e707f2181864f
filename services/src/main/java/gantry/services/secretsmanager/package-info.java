/** Secrets Manager: secrets with versions and stages, sealed. */
@NullMarked
package gantry.services.secretsmanager;

import org.jspecify.annotations.NullMarked;
