package dev.ktd.stack;

import java.nio.ByteBuffer;

/** An owner that takes all bytes, answers nothing and says nothing; tests add what differs. */
interface QuietOwner extends FlowHandler, TcpFlow.Listener {
  @Override
  default void requested(TcpFlow flow) {
    flow.accept(this);
  }

  @Override
  default void cancelled(TcpFlow flow) {}

  @Override
  default void datagram(UdpFlow flow, ByteBuffer payload) {}

  @Override
  default void expired(UdpFlow flow) {}

  @Override
  default void echo(Echo echo, ByteBuffer payload) {}

  @Override
  default int received(ByteBuffer data) {
    return data.remaining();
  }

  @Override
  default void receivedEnd() {}

  @Override
  default void acknowledged(int bytes) {}

  @Override
  default void aborted() {}

  @Override
  default void closed() {}
}
