package gantry.wire;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.SdkResponse;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.core.sync.ResponseTransformer;

/**
 * One service: its operations as methods of the SDK's client interface, its errors, what its model
 * says of requests. Made when the service is first called; an operation when it is first called.
 */
public final class ServiceModel {
  private static final Map<Class<?>, ServiceModel> MODELS = new ConcurrentHashMap<>();

  private final ServiceInfo info;
  private final Class<? extends SdkClient> client;
  private final ModelFile file;
  private final Map<String, Operation> operations = new ConcurrentHashMap<>();
  private final Map<String, ModelFile.ErrorModel> errors = new HashMap<>();
  private final Constraints constraints;
  private volatile @Nullable Map<String, Method> methods;

  private ServiceModel(Class<? extends SdkClient> client) {
    this.info = ServiceInfo.of(client);
    this.client = client;
    this.file = new ModelFile(info.id());
    for (ModelFile.ErrorModel error : file.errors) {
      errors.put(plain(error.shape()), error);
    }
    for (ModelFile.ErrorModel error : file.errors) {
      // Where the model has both XFault and XException, the older, XFault, is the SDK's XException.
      if (error.shape().endsWith("Fault")) {
        errors.put(exceptionName(error.shape()), error);
      }
      errors.putIfAbsent(exceptionName(error.shape()), error);
      errors.putIfAbsent(plain(error.shape()) + "exception", error);
    }
    this.constraints = new Constraints(file.shapes);
  }

  public static ServiceModel of(Class<? extends SdkClient> client) {
    ServiceModel model = MODELS.get(client);
    return model != null ? model : MODELS.computeIfAbsent(client, c -> new ServiceModel(client));
  }

  public ServiceInfo info() {
    return info;
  }

  public Class<? extends SdkClient> client() {
    return client;
  }

  Constraints constraints() {
    return constraints;
  }

  /** Null if neither the model nor the SDK has it. */
  public @Nullable Operation operation(String name) {
    Operation known = operations.get(name);
    if (known != null) {
      return known;
    }
    String[] model = file.operations.get(name);
    if (model == null) {
      return null;
    }
    Method found = method(name);
    Method method = found == null ? eventMethod(name) : found;
    return method == null
        ? null // newer than our SDK
        : operations.computeIfAbsent(name, n -> new Operation(this, n, method, model));
  }

  /** All of them, by the model's order of names. */
  public List<Operation> operations() {
    List<Operation> all = new ArrayList<>();
    for (String name : file.operations.keySet()) {
      Operation operation = operation(name);
      if (operation != null) {
        all.add(operation);
      }
    }
    return all;
  }

  /** The names that the model has and our SDK's interface has not. */
  public List<String> newerThanSdk() {
    return file.operations.keySet().stream().filter(name -> operation(name) == null).toList();
  }

  /** The error of the model that an exception class of the SDK is, if it is one. */
  ModelFile.@Nullable ErrorModel error(Class<?> exception) {
    return errors.get(plain(exception.getSimpleName()));
  }

  /** The error with that code or shape name. */
  ModelFile.@Nullable ErrorModel errorByCode(String code) {
    for (ModelFile.ErrorModel error : file.errors) {
      if (error.code().equals(code)) {
        return error;
      }
    }
    return errors.get(plain(code));
  }

  /** Shape and class names differ in case: {@code VPC}, {@code Vpc}. */
  private static String plain(String name) {
    StringBuilder plain = new StringBuilder(name.length());
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (Character.isLetterOrDigit(c)) {
        plain.append(Character.toLowerCase(c));
      }
    }
    return plain.toString();
  }

  /** The SDK's name for an error shape: {@code XFault} and {@code X} are {@code XException}. */
  private static String exceptionName(String shape) {
    String plain = plain(shape);
    if (plain.endsWith("fault")) {
      return plain.substring(0, plain.length() - 5) + "exception";
    }
    return plain.endsWith("exception") ? plain : plain + "exception";
  }

  private @Nullable Method method(String operation) {
    // The names that most operations have; asking for one method by name loads only its own
    // classes.
    String pascal = Character.toUpperCase(operation.charAt(0)) + operation.substring(1);
    String camel = Character.toLowerCase(pascal.charAt(0)) + pascal.substring(1);
    String models = client.getPackageName() + ".model.";
    ClassLoader loader = client.getClassLoader();
    try {
      Class<?> request = Class.forName(models + pascal + "Request", false, loader);
      for (Class<?>[] parameters :
          new Class<?>[][] {
            {request},
            {request, RequestBody.class},
            {request, ResponseTransformer.class},
            {request, RequestBody.class, ResponseTransformer.class}
          }) {
        try {
          Method method = client.getMethod(camel, parameters);
          // A streaming operation has convenience methods of fewer parameters that return streams.
          if (streams(method) || SdkResponse.class.isAssignableFrom(method.getReturnType())) {
            return method;
          }
        } catch (NoSuchMethodException e) {
          // a method of another form
        }
      }
    } catch (ClassNotFoundException | NoClassDefFoundError e) {
      // Otherwise capitalised (VPC, Vpc): found below.
      return methods().get(operation.toLowerCase(Locale.ROOT));
    }
    return methods().get(operation.toLowerCase(Locale.ROOT));
  }

  /** An operation whose answer is a stream of events is in the asynchronous interface only. */
  private @Nullable Method eventMethod(String operation) {
    String models = client.getPackageName() + ".model." + operation;
    String asynchronous = client.getName().replaceFirst("Client$", "AsyncClient");
    ClassLoader loader = client.getClassLoader();
    try {
      Class<?> handler = Class.forName(models + "ResponseHandler", false, loader);
      Class<?> request = Class.forName(models + "Request", false, loader);
      return Class.forName(asynchronous, false, loader)
          .getMethod(
              Character.toLowerCase(operation.charAt(0)) + operation.substring(1),
              request,
              handler);
    } catch (ClassNotFoundException | NoClassDefFoundError | NoSuchMethodException e) {
      return null;
    }
  }

  private static boolean streams(Method method) {
    for (Class<?> parameter : method.getParameterTypes()) {
      if (parameter == RequestBody.class || parameter == ResponseTransformer.class) {
        return true;
      }
    }
    return false;
  }

  /** Every method of the interface that is an operation, by its name in lower case. */
  private Map<String, Method> methods() {
    Map<String, Method> known = methods;
    if (known == null) {
      known = new HashMap<>();
      for (Method method : operationMethods(client)) {
        known.put(method.getName().toLowerCase(Locale.ROOT), method);
      }
      methods = known;
    }
    return known;
  }

  /** The one method per operation that an implementation overrides. */
  static List<Method> operationMethods(Class<?> client) {
    Map<String, Method> found = new HashMap<>();
    for (Method method : client.getMethods()) {
      Class<?>[] parameters = method.getParameterTypes();
      if (Modifier.isStatic(method.getModifiers())
          || parameters.length == 0
          || !SdkRequest.class.isAssignableFrom(parameters[0])) {
        continue;
      }
      boolean all = true;
      for (int i = 1; i < parameters.length; i++) {
        all &= parameters[i] == RequestBody.class || parameters[i] == ResponseTransformer.class;
      }
      if (all && (streams(method) || SdkResponse.class.isAssignableFrom(method.getReturnType()))) {
        found.merge(
            method.getName(),
            method,
            (a, b) -> a.getParameterCount() >= b.getParameterCount() ? a : b);
      }
    }
    return List.copyOf(found.values());
  }
}
