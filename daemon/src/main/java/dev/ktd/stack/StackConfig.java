package dev.ktd.stack;

import java.time.Duration;

/**
 * What a {@link UserspaceStack} may use and what its device can do.
 *
 * @param mtu of the device in bytes, without the virtio header; 1280 to 65535
 * @param seed of initial sequence numbers and of hashing; secret, from a good source of randomness
 */
public record StackConfig(int mtu, Offloads offloads, Buffers buffers, Limits limits, long seed) {

  public StackConfig {
    require(mtu >= 1280 && mtu <= 65535, "mtu must be 1280 to 65535");
  }

  /**
   * What the device does for the stack, found by probing it.
   *
   * @param vnetHeader frames start with the 10 bytes of {@code struct virtio_net_hdr}; without it
   *     the three others must be false
   * @param checksum the device finishes checksums that the stack leaves partial
   * @param tcpSegmentation the device takes TCP super-segments of up to 64 KiB
   * @param udpSegmentation the device may hand over UDP super-datagrams (USO); none are sent
   */
  public record Offloads(
      boolean vnetHeader, boolean checksum, boolean tcpSegmentation, boolean udpSegmentation) {
    public static final Offloads NONE = new Offloads(false, false, false, false);
    public static final Offloads ALL = new Offloads(true, true, true, true);

    public Offloads {
      require(
          vnetHeader || !(checksum || tcpSegmentation || udpSegmentation),
          "offloads need the virtio header");
      require(checksum || !tcpSegmentation, "tcpSegmentation needs checksum");
    }
  }

  /**
   * Memory, in bytes.
   *
   * @param receive what a flow keeps for its listener, and so the largest receive window; 2 KiB to
   *     16 MiB
   * @param send what a flow keeps for the local program until it is acknowledged; 2 KiB to 64 MiB.
   *     What a relay has beyond it waits in the relay's own memory
   * @param budget over all flows, at least 1 MiB. What local programs send beyond it is dropped
   *     unread (they repeat it) and new connections wait; what is written to programs may take a
   *     quarter of it on top, then {@link TcpFlow#writable} is nothing; a quarter is kept for what
   *     programs send, so that programs that do not read stop no uploads
   */
  public record Buffers(int receive, int send, long budget) {
    public Buffers {
      require(receive >= 2048 && receive <= 1 << 24, "receive must be 2 KiB to 16 MiB");
      require(send >= 2048 && send <= 1 << 26, "send must be 2 KiB to 64 MiB");
      require(budget >= 1 << 20, "budget must be at least 1 MiB");
    }
  }

  /**
   * Numbers of flows.
   *
   * @param pendingOpens connections that wait for {@link TcpFlow#accept}, and so dials under way; a
   *     quarter of it is for destinations that have answered before. Beyond it the one that has
   *     waited for longest, a second at least, gives way, or the SYN is dropped and the kernel
   *     repeats it
   * @param pendingOpensPerDestination the same for one address and port; beyond it SYNs are dropped
   * @param tcpFlows connections, pending ones included
   * @param udpFlows beyond it the flow that was idle for longest is forgotten
   * @param udpIdle after which a UDP flow is forgotten
   */
  public record Limits(
      int pendingOpens,
      int pendingOpensPerDestination,
      int tcpFlows,
      int udpFlows,
      Duration udpIdle) {
    public Limits {
      require(pendingOpens > 0 && pendingOpensPerDestination > 0, "pending opens must be > 0");
      require(tcpFlows > 0 && udpFlows > 0, "flows must be > 0");
      require(udpIdle.isPositive(), "udpIdle must be > 0");
    }
  }

  /**
   * What suits a developer's machine: 1 MiB to receive, 2.25 MiB to send, 256 MiB over all, 16,384
   * connections of which 1,024 may be pending (512 for each destination), 4,096 UDP flows forgotten
   * after a minute; no offload.
   */
  public static StackConfig defaults(int mtu, long seed) {
    return new StackConfig(
        mtu,
        Offloads.NONE,
        new Buffers(1 << 20, (2 << 20) + (1 << 18), 256L << 20),
        new Limits(1024, 512, 16_384, 4096, Duration.ofMinutes(1)),
        seed);
  }

  public StackConfig with(Offloads other) {
    return new StackConfig(mtu, other, buffers, limits, seed);
  }

  public StackConfig with(Buffers other) {
    return new StackConfig(mtu, offloads, other, limits, seed);
  }

  public StackConfig with(Limits other) {
    return new StackConfig(mtu, offloads, buffers, other, seed);
  }

  /** Hides the seed, which protects connections against blind injection. */
  @Override
  public String toString() {
    return "StackConfig[mtu=%d, %s, %s, %s]".formatted(mtu, offloads, buffers, limits);
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
  }
}
