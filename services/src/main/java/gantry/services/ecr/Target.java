package gantry.services.ecr;

import gantry.state.Scope;

/**
 * The repository that a request on the data plane names.
 *
 * @param sent the name as the client wrote it: what it gets back in addresses
 */
record Target(Scope scope, String repository, String sent) {}
