package dev.ktd.stack;

import dev.ktd.packet.IpAddress;
import dev.ktd.packet.Packet;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** What {@link FlowTable} keeps: the two ends as numbers, local program first. */
abstract class FlowEntry {
  final long sourceHigh;
  final long sourceLow;
  final long destinationHigh;
  final long destinationLow;
  final int sourcePort;
  final int destinationPort;
  private final FlowKey key;
  @Nullable FlowEntry nextInBucket;

  FlowEntry(Packet packet) {
    sourceHigh = packet.sourceHigh();
    sourceLow = packet.sourceLow();
    destinationHigh = packet.destinationHigh();
    destinationLow = packet.destinationLow();
    sourcePort = packet.sourcePort();
    destinationPort = packet.destinationPort();
    key =
        new FlowKey(
            new InetSocketAddress(IpAddress.inetAddress(sourceHigh, sourceLow), sourcePort),
            new InetSocketAddress(
                IpAddress.inetAddress(destinationHigh, destinationLow), destinationPort));
  }

  public FlowKey key() {
    return key;
  }

  boolean v6() {
    return !IpAddress.isV4(sourceHigh, sourceLow);
  }
}
