package gantry.wire.coverage;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDesc;
import java.lang.constant.DirectMethodHandleDesc;
import java.lang.reflect.AccessFlag;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Walks compiled classes and notes every accessor of an SDK model class that they call, directly or
 * as a method reference, and which methods of the SDK's client interfaces they implement.
 *
 * <p>Only a call names a member. To keep a whole SDK object in a row and hand it out again reads
 * nothing of it, so its members stay ignored until some code asks for them.
 */
public final class BytecodeScan {
  private final Map<String, Set<String>> reads = new TreeMap<>();
  private final Map<String, Set<String>> interfaces = new HashMap<>();
  private final Map<String, String> parents = new HashMap<>();
  private final Map<String, Set<String>> methods = new HashMap<>();

  /** Adds every class below a folder. */
  public void folder(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new IOException(folder + " has no compiled classes");
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file :
          (Iterable<Path>) files.filter(f -> f.toString().endsWith(".class"))::iterator) {
        add(ClassFile.of().parse(file));
      }
    }
  }

  /** Adds one class. */
  public void add(ClassModel type) {
    String name = type.thisClass().asInternalName();
    type.superclass().ifPresent(parent -> parents.put(name, parent.asInternalName()));
    type.interfaces()
        .forEach(
            i -> interfaces.computeIfAbsent(name, k -> new HashSet<>()).add(i.asInternalName()));
    for (MethodModel method : type.methods()) {
      if (!method.flags().has(AccessFlag.STATIC) && !method.flags().has(AccessFlag.ABSTRACT)) {
        methods
            .computeIfAbsent(name, k -> new HashSet<>())
            .add(method.methodName().stringValue() + first(method));
      }
      method.code().ifPresent(code -> code.forEach(this::element));
    }
  }

  /** The first parameter, which tells an operation from its convenience methods. */
  private static String first(MethodModel method) {
    var parameters = method.methodTypeSymbol().parameterList();
    return parameters.isEmpty() ? "()" : "(" + parameters.getFirst().displayName();
  }

  private void element(CodeElement element) {
    switch (element) {
      case InvokeInstruction call ->
          call(
              call.owner().asInternalName(),
              call.name().stringValue(),
              call.typeSymbol().parameterCount());
      case InvokeDynamicInstruction lambda -> {
        for (ConstantDesc argument : lambda.bootstrapArgs()) {
          if (argument instanceof DirectMethodHandleDesc handle) {
            call(
                internal(handle.owner()),
                handle.methodName(),
                switch (handle.kind()) {
                  case VIRTUAL, INTERFACE_VIRTUAL, SPECIAL, INTERFACE_SPECIAL ->
                      handle.invocationType().parameterCount() - 1;
                  default -> -1;
                });
          }
        }
      }
      default -> {}
    }
  }

  private static String internal(ClassDesc type) {
    String descriptor = type.descriptorString();
    return descriptor.startsWith("L")
        ? descriptor.substring(1, descriptor.length() - 1)
        : descriptor;
  }

  private void call(String owner, String method, int parameters) {
    String type = parameters == 0 ? IgnoredMembers.modelClass(owner) : null;
    if (type != null) {
      reads.computeIfAbsent(type, k -> new TreeSet<>()).addAll(members(method));
    }
  }

  /** {@code hasTags}, {@code launchTypeAsString} and {@code capabilitiesAsStrings} read too. */
  private static Set<String> members(String method) {
    Set<String> names = new TreeSet<>();
    names.add(IgnoredMembers.key(method));
    for (String ending : new String[] {"AsString", "AsStrings"}) {
      if (method.endsWith(ending)) {
        names.add(IgnoredMembers.key(method.substring(0, method.length() - ending.length())));
      }
    }
    return names;
  }

  /** What was read. */
  public ReadMembers reads() {
    return ReadMembers.of(reads);
  }

  /**
   * The names of the methods that our implementation of a client interface has, by itself or by a
   * superclass of ours; null if there is no implementation.
   */
  @Nullable Set<String> implementation(String clientInterface) {
    String wanted = clientInterface.replace('.', '/');
    for (Map.Entry<String, Set<String>> entry : interfaces.entrySet()) {
      if (entry.getValue().contains(wanted)) {
        Set<String> found = new HashSet<>();
        for (String at = entry.getKey(); at != null; at = parents.get(at)) {
          found.addAll(methods.getOrDefault(at, Set.of()));
        }
        return found;
      }
    }
    return null;
  }
}
