package gantry.traffic.lb;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import gantry.traffic.lb.RoutingTable.Rewrite;
import gantry.traffic.lb.RoutingTable.Transforms;
import org.jspecify.annotations.Nullable;

/**
 * Rewrites host and URL of a request that goes to a target. Conditions have been asked before, and
 * what is not found stays as it came. A rewrite that comes to no host or no URL is an error of the
 * rule's, which the client gets as 500.
 */
final class Transform {

  /** What a rewrite may come to: as much as one may ask for in the first place. */
  private static final int MAX_REWRITTEN = HeadParser.MAX_REQUEST_LINE;

  private static final java.util.regex.Pattern HOST =
      java.util.regex.Pattern.compile("[A-Za-z0-9._-]{1,255}(:[0-9]{1,5})?");

  private static final java.util.regex.Pattern URL =
      java.util.regex.Pattern.compile("/[!-~&&[^#]]*");

  private record One(Pattern pattern, String replace) {
    static @Nullable One of(@Nullable Rewrite rewrite, int flags) {
      return rewrite == null
          ? null
          : new One(Pattern.compile(rewrite.regex(), flags), rewrite.replace());
    }

    /** The first place where it is found; null where it is not. */
    @Nullable String apply(String text) throws Failed {
      Matcher found = pattern.matcher(text);
      if (!found.find()) {
        return null;
      }
      StringBuilder rewritten = new StringBuilder(text.length() + replace.length());
      try {
        found.appendReplacement(rewritten, replace);
      } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
        throw new Failed("TransformReplaceError");
      }
      found.appendTail(rewritten);
      if (rewritten.length() > MAX_REWRITTEN) {
        throw new Failed("TransformBufferTooSmall");
      }
      return rewritten.toString();
    }
  }

  /** In the words of AWS's access log. */
  private static final class Failed extends Exception {
    private static final long serialVersionUID = 1L;
    final String status;

    Failed(String status) {
      super(status, null, false, false);
      this.status = status;
    }
  }

  private final @Nullable One host;
  private final @Nullable One url;

  private Transform(@Nullable One host, @Nullable One url) {
    this.host = host;
    this.url = url;
  }

  static @Nullable Transform of(Transforms spec) {
    return spec.equals(Transforms.NONE)
        ? null
        : new Transform(One.of(spec.host(), Pattern.CASE_INSENSITIVE), One.of(spec.url(), 0));
  }

  /** False when the rewriting failed. */
  boolean apply(Exchange x) {
    Account account = x.account;
    try {
      account.rewrittenHost = host(x.head());
      account.rewrittenUrl = url(x.head());
      if (account.rewrittenHost != null || account.rewrittenUrl != null) {
        account.transformStatus = "TransformSuccess";
      }
      return true;
    } catch (Failed e) {
      account.transformStatus = e.status;
      return false;
    }
  }

  /** The port that the client named is not seen here. */
  private @Nullable String host(Head h) throws Failed {
    if (host == null || h.host < 0) {
      return null;
    }
    int start = h.valueStart(h.host);
    int end = Compiled.hostEnd(h.bytes, start, h.valueEnd(h.host));
    String rewritten = host.apply(h.text(start, end));
    if (rewritten != null && !HOST.matcher(rewritten).matches()) {
      throw new Failed("TransformInvalidHost");
    }
    return rewritten;
  }

  private @Nullable String url(Head h) throws Failed {
    String target = h.target();
    if (url == null || !target.startsWith("/")) {
      return null;
    }
    String rewritten = url.apply(target);
    if (rewritten != null && !URL.matcher(rewritten).matches()) {
      throw new Failed("TransformInvalidPath");
    }
    return rewritten;
  }
}
