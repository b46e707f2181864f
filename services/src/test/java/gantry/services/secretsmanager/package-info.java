@NullMarked
package gantry.services.secretsmanager;

import org.jspecify.annotations.NullMarked;
