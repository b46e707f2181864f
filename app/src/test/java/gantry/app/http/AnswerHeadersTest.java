package gantry.app.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class AnswerHeadersTest {

  private final AnswerHeaders headers = new AnswerHeaders();

  private String written(int status, String body) {
    ByteBuf answer =
        headers.answer(
            HttpResponseStatus.valueOf(status),
            body.getBytes(StandardCharsets.UTF_8),
            UnpooledByteBufAllocator.DEFAULT);
    String text = answer.toString(StandardCharsets.ISO_8859_1);
    answer.release();
    return text;
  }

  @Test
  void namesAreInLowerCaseAndInTheOrderTheyCame() {
    headers.set("X-One", "1");
    headers.add("Set-Cookie", "a");
    headers.add("set-cookie", "b");
    headers.set("X-ONE", "2");
    assertThat(headers.get("x-one")).isEqualTo("2");
    assertThat(headers.get("x-two")).isNull();
    assertThat(written(404, "no"))
        .isEqualTo(
            "HTTP/1.1 404 Not Found\r\nset-cookie: a\r\nset-cookie: b\r\nx-one: 2\r\n\r\nno");
    assertThat(headers.forNetty().getAll("Set-Cookie")).containsExactly("a", "b");
  }

  @Test
  void thereIsRoomForMany() {
    for (int i = 0; i < 40; i++) {
      headers.set("x-" + i, "" + i);
    }
    assertThat(written(200, "")).contains("\r\nx-0: 0\r\n").endsWith("\r\nx-39: 39\r\n\r\n");
  }

  /** The low bytes of U+010D and U+010A are a line's end. */
  @Test
  void noValueEndsItsLine() {
    assertThatThrownBy(() -> headers.set("x", "a\r\nb: c"))
        .isInstanceOf(IllegalArgumentException.class);
    headers.set("x", "a\u010d\u010ab: c\u00e9\u20ac");
    assertThat(written(200, "")).isEqualTo("HTTP/1.1 200 OK\r\nx: a??b: c\u00e9?\r\n\r\n");
  }
}
