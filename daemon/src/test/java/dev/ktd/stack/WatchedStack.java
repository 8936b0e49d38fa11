package dev.ktd.stack;

/** Stacks for tests: each use of their memory is checked, and on close that all of it is back. */
public final class WatchedStack {
  private WatchedStack() {}

  /** As {@link UserspaceStack#UserspaceStack(StackConfig, FlowHandler, FrameSink)}. */
  public static UserspaceStack of(StackConfig config, FlowHandler handler, FrameSink out) {
    return new UserspaceStack(
        config, handler, out, new WatchedChunkPool(config.buffers().budget()));
  }
}
