package dev.ktd.stack;

import dev.ktd.packet.Choices;
import dev.ktd.packet.Expect;
import dev.ktd.packet.Packet;
import dev.ktd.packet.PacketPrinter;
import dev.ktd.packet.ParseResult;
import dev.ktd.packet.Wire;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A whole stack among programs, an owner and a device that do what {@link Choices} say: a seed's or
 * a fuzzer's. Whatever they do, nothing is thrown, memory and tables stay within their bounds, both
 * sides get the bytes that the other one sent, and in the end nothing is left.
 *
 * <p>{@code -Dktd.trace=true} prints each step.
 */
final class StackEvents implements FlowHandler, FrameSink {
  private static final int FIRST_PORT = 1000;
  private static final int PROGRAMS = 6;
  private static final int MOST_POLLS_UNTIL_QUIET = 5000;
  private static final StackConfig.Limits LIMITS =
      new StackConfig.Limits(4, 3, 5, 3, Duration.ofMinutes(1));

  private final Choices choices;
  private final boolean vnet;
  private final int mtu;
  private final long budget;
  private final boolean spoils;
  private final EventFrames frames;
  private final UserspaceStack stack;
  private final List<EventProgram> programs;
  private final List<EventOwner> owners = new ArrayList<>();
  private final List<UdpFlow> sockets = new ArrayList<>();
  private final Packet received = new Packet();
  private final Packet sent = new Packet();
  private final @Nullable PacketPrinter printer;

  /**
   * A broken frame went in that nobody can tell from a good one: contents mean nothing any more.
   */
  private boolean tainted;

  private Device device = Device.FREE;
  private int offered;
  private long now = 1_000_000_000_000L;

  private enum Device {
    FREE,
    /** Takes every other frame. */
    SLOW,
    FULL
  }

  private StackEvents(Choices choices) {
    this.choices = choices;
    vnet = choices.below(2) == 1;
    mtu = choices.below(2) == 1 ? 1280 : 1500;
    budget = (long) (1 + choices.below(2)) << 20;
    spoils = choices.below(2) == 1;
    StackConfig.Buffers buffers = new StackConfig.Buffers(size(), size(), budget);
    stack =
        WatchedStack.of(
            StackConfig.defaults(mtu, 7)
                .with(new StackConfig.Offloads(vnet, vnet, vnet, vnet))
                .with(buffers)
                .with(LIMITS),
            this,
            this);
    frames = new EventFrames(choices, vnet);
    programs =
        IntStream.range(0, PROGRAMS)
            .mapToObj(i -> new EventProgram(FIRST_PORT + i, i % 3 == 2))
            .toList();
    printer = Boolean.getBoolean("ktd.trace") ? new PacketPrinter(vnet) : null;
  }

  /**
   * Runs until the decisions are used up, then lets silence fall, then closes the stack.
   *
   * @return the stack's counters before it was closed
   */
  static Map<String, Long> run(Choices choices) {
    StackEvents events = new StackEvents(choices);
    while (!choices.exhausted()) {
      events.step();
      events.checkBounds();
    }
    return events.end();
  }

  private int size() {
    return switch (choices.below(4)) {
      case 0 -> 128 * 1024;
      case 1 -> 1 << 20;
      case 2 -> 20_000;
      default -> 2048;
    };
  }

  static Refusal anyRefusal(Choices choices) {
    return switch (choices.below(4)) {
      case 0 -> Refusal.REFUSED;
      case 1 -> Refusal.HOST_UNREACHABLE;
      case 2 -> Refusal.PROHIBITED;
      default -> Refusal.SILENT;
    };
  }

  private void trace(String what) {
    if (printer != null) {
      System.out.printf("%.6f %s%n", now / 1e9, what);
    }
  }

  private void step() {
    switch (choices.below(24)) {
      case 0, 1, 2, 3, 4 -> program(frames.polite(anyProgram()));
      case 5 -> program(frames.syn(anyProgram()));
      case 6 -> handshake(anyProgram());
      case 7, 8 -> program(frames.wild(anyProgram()));
      case 9 -> program(frames.partial(anyProgram()));
      case 10 -> program(frames.datagram(anyProgram()));
      case 11 -> {
        ByteBuffer frame = anyFrame(anyProgram());
        if (spoils) {
          frames.spoil(frame);
        }
        program(frame);
      }
      case 12, 13, 14, 15, 16 -> own();
      case 17 -> device = anyDevice();
      case 18 -> answerDatagram();
      case 19, 20 -> poll(now + choices.below(1_000_000));
      case 21 -> poll(now);
      case 22 -> poll(now + choices.below(1 << 16) * 100_000L);
      default -> poll(Math.max(now, Math.min(stack.nextDeadline(), now + 200_000_000_000L)));
    }
  }

  private EventProgram anyProgram() {
    return programs.get(choices.below(PROGRAMS));
  }

  private ByteBuffer anyFrame(EventProgram program) {
    return switch (choices.below(4)) {
      case 0 -> frames.datagram(program);
      case 1 -> frames.syn(program);
      default -> frames.wild(program);
    };
  }

  private Device anyDevice() {
    return switch (choices.below(6)) {
      case 0, 1, 2, 3 -> Device.FREE;
      case 4 -> Device.SLOW;
      default -> Device.FULL;
    };
  }

  /** All that it takes to have a connection, so that most inputs get there. */
  private void handshake(EventProgram program) {
    program(frames.syn(program));
    if (!owners.isEmpty()) {
      trace("accept");
      owners.getLast().accept();
    }
    poll(now);
    program(frames.polite(program));
  }

  private void own() {
    if (!owners.isEmpty()) {
      // Those who came last are of more interest: the others are gone, mostly.
      int back = choices.below(Math.min(owners.size(), 8));
      String what = owners.get(owners.size() - 1 - back).act();
      trace("owner, %d back: %s".formatted(back, what));
    }
  }

  private void answerDatagram() {
    if (!sockets.isEmpty()) {
      UdpFlow socket = sockets.get(choices.below(sockets.size()));
      if (choices.below(2) == 1) {
        socket.send(ByteBuffer.allocate(choices.below(4000)));
      } else {
        socket.refuse(anyRefusal(choices));
      }
    }
  }

  /** A program sends a frame, which may be broken. */
  private void program(ByteBuffer frame) {
    if (printer != null) {
      trace("< " + printer.print(frame));
    }
    ByteBuffer copy = ByteBuffer.allocate(frame.remaining()).put(frame.duplicate()).flip();
    boolean tcp = received.parse(copy, vnet) == ParseResult.OK && received.protocol() == Wire.TCP;
    if (tcp) {
      tainted |= !asProgramsSpeak();
      sender().ifPresent(program -> program.says(received));
    }
    int limit = frame.limit();
    stack.receive(frame, now);
    Expect.that(frame.position() == 0 && frame.limit() == limit, "the frame was changed");
  }

  /** Whether it will be dropped, or is what a program could have said. */
  private boolean asProgramsSpeak() {
    return !received.checksumHolds()
        || sender().filter(program -> EventFrames.isOf(program, received)).isPresent();
  }

  private Optional<EventProgram> sender() {
    return withPort(received.sourcePort());
  }

  private Optional<EventProgram> withPort(int port) {
    return port >= FIRST_PORT && port < FIRST_PORT + PROGRAMS
        ? Optional.of(programs.get(port - FIRST_PORT))
        : Optional.empty();
  }

  private void poll(long time) {
    now = time;
    trace("poll");
    stack.poll(now);
    Expect.that(stack.nextDeadline() > now, "the next poll is due at once");
  }

  private void checkBounds() {
    Map<String, Long> counters = stack.counters();
    atMost(counters, "buffers.bytes", budget + budget / 2);
    atMost(counters, "tcp.pending", LIMITS.pendingOpens());
    atMost(counters, "tcp.flows", LIMITS.tcpFlows());
    atMost(counters, "tcp.time-wait", LIMITS.tcpFlows());
    atMost(counters, "udp.flows", LIMITS.udpFlows());
  }

  private static void atMost(Map<String, Long> counters, String name, long most) {
    long value = counters.getOrDefault(name, 0L);
    Expect.that(value <= most, "%s is %d, more than %d", name, value, most);
  }

  /** Nobody says anything more: what waits for an answer is given up, then there is no deadline. */
  private Map<String, Long> end() {
    device = Device.FREE;
    owners.forEach(owner -> owner.take(Long.MAX_VALUE / 2));
    poll(now);
    int polls = 0;
    for (long due = stack.nextDeadline(); due != Timers.NEVER; due = stack.nextDeadline()) {
      poll(due);
      Expect.that(++polls < MOST_POLLS_UNTIL_QUIET, "it never gets quiet");
    }
    checkBounds();
    owners.forEach(EventOwner::checkSettled);
    Map<String, Long> counters = stack.counters();
    atMost(counters, "tcp.pending", 0);
    atMost(counters, "tcp.time-wait", 0);
    atMost(counters, "udp.flows", 0);
    stack.close();
    owners.forEach(EventOwner::checkClosed);
    for (String gauge : List.of("buffers.bytes", "tcp.flows", "tcp.pending", "tcp.time-wait")) {
      atMost(stack.counters(), gauge, 0);
    }
    return counters;
  }

  @Override
  public boolean send(ByteBuffer headers, ByteBuffer payload, ByteBuffer more) {
    Expect.that(
        headers.isDirect() && payload.isDirect() && more.isDirect(), "a buffer is not direct");
    int length = headers.remaining() + payload.remaining() + more.remaining();
    ByteBuffer frame = ByteBuffer.allocate(length).put(headers).put(payload).put(more).flip();
    boolean taken =
        switch (device) {
          case FREE -> true;
          case SLOW -> (offered++ & 1) == 0;
          case FULL -> false;
        };
    if (printer != null) {
      trace((taken ? "> " : "> not taken: ") + printer.print(frame));
    }
    ParseResult result = sent.parse(frame, vnet);
    boolean whole = result == ParseResult.OK;
    Expect.that(whole || result == ParseResult.FRAGMENT, "the stack sent something %s", result);
    Expect.that(!whole || sent.checksumHolds(), "the stack sent a wrong checksum");
    int ip = length - (vnet ? Wire.VNET_HEADER : 0);
    Expect.that(ip <= mtu || sent.gsoType() != Wire.VNET_GSO_NONE, "a frame of %d bytes", ip);
    if (whole && sent.protocol() == Wire.TCP) {
      withPort(sent.destinationPort()).ifPresent(program -> said(program, taken));
    }
    return taken;
  }

  private void said(EventProgram program, boolean taken) {
    if (!tainted) {
      program.check(sent, taken);
    }
    if (taken) {
      program.hears(sent);
    }
  }

  @Override
  public void requested(TcpFlow flow) {
    EventOwner owner = new EventOwner(flow, received.sequence(), choices, () -> tainted);
    owners.add(owner);
    sender().ifPresent(program -> program.connected(received, owner));
    if (choices.oneIn(4)) {
      owner.act();
    }
  }

  @Override
  public void cancelled(TcpFlow flow) {
    owners.stream().filter(owner -> owner.flow().equals(flow)).forEach(EventOwner::cancelled);
  }

  @Override
  public void datagram(UdpFlow flow, ByteBuffer payload) {
    if (!sockets.contains(flow)) {
      sockets.add(flow);
    }
  }

  @Override
  public void expired(UdpFlow flow) {
    Expect.that(sockets.remove(flow), "a flow expired that was not there");
  }

  @Override
  public void echo(Echo echo, ByteBuffer payload) {
    if (choices.below(2) == 1) {
      echo.reply(payload);
    } else {
      echo.unreachable(anyRefusal(choices));
    }
  }
}
