package dev.ktd.relay;

import io.netty.channel.IoEventLoop;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Copies the frames of a port into a capture. Directions are those of {@code tcpdump -i ktd0}: what
 * the local programs send is outbound. Frames that the device did not take are left out. On the
 * port's event loop; the file belongs to the caller, who closes it after {@link #stop}.
 */
public final class PcapPort implements FramePort {
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final FramePort port;
  private final PcapFile file;
  private final boolean vnetHeader;

  /**
   * A port like {@code port} whose frames are captured.
   *
   * @param vnetHeader frames start with a virtio header, which a capture does not hold
   */
  public PcapPort(FramePort port, PcapFile file, boolean vnetHeader) {
    this.port = port;
    this.file = file;
    this.vnetHeader = vnetHeader;
  }

  @Override
  public Future<?> start(IoEventLoop loop, Receiver receiver) {
    return port.start(loop, new Captured(receiver));
  }

  @Override
  public Future<?> stop() {
    return port.stop();
  }

  @Override
  public boolean send(ByteBuffer headers, ByteBuffer payload, ByteBuffer more) {
    // Sinks may move the buffers' positions, so they are read first and told of afterwards.
    ByteBuffer[] pieces = {headers.duplicate(), payload.duplicate(), more.duplicate()};
    boolean taken = port.send(headers, payload, more);
    if (taken) {
      file.frame(PcapFile.Direction.INBOUND, vnetHeader, pieces[0], pieces[1], pieces[2]);
    }
    return taken;
  }

  @Override
  public Map<String, Long> counters() {
    Map<String, Long> all = new LinkedHashMap<>(port.counters());
    all.put("pcap.frames", file.frames());
    all.put("pcap.missed", file.missed());
    return all;
  }

  /** Between the port and its receiver. */
  private final class Captured implements Receiver {
    private final Receiver receiver;

    Captured(Receiver receiver) {
      this.receiver = receiver;
    }

    @Override
    public void frame(ByteBuffer frame) {
      file.frame(PcapFile.Direction.OUTBOUND, vnetHeader, frame.duplicate(), NOTHING, NOTHING);
      receiver.frame(frame);
    }

    @Override
    public void batchEnd() {
      receiver.batchEnd();
    }

    @Override
    public void failed(IOException why) {
      receiver.failed(why);
    }
  }
}
