package dev.ktd.relay;

import dev.ktd.os.Cidr;
import dev.ktd.packet.Packet;
import dev.ktd.packet.ParseResult;
import dev.ktd.packet.Wire;
import dev.ktd.stack.StackConfig;
import dev.ktd.stack.UserspaceStack;
import dev.ktd.stack.WatchedStack;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The whole path without devices, threads or real time: {@link Program}s, the stack, the relay, and
 * a far side that the test plays. Loses nothing.
 */
final class MemoryPath implements AutoCloseable {
  final FakeFarSide farSide = new FakeFarSide();
  final Relay relay;
  final UserspaceStack stack;
  long now = 1_000_000_000_000L;
  private final ArrayDeque<ByteBuffer> frames = new ArrayDeque<>();
  private final Map<Integer, Program> programs = new HashMap<>();
  private final Packet packet = new Packet();
  private int nextPort = 1024;
  private int deafPort = 10_000;

  MemoryPath(StackConfig config) {
    var tunnel = new Destinations.Via(farSide, farSide);
    var all = new Destinations(Map.of(), List.of(Cidr.parse("10.0.0.0/8")), tunnel);
    relay = new Relay(all, () -> now, () -> {});
    stack = WatchedStack.of(config, relay, this::sent);
  }

  private boolean sent(ByteBuffer headers, ByteBuffer payload, ByteBuffer more) {
    int size = headers.remaining() + payload.remaining() + more.remaining();
    frames.add(ByteBuffer.allocate(size).put(headers).put(payload).put(more).flip());
    return true;
  }

  /** A program on the next port; it does nothing yet. */
  Program program(int destination, int port) {
    var program = new Program(this, destination, port, nextPort);
    programs.put(nextPort, program);
    nextPort++;
    return program;
  }

  /** A program that hears nothing; its port may be used by others too. */
  Program deaf(int destination, int port) {
    deafPort = deafPort == 65_535 ? 10_000 : deafPort + 1;
    return new Program(this, destination, port, deafPort);
  }

  /** A program whose connection the far side has accepted. */
  Program connected(int destination, int port) {
    Program program = program(destination, port);
    program.connect();
    settle();
    program.far().downstream.opened();
    settle();
    return program;
  }

  void forget(Program program) {
    programs.remove(program.ownPort);
  }

  /** A program's frame. */
  void receive(ByteBuffer frame) {
    stack.receive(frame, now);
  }

  /** Turns of the loop until nobody has anything to say. */
  void settle() {
    do {
      relay.poll(now);
      stack.poll(now);
      for (ByteBuffer frame = frames.poll(); frame != null; frame = frames.poll()) {
        deliver(frame);
      }
    } while (stack.nextDeadline() <= now || !frames.isEmpty());
  }

  private void deliver(ByteBuffer frame) {
    if (packet.parse(frame, false) != ParseResult.OK || packet.protocol() != Wire.TCP) {
      return; // an ICMP error
    }
    Program program = programs.get(packet.destinationPort());
    if (program != null) {
      program.frame(packet);
    }
  }

  /** Time goes by, in turns of at most a tenth of a second. */
  void pass(long nanos) {
    long end = now + nanos;
    while (now < end) {
      now = Math.min(end, now + 100_000_000L);
      settle();
    }
  }

  long gauge(String name) {
    return stack.counters().getOrDefault(name, -1L);
  }

  @Override
  public void close() {
    relay.close();
    stack.close();
  }
}
