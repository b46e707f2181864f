package gantry.app.api;

import gantry.wire.coverage.IgnoredMembers;
import gantry.wire.coverage.ReadMembers;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkRequest;

/**
 * Which members of a request nobody acts on, by the scan of the bytecode that the build made. The
 * scan's result is read with the first call, not at the start.
 */
final class Honesty {

  private static final class Scan {
    static final @Nullable IgnoredMembers IGNORED = made();

    private static @Nullable IgnoredMembers made() {
      ReadMembers read = ReadMembers.fromResource();
      return read == null ? null : new IgnoredMembers(read);
    }
  }

  List<String> members(SdkRequest request) {
    if (IgnoredMembers.saysNothing(request)) {
      return List.of(); // the first call mostly, which does not wait for the scan to be read then
    }
    IgnoredMembers ignored = Scan.IGNORED;
    return ignored == null ? List.of() : ignored.of(request);
  }
}
