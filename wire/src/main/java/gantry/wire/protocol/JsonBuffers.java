package gantry.wire.protocol;

import com.fasterxml.jackson.core.util.BufferRecycler;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.core.util.RecyclerPool;

/**
 * The buffers of parsers and writers. A thread that lives long, such as one that reads connections,
 * keeps its own, which its core has at hand; virtual threads, too many and too short-lived for
 * that, share theirs.
 */
final class JsonBuffers implements RecyclerPool<BufferRecycler> {
  private static final long serialVersionUID = 1L;

  private final RecyclerPool<BufferRecycler> own = JsonRecyclerPools.threadLocalPool();
  private final RecyclerPool<BufferRecycler> shared = JsonRecyclerPools.newConcurrentDequePool();

  private RecyclerPool<BufferRecycler> here() {
    return Thread.currentThread().isVirtual() ? shared : own;
  }

  @Override
  public BufferRecycler acquirePooled() {
    return here().acquirePooled();
  }

  /** Gives it back to where it came from, not to this. */
  @Override
  public BufferRecycler acquireAndLinkPooled() {
    return here().acquireAndLinkPooled();
  }

  @Override
  public void releasePooled(BufferRecycler buffers) {
    here().releasePooled(buffers);
  }
}
