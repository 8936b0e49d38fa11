package dev.ktd.stack;

import dev.ktd.packet.IpAddress;
import dev.ktd.packet.Packet;
import java.net.InetAddress;
import java.nio.ByteBuffer;

/** A ping that waits for its answer. */
final class EchoRequest implements FlowHandler.Echo {
  final long sourceHigh;
  final long sourceLow;
  final long destinationHigh;
  final long destinationLow;

  /** Identifier and sequence number. */
  final int rest;

  private final StackContext context;
  private boolean answered;

  EchoRequest(Packet packet, StackContext context) {
    this.context = context;
    sourceHigh = packet.sourceHigh();
    sourceLow = packet.sourceLow();
    destinationHigh = packet.destinationHigh();
    destinationLow = packet.destinationLow();
    rest = packet.icmpRest();
  }

  boolean v6() {
    return !IpAddress.isV4(sourceHigh, sourceLow);
  }

  @Override
  public InetAddress source() {
    return IpAddress.inetAddress(sourceHigh, sourceLow);
  }

  @Override
  public InetAddress destination() {
    return IpAddress.inetAddress(destinationHigh, destinationLow);
  }

  @Override
  public void reply(ByteBuffer payload) {
    if (!answered) {
      answered = true;
      context.writer.echoReply(this, payload);
    }
  }

  @Override
  public void unreachable(Refusal why) {
    if (!answered) {
      answered = true;
      context.errors.echo(this, why);
    }
  }
}
