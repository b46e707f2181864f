package gantry.node.vpc;

import gantry.node.vpc.VpcSockets.Inside;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A platform thread that has entered a network namespace for good, and runs what it is given. */
@SuppressWarnings("restricted") // setns has no other door; the program runs with native access
final class NamespaceThread implements AutoCloseable {

  private static final int CLONE_NEWNET = 0x40000000;
  private static final int READ_ONLY_CLOSE_ON_EXEC = 0x80000;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO_VALUE =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final MethodHandle OPEN =
      function(
          "open",
          FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
  private static final MethodHandle SETNS =
      function(
          "setns",
          FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
  private static final MethodHandle CLOSE =
      function("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

  private final ExecutorService thread;
  private final CompletableFuture<Boolean> entered = new CompletableFuture<>();

  NamespaceThread(String name, Path namespace) {
    this.thread =
        Executors.newSingleThreadExecutor(
            work ->
                Thread.ofPlatform()
                    .daemon()
                    .name("netns-" + name)
                    .unstarted(
                        () -> {
                          try {
                            enter(namespace);
                            entered.complete(true);
                          } catch (IOException e) {
                            entered.completeExceptionally(e);
                          }
                          work.run();
                        }));
  }

  /** Runs {@code work} in the namespace and answers what it answers. */
  <T> T run(Inside<T> work) throws IOException {
    // Nothing runs on a thread that has not entered: it would run in the host's namespace.
    Callable<T> call =
        () -> {
          entered.get();
          return work.run();
        };
    try {
      return thread.submit(call).get();
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause instanceof ExecutionException wrapped) {
        cause = wrapped.getCause();
      }
      switch (cause) {
        case IOException io -> throw io;
        case RuntimeException runtime -> throw runtime;
        case Error error -> throw error;
        case null, default -> throw new IOException(e);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  @Override
  public void close() {
    thread.shutdown();
  }

  private static void enter(Path namespace) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      int descriptor =
          (int)
              OPEN.invokeExact(
                  state, arena.allocateFrom(namespace.toString()), READ_ONLY_CLOSE_ON_EXEC);
      if (descriptor < 0) {
        throw new IOException("open " + namespace + ": errno " + errno(state));
      }
      int result = (int) SETNS.invokeExact(state, descriptor, CLONE_NEWNET);
      int errno = errno(state);
      int closed = (int) CLOSE.invokeExact(state, descriptor);
      if (result < 0 || closed < 0) {
        throw new IOException("setns " + namespace + ": errno " + errno);
      }
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IOException(e);
    }
  }

  private static int errno(MemorySegment state) {
    return (int) ERRNO_VALUE.get(state, 0L);
  }

  private static MethodHandle function(String name, FunctionDescriptor descriptor) {
    return LINKER.downcallHandle(
        LINKER.defaultLookup().find(name).orElseThrow(), descriptor, ERRNO);
  }
}
