package gantry.wire.protocol;

import gantry.wire.schema.Kind;
import gantry.wire.schema.Member;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;

/** A body that is one member as it is: bytes or text, in no document. */
final class Payloads {
  /** The member is read as a document of the protocol. */
  static final Object STRUCTURED = new Object();

  private Payloads() {}

  static @Nullable Object read(Member member, byte[] content) {
    if (member.kind == Kind.BLOB) {
      return content.length == 0 ? null : SdkBytes.fromByteArrayUnsafe(content);
    }
    if (member.kind == Kind.STRING) {
      return content.length == 0 ? null : new String(content, StandardCharsets.UTF_8);
    }
    return content.length == 0 ? null : STRUCTURED;
  }
}
