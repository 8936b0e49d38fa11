package dev.ktd.bench;

import dev.ktd.relay.Datagrams;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/** Takes datagrams and pings, and never answers. */
public final class NoDatagrams implements Datagrams {
  @Override
  public Association open(InetSocketAddress destination, Replies replies) {
    return new Silent();
  }

  @Override
  public boolean echo(InetAddress destination, ByteBuffer payload, EchoAnswer answer) {
    return true;
  }

  private record Silent() implements Association {
    @Override
    public boolean send(ByteBuffer payload) {
      return true;
    }

    @Override
    public void close() {}
  }
}
