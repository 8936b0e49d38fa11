package dev.ktd.stack;

import static dev.ktd.packet.Wire.*;

import dev.ktd.packet.IpAddress;
import dev.ktd.packet.Packet;
import dev.ktd.packet.ParseResult;
import dev.ktd.stack.ChunkPool.Chunk;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The {@link Stack} that terminates TCP, UDP and ICMP in this process. Single-threaded. Memory for
 * buffers is direct: at most one and a half of {@link StackConfig.Buffers#budget}, so the JVM's
 * limit for direct memory has to be larger.
 */
public final class UserspaceStack implements Stack {
  private static final long DEVICE_RETRY = RoundTrip.MILLISECOND;

  private final StackContext context;
  private final TcpInput input;
  private final TcpOutput output;
  private final UdpFlows datagrams;
  private final IcmpInput control;
  private final Reassembly reassembly;
  private final Packet packet = new Packet();
  private final Packet reassembled = new Packet();
  private long deviceRetry = Timers.NEVER;

  /**
   * A stack without flows.
   *
   * @param handler is told of new flows and datagrams, during {@link #receive} and {@link #poll}
   * @param out takes the stack's frames, during any call into the stack or its flows; it must not
   *     call back into the stack
   */
  public UserspaceStack(StackConfig config, FlowHandler handler, FrameSink out) {
    this(config, handler, out, new ChunkPool(config.buffers().budget()));
  }

  /** The same with the memory of the caller's choice, which tests watch. */
  UserspaceStack(StackConfig config, FlowHandler handler, FrameSink out, ChunkPool pool) {
    context = new StackContext(config, handler, out, pool);
    output = new TcpOutput(context);
    input = new TcpInput(context, output);
    datagrams = new UdpFlows(context);
    control = new IcmpInput(context, datagrams);
    reassembly = new Reassembly(context.pool, context.counters);
  }

  @Override
  public void receive(ByteBuffer frame, long now) {
    context.now(now);
    context.counters.count(Counter.FRAMES_IN);
    int position = frame.position();
    int limit = frame.limit();
    ByteOrder order = frame.order();
    frame.order(ByteOrder.BIG_ENDIAN);
    try {
      take(packet, packet.parse(frame, context.config.offloads().vnetHeader()), now);
    } finally {
      frame.order(order).limit(limit).position(position);
    }
  }

  private void take(Packet parsed, ParseResult result, long now) {
    switch (result) {
      case OK -> whole(parsed, now);
      case FRAGMENT -> fragment(parsed, now);
      case TRUNCATED -> context.counters.count(Counter.DROP_TRUNCATED);
      case NOT_IP -> context.counters.count(Counter.DROP_NOT_IP);
      case MALFORMED -> context.counters.count(Counter.DROP_MALFORMED);
      case HEADER_CHECKSUM -> context.counters.count(Counter.DROP_CHECKSUM);
      case UNSUPPORTED -> {
        if (addressed(parsed)) {
          context.counters.count(Counter.DROP_PROTOCOL);
        }
      }
    }
  }

  private void fragment(Packet piece, long now) {
    if (!addressed(piece)) {
      return;
    }
    Chunk chunk = reassembly.add(piece, now);
    if (chunk == null) {
      return;
    }
    try {
      ParseResult result = reassembled.parse(chunk.bytes(), false);
      if (result == ParseResult.FRAGMENT) {
        // Fragments of fragments: nobody makes them (RFC 8200, section 4.5).
        context.counters.count(Counter.DROP_FRAGMENT_SHAPE);
      } else {
        take(reassembled, result, now);
      }
    } finally {
      reassembly.done(chunk);
    }
  }

  private void whole(Packet parsed, long now) {
    if (!addressed(parsed)) {
      return;
    }
    if (!parsed.checksumHolds()) {
      context.counters.count(Counter.DROP_CHECKSUM);
      return;
    }
    switch (parsed.protocol()) {
      case TCP -> tcp(parsed, now);
      case UDP -> udp(parsed, now);
      default -> control.message(parsed);
    }
  }

  private boolean addressed(Packet parsed) {
    Counter rejection = Addresses.rejection(parsed);
    if (rejection != null) {
      context.counters.count(rejection);
    }
    return rejection == null;
  }

  private void tcp(Packet segment, long now) {
    TcpConnection connection = context.connections.find(segment);
    if (connection != null && connection.givesWayTo(segment)) {
      connection.forget();
      connection = null;
    }
    boolean opens = (segment.flags() & (SYN | ACK | RST | FIN)) == SYN;
    if (connection != null && opens && asksAnew(connection, segment)) {
      connection.cancel();
      connection = null;
    }
    if (connection != null) {
      input.segment(connection, segment, now);
    } else if (opens) {
      open(segment, now);
    } else if (isNonsense(segment)) {
      context.counters.count(Counter.DROP_FLAGS);
    } else {
      context.writer.reset(segment);
    }
  }

  private static boolean isNonsense(Packet segment) {
    int flags = segment.flags() & (SYN | ACK | RST | FIN);
    return flags == 0 || (flags & (SYN | FIN)) == (SYN | FIN);
  }

  /** The program has given a pending connection up and uses its port again. */
  private static boolean asksAnew(TcpConnection connection, Packet syn) {
    return connection.state() == TcpState.LISTEN
        && connection.remoteInitialSequence != syn.sequence();
  }

  private void open(Packet syn, long now) {
    if (tcpFlows() >= context.config.limits().tcpFlows()
        || context.timeWaits() >= context.config.limits().tcpFlows()) {
      context.counters.count(Counter.DROP_TCP_FLOWS);
      return;
    }
    if (context.pool.available() == 0) {
      context.counters.count(Counter.DROP_BUDGET);
      return;
    }
    var destination =
        new InetSocketAddress(
            IpAddress.inetAddress(syn.destinationHigh(), syn.destinationLow()),
            syn.destinationPort());
    if (!context.pending.admits(destination, now)) {
      context.counters.count(Counter.DROP_PENDING);
      return;
    }
    new TcpConnection(context, syn).opened(now);
  }

  private void udp(Packet datagram, long now) {
    int port = datagram.destinationPort();
    if (port >= 137 && port <= 139) {
      context.counters.count(Counter.DROP_NETBIOS);
      return;
    }
    UdpFlow flow = datagrams.of(datagram, now);
    ByteBuffer buffer = datagram.buffer();
    int limit = buffer.limit();
    int position = buffer.position();
    int offset = datagram.payloadOffset();
    int end = offset + datagram.payloadLength();
    boolean isSuper = datagram.gsoType() == VNET_GSO_UDP_L4 && datagram.gsoSize() > 0;
    int size = isSuper ? datagram.gsoSize() : datagram.payloadLength();
    do {
      int next = Math.min(end, offset + size);
      buffer.limit(next).position(offset);
      context.handler.datagram(flow, buffer);
      offset = next;
    } while (offset < end);
    buffer.limit(limit).position(position);
  }

  @Override
  public void poll(long now) {
    context.now(now);
    context.timers.run(now);
    datagrams.expire(now);
    reassembly.expire(now);
    context.thirsty.serve(now);
    deviceRetry = Timers.NEVER;
    TcpConnection connection = context.nextReady();
    while (connection != null) {
      switch (output.turn(connection, now)) {
        case DONE -> {}
        case MORE -> context.ready(connection);
        case DEVICE_FULL -> {
          context.ready(connection);
          deviceRetry = now + DEVICE_RETRY;
          return;
        }
      }
      connection = context.nextReady();
    }
  }

  @Override
  public long nextDeadline() {
    long flows = Math.min(datagrams.deadline(), reassembly.deadline());
    flows = Math.min(flows, context.thirsty.deadline());
    // A listener that threw has ended the last poll early: the others must not wait for a packet.
    long left = context.anyReady() && deviceRetry == Timers.NEVER ? context.now() : deviceRetry;
    return Math.min(Math.min(flows, context.timers.next()), left);
  }

  @Override
  public Map<String, Long> counters() {
    Map<String, Long> all = new LinkedHashMap<>();
    all.put("tcp.flows", (long) tcpFlows());
    all.put("tcp.pending", (long) context.pending.total());
    all.put("tcp.time-wait", (long) context.timeWaits());
    all.put("udp.flows", (long) udpFlows());
    all.put("buffers.bytes", context.pool.bytesInUse());
    for (Counter counter : Counter.values()) {
      all.put(counter.label(), context.counters.value(counter));
    }
    return all;
  }

  /** Connections in TIME-WAIT are not counted: nobody uses them any more. */
  @Override
  public int tcpFlows() {
    return context.connections.size() - context.timeWaits();
  }

  @Override
  public int udpFlows() {
    return datagrams.size();
  }

  @Override
  public void close() {
    for (TcpConnection connection : context.connections.all()) {
      connection.abort();
      connection.forget();
    }
    while (context.nextReady() != null) {
      // Nothing of theirs is to be sent any more.
    }
    datagrams.close();
    reassembly.close();
    context.pool.clear();
  }
}
