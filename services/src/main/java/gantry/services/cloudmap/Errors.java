package gantry.services.cloudmap;

import software.amazon.awssdk.services.servicediscovery.model.InstanceNotFoundException;
import software.amazon.awssdk.services.servicediscovery.model.InvalidInputException;
import software.amazon.awssdk.services.servicediscovery.model.NamespaceNotFoundException;
import software.amazon.awssdk.services.servicediscovery.model.ServiceNotFoundException;

/** The errors that several operations share. */
final class Errors {
  private Errors() {}

  static InvalidInputException invalid(String message) {
    return InvalidInputException.builder().message(message).build();
  }

  static NamespaceNotFoundException noNamespace(String id) {
    return NamespaceNotFoundException.builder()
        .message("No namespace found with ID: " + id)
        .build();
  }

  static ServiceNotFoundException noService(String id) {
    return ServiceNotFoundException.builder().message("No service found with ID: " + id).build();
  }

  static InstanceNotFoundException noInstance(String id) {
    return InstanceNotFoundException.builder().message("No instance found with ID: " + id).build();
  }
}
