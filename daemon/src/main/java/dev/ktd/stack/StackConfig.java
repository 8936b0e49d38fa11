package dev.ktd.stack;

import java.time.Duration;

/**
 * What a {@link UserspaceStack} may use and what its device can do.
 *
 * @param mtu of the device in bytes, without the virtio header; 1280 to 65535
 * @param vnetHeader frames start with the 10 bytes of {@code struct virtio_net_hdr}; without it the
 *     three offloads below must be false
 * @param checksum the device finishes checksums that the stack leaves partial
 * @param tcpSegmentation the device takes TCP super-segments of up to 64 KiB
 * @param udpSegmentation the device may hand over UDP super-datagrams (USO); none are sent
 * @param receiveBuffer bytes a flow keeps for its listener, and so the largest receive window; 2
 *     KiB to 16 MiB
 * @param sendBuffer bytes a flow keeps for the local program until they are acknowledged; at least
 *     {@code relay.Downstream.WINDOW} and some slack where a relay writes into it
 * @param bufferBudget bytes over all flows. What local programs send beyond it is dropped unread
 *     (they repeat it) and new connections wait; what {@link TcpFlow#writable} has promised is
 *     taken up to half of it on top, then flows that are written to are reset
 * @param maxPendingOpens connections that wait for {@link TcpFlow#accept}; beyond it SYNs are
 *     dropped and the kernel repeats them
 * @param maxPendingOpensPerDestination the same for one address and port
 * @param maxTcpFlows connections, pending ones included
 * @param maxUdpFlows beyond it the flow that was idle for longest is forgotten
 * @param udpIdle after which a UDP flow is forgotten
 * @param seed of initial sequence numbers and of hashing; secret, from a good source of randomness
 */
public record StackConfig(
    int mtu,
    boolean vnetHeader,
    boolean checksum,
    boolean tcpSegmentation,
    boolean udpSegmentation,
    int receiveBuffer,
    int sendBuffer,
    long bufferBudget,
    int maxPendingOpens,
    int maxPendingOpensPerDestination,
    int maxTcpFlows,
    int maxUdpFlows,
    Duration udpIdle,
    long seed) {

  public StackConfig {
    require(mtu >= 1280 && mtu <= 65535, "mtu must be 1280 to 65535");
    require(
        vnetHeader || !(checksum || tcpSegmentation || udpSegmentation),
        "offloads need the virtio header");
    require(checksum || !tcpSegmentation, "tcpSegmentation needs checksum");
    require(
        receiveBuffer >= 2048 && receiveBuffer <= 1 << 24, "receiveBuffer must be 2 KiB to 16 MiB");
    require(sendBuffer >= 2048 && sendBuffer <= 1 << 26, "sendBuffer must be 2 KiB to 64 MiB");
    require(bufferBudget >= 1 << 20, "bufferBudget must be at least 1 MiB");
    require(maxPendingOpens > 0 && maxPendingOpensPerDestination > 0, "pending opens must be > 0");
    require(maxTcpFlows > 0 && maxUdpFlows > 0, "flows must be > 0");
    require(udpIdle.isPositive(), "udpIdle must be > 0");
  }

  /**
   * What suits a developer's machine: 1 MiB to receive, 2.25 MiB to send, 256 MiB over all, 16,384
   * connections of which 4,096 may be pending (2,048 for each destination), 4,096 UDP flows
   * forgotten after a minute; no offload.
   */
  public static StackConfig defaults(int mtu, long seed) {
    return new StackConfig(
        mtu,
        false,
        false,
        false,
        false,
        1 << 20,
        (2 << 20) + (1 << 18),
        256L << 20,
        4096,
        2048,
        16_384,
        4096,
        Duration.ofMinutes(1),
        seed);
  }

  /** The same with these abilities of the device. */
  public StackConfig withOffloads(
      boolean vnetHeader, boolean checksum, boolean tcpSegmentation, boolean udpSegmentation) {
    return new StackConfig(
        mtu,
        vnetHeader,
        checksum,
        tcpSegmentation,
        udpSegmentation,
        receiveBuffer,
        sendBuffer,
        bufferBudget,
        maxPendingOpens,
        maxPendingOpensPerDestination,
        maxTcpFlows,
        maxUdpFlows,
        udpIdle,
        seed);
  }

  /** The same with these sizes in bytes: for each flow, and over all. */
  public StackConfig withBuffers(int receiveBuffer, int sendBuffer, long bufferBudget) {
    return new StackConfig(
        mtu,
        vnetHeader,
        checksum,
        tcpSegmentation,
        udpSegmentation,
        receiveBuffer,
        sendBuffer,
        bufferBudget,
        maxPendingOpens,
        maxPendingOpensPerDestination,
        maxTcpFlows,
        maxUdpFlows,
        udpIdle,
        seed);
  }

  /** The same with these numbers of flows. */
  public StackConfig withLimits(
      int maxPendingOpens,
      int maxPendingOpensPerDestination,
      int maxTcpFlows,
      int maxUdpFlows,
      Duration udpIdle) {
    return new StackConfig(
        mtu,
        vnetHeader,
        checksum,
        tcpSegmentation,
        udpSegmentation,
        receiveBuffer,
        sendBuffer,
        bufferBudget,
        maxPendingOpens,
        maxPendingOpensPerDestination,
        maxTcpFlows,
        maxUdpFlows,
        udpIdle,
        seed);
  }

  /** Hides the seed, which protects connections against blind injection. */
  @Override
  public String toString() {
    return "StackConfig[mtu=%d, vnetHeader=%b, checksum=%b, tcpSegmentation=%b, udpSegmentation=%b]"
        .formatted(mtu, vnetHeader, checksum, tcpSegmentation, udpSegmentation);
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
  }
}
