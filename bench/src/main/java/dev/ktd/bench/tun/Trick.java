package dev.ktd.bench.tun;

import static dev.ktd.packet.Wire.*;

import dev.ktd.packet.HeaderBuilder;
import dev.ktd.packet.IpAddress;
import dev.ktd.relay.FramePort;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * As little TCP as a kernel can be tricked into: the ceilings. It trusts every header, looks at
 * sequence numbers only, and knows IPv4 flows by their source port. It answers SYNs, acknowledges
 * what came in order once a batch, and, as a source, sends super-segments made beforehand wherever
 * the window has room for a whole one. What is lost is not repeated: a run with a loss stands still
 * and is seen in its figure.
 */
final class Trick implements FramePort.Receiver {
  private static final int PAYLOAD = 44 * 1460;
  private static final int SCALE = 5;

  /** The stack's own window. */
  private static final int WINDOW = 1 << 20;

  private static final int IP_AT = VNET_HEADER;
  private static final int TCP_AT = IP_AT + IPV4_HEADER;
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

  /** As the stack: the ACKs of more would overrun the device's queue; they bring the next turn. */
  private static final int FRAMES_IN_A_ROW = 4;

  private final FramePort port;
  private final boolean sends;
  private final HeaderBuilder builder = new HeaderBuilder(true, true);
  private final @Nullable Flow[] byPort = new Flow[1 << 16];
  private final List<Flow> flows = new ArrayList<>();
  private final ByteBuffer payload = ByteBuffer.allocateDirect(PAYLOAD);

  /**
   * @param sends whether it is a source, otherwise it counts only
   */
  Trick(FramePort port, boolean sends) {
    this.port = port;
    this.sends = sends;
  }

  private static final class Flow {
    final int source;
    final int destination;
    final int programPort;
    final int targetPort;
    final int scale;

    /** Ready but for its numbers. */
    final ByteBuffer header = ByteBuffer.allocateDirect(TCP_AT + TCP_HEADER);

    int expected;
    int next = 1;
    int edge;
    boolean ackDue;

    Flow(int source, int destination, int programPort, int targetPort, int scale) {
      this.source = source;
      this.destination = destination;
      this.programPort = programPort;
      this.targetPort = targetPort;
      this.scale = scale;
    }
  }

  @Override
  public void frame(ByteBuffer frame) {
    if (frame.get(IP_AT) != 0x45 || frame.get(IP_AT + 9) != TCP) {
      return;
    }
    int programPort = frame.getShort(TCP_AT) & 0xffff;
    int flags = frame.get(TCP_AT + 13);
    Flow flow = byPort[programPort];
    if ((flags & SYN) != 0) {
      open(frame, programPort);
    } else if (flow == null) {
      return;
    } else if ((flags & (RST | FIN)) != 0) {
      byPort[programPort] = null;
      flows.remove(flow);
    } else {
      segment(flow, frame);
    }
  }

  private void open(ByteBuffer syn, int programPort) {
    int scale = 0;
    int end = TCP_AT + (syn.get(TCP_AT + 12) >>> 4 & 0xf) * 4;
    for (int at = TCP_AT + TCP_HEADER; at < end; at += syn.get(at) == 1 ? 1 : syn.get(at + 1)) {
      if (syn.get(at) == 3) {
        scale = syn.get(at + 2);
      }
    }
    var flow =
        new Flow(
            syn.getInt(IP_AT + 12),
            syn.getInt(IP_AT + 16),
            programPort,
            syn.getShort(TCP_AT + 2) & 0xffff,
            scale);
    flow.expected = syn.getInt(TCP_AT + 4) + 1;
    Flow former = byPort[programPort];
    if (former != null) {
      flows.remove(former);
    }
    byPort[programPort] = flow;
    flows.add(flow);
    start(flow, 0, SYN | ACK, 0xffff);
    builder.maximumSegmentSize(1460);
    builder.windowScale(SCALE);
    port.send(builder.finishTcp(NOTHING, NOTHING, 1460), NOTHING, NOTHING);
    start(flow, 1, ACK | PSH, WINDOW >>> SCALE);
    flow.header.put(builder.finishTcp(payload.clear(), NOTHING, 1460));
  }

  private void start(Flow flow, int sequence, int flags, int window) {
    builder.ip(0, IpAddress.v4(flow.destination), 0, IpAddress.v4(flow.source), TCP);
    builder.tcp(flow.targetPort, flow.programPort, sequence, flow.expected, flags, window);
  }

  private void segment(Flow flow, ByteBuffer frame) {
    int header = (frame.get(TCP_AT + 12) >>> 4 & 0xf) * 4;
    int length = (frame.getShort(IP_AT + 2) & 0xffff) - IPV4_HEADER - header;
    int window = frame.getShort(TCP_AT + 14) & 0xffff;
    flow.edge = frame.getInt(TCP_AT + 8) + (window << flow.scale);
    if (length > 0) {
      if (frame.getInt(TCP_AT + 4) == flow.expected) {
        flow.expected += length;
      }
      flow.ackDue = true;
    }
  }

  @Override
  public void batchEnd() {
    for (int i = 0; i < flows.size(); i++) {
      Flow flow = flows.get(i);
      if (flow.ackDue) {
        flow.ackDue = false;
        start(flow, flow.next, ACK, WINDOW >>> SCALE);
        port.send(builder.finishTcp(NOTHING, NOTHING, 1460), NOTHING, NOTHING);
      }
      for (int k = 0; sends && k < FRAMES_IN_A_ROW && flow.edge - flow.next >= PAYLOAD; k++) {
        flow.header.putInt(TCP_AT + 4, flow.next);
        if (!port.send(flow.header.rewind(), payload.clear(), NOTHING)) {
          break;
        }
        flow.next += PAYLOAD;
      }
    }
  }

  @Override
  public void failed(IOException why) {}
}
