package dev.ktd.os;

/**
 * A TUN interface that exists and is up. Frames are read and written through {@link #descriptor()}
 * by its owner's event loop; closing removes the interface and the kernel drops its routes.
 */
public interface TunDevice extends AutoCloseable {
  String name();

  /** In bytes, without the virtio header. */
  int mtu();

  Offloads offloads();

  /** The open, non-blocking file descriptor. Owned by this object: do not close it. */
  int descriptor();

  @Override
  void close();

  /**
   * What the kernel lets us leave out, found by probing TUNSETOFFLOAD. Without {@code vnetHeader}
   * all others are false and frames are bare IP packets; with it each frame starts with the 10
   * bytes of {@code struct virtio_net_hdr}, little-endian (linux/virtio_net.h).
   *
   * @param checksum partial checksums may be written and are read
   * @param tcpSegmentation super-segments of up to 64 KiB both ways (TSO4 and TSO6)
   * @param udpSegmentation the same for UDP (USO4 and USO6, Linux 6.2)
   */
  record Offloads(
      boolean vnetHeader, boolean checksum, boolean tcpSegmentation, boolean udpSegmentation) {
    public static final Offloads NONE = new Offloads(false, false, false, false);
    public static final Offloads ALL = new Offloads(true, true, true, true);

    public Offloads {
      boolean chained =
          (vnetHeader || !checksum)
              && (checksum || !tcpSegmentation)
              && (tcpSegmentation || !udpSegmentation);
      if (!chained) {
        throw new IllegalArgumentException(
            "UDP segmentation needs that of TCP, this checksums, and these the virtio header");
      }
    }
  }
}
