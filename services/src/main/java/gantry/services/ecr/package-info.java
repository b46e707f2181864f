/**
 * Amazon ECR: the AWS API and the OCI distribution protocol over one set of repositories, whose
 * layers lie once by digest on disk.
 */
@NullMarked
package gantry.services.ecr;

import org.jspecify.annotations.NullMarked;
