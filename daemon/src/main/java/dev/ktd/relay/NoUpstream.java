package dev.ktd.relay;

import java.nio.ByteBuffer;

/** What a {@link Dialer} returns for a flow that failed at once: it takes nothing. Stateless. */
public record NoUpstream() implements Upstream {
  @Override
  public int write(ByteBuffer data) {
    return 0;
  }

  @Override
  public void shutdownOutput() {}

  @Override
  public void consumed(int bytes) {}

  @Override
  public void abort() {}
}
