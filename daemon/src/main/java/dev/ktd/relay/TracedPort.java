package dev.ktd.relay;

import dev.ktd.packet.PacketPrinter;
import io.netty.channel.IoEventLoop;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Prints the frames of a port at TRACE, one line each: {@code <<} what the local programs sent,
 * {@code >>} what the stack sent them, with {@code [not taken]} where the device refused it. On the
 * port's event loop. It allocates freely: {@link #around} leaves it out where nobody reads it.
 */
public final class TracedPort implements FramePort {
  private static final Logger log = LoggerFactory.getLogger(TracedPort.class);

  private final FramePort port;
  private final PacketPrinter printer;
  private final Logger lines;

  TracedPort(FramePort port, boolean vnetHeader, Logger lines) {
    this.port = port;
    this.printer = new PacketPrinter(vnetHeader);
    this.lines = lines;
  }

  /**
   * The port itself, or with lines where the logger of this class is at TRACE now: later changes of
   * the level have no effect, so that the others pay nothing for it.
   *
   * @param vnetHeader frames start with a virtio header
   */
  public static FramePort around(FramePort port, boolean vnetHeader) {
    return log.isTraceEnabled() ? new TracedPort(port, vnetHeader, log) : port;
  }

  @Override
  public Future<?> start(IoEventLoop loop, Receiver receiver) {
    return port.start(loop, new Traced(receiver));
  }

  @Override
  public Future<?> stop() {
    return port.stop();
  }

  @Override
  public boolean send(ByteBuffer headers, ByteBuffer payload, ByteBuffer more) {
    ByteBuffer copy =
        ByteBuffer.allocate(headers.remaining() + payload.remaining() + more.remaining());
    copy.put(headers.duplicate()).put(payload.duplicate()).put(more.duplicate()).flip();
    boolean taken = port.send(headers, payload, more);
    lines.trace(">> {}{}", printer.print(copy), taken ? "" : " [not taken]");
    return taken;
  }

  @Override
  public Map<String, Long> counters() {
    return port.counters();
  }

  /** Between the port and its receiver. */
  private final class Traced implements Receiver {
    private final Receiver receiver;

    Traced(Receiver receiver) {
      this.receiver = receiver;
    }

    @Override
    public void frame(ByteBuffer frame) {
      lines.trace("<< {}", printer.print(frame.duplicate().order(ByteOrder.BIG_ENDIAN)));
      receiver.frame(frame);
    }

    @Override
    public void batchEnd() {
      receiver.batchEnd();
    }

    @Override
    public void failed(IOException why) {
      lines.trace("<< the device is gone: {}", why.toString());
      receiver.failed(why);
    }
  }
}
