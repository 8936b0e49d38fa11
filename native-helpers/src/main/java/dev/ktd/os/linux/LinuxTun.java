package dev.ktd.os.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.NativeLong;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.TunDevice;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A TUN device with the virtio header and the offloads that the kernel has (linux/if_tun.h,
 * linux/virtio_net.h). It is not persistent: the kernel removes it when the descriptor is closed,
 * also by the end of the process.
 */
final class LinuxTun implements TunDevice {
  private static final String CLONE_DEVICE = "/dev/net/tun";

  private static final long TUNSETIFF = 0x400454caL;
  private static final long TUNSETOFFLOAD = 0x400454d0L;

  private static final short IFF_TUN = 0x0001;
  private static final short IFF_NO_PI = 0x1000;
  private static final short IFF_VNET_HDR = 0x4000;

  /** EBUSY rather than sharing a device that someone else left or made. */
  private static final short IFF_TUN_EXCL = (short) 0x8000;

  private static final int TUN_F_CSUM = 0x01;
  private static final int TUN_F_TSO4 = 0x02;
  private static final int TUN_F_TSO6 = 0x04;
  private static final int TUN_F_USO4 = 0x20;
  private static final int TUN_F_USO6 = 0x40;

  /** struct ifreq on 64-bit machines: name[16], then a union, here of u16 flags. */
  private static final int IFREQ_BYTES = 40;

  private static final int IFNAMSIZ = 16;

  private final LibC libc;
  private final int descriptor;
  private final String name;
  private final int mtu;
  private final Offloads offloads;
  private final Runnable onClose;
  private final AtomicBoolean closed = new AtomicBoolean();

  private LinuxTun(
      LibC libc, int descriptor, String name, int mtu, Offloads offloads, Runnable onClose) {
    this.libc = libc;
    this.descriptor = descriptor;
    this.name = name;
    this.mtu = mtu;
    this.offloads = offloads;
    this.onClose = onClose;
  }

  /**
   * Makes the device; it has no address and is down.
   *
   * @param most not to be gone beyond; the kernel may have less
   * @param onClose called once, after the device is gone
   */
  static LinuxTun open(
      LibC libc, Processes processes, String name, int mtu, Offloads most, Runnable onClose) {
    if (name.isEmpty() || name.length() >= IFNAMSIZ || !name.matches("[A-Za-z0-9_.-]+")) {
      throw new KtdException(
          ErrorCode.TUN, "\"" + name + "\" cannot be the name of a network device", null);
    }
    int descriptor = openCloneDevice(libc);
    try {
      boolean vnetHeader = attach(libc, processes, descriptor, name, most.vnetHeader());
      Offloads offloads = vnetHeader ? probe(libc, descriptor, most) : Offloads.NONE;
      return new LinuxTun(libc, descriptor, name, mtu, offloads, onClose);
    } catch (RuntimeException e) {
      libc.close(descriptor);
      throw e;
    }
  }

  private static int openCloneDevice(LibC libc) {
    try {
      return libc.open(CLONE_DEVICE, LibC.O_RDWR | LibC.O_NONBLOCK | LibC.O_CLOEXEC);
    } catch (LastErrorException e) {
      throw switch (e.getErrorCode()) {
        case LibC.EPERM, LibC.EACCES -> noPermission("open " + CLONE_DEVICE, e);
        case LibC.ENOENT, LibC.ENODEV, LibC.ENXIO ->
            new KtdException(
                ErrorCode.TUN,
                "there is no TUN driver: " + CLONE_DEVICE + ": " + e.getMessage(),
                "Load it:  sudo modprobe tun        In a container, give it the device:  "
                    + "--device /dev/net/tun --cap-add NET_ADMIN",
                e);
        default ->
            new KtdException(
                ErrorCode.TUN, "cannot open " + CLONE_DEVICE + ": " + e.getMessage(), null, e);
      };
    }
  }

  /** Whether frames have a virtio header now: a kernel without it refuses the flag (EINVAL). */
  private static boolean attach(
      LibC libc, Processes processes, int descriptor, String name, boolean vnetHeader) {
    try {
      if (vnetHeader) {
        try {
          setInterface(libc, descriptor, name, IFF_VNET_HDR);
          return true;
        } catch (LastErrorException e) {
          if (e.getErrorCode() != LibC.EINVAL) {
            throw e;
          }
        }
      }
      setInterface(libc, descriptor, name, (short) 0);
      return false;
    } catch (LastErrorException e) {
      throw switch (e.getErrorCode()) {
        case LibC.EPERM, LibC.EACCES -> noPermission("make the TUN device " + name, e);
        case LibC.EBUSY, LibC.EEXIST -> nameTaken(processes, name, e);
        default ->
            new KtdException(
                ErrorCode.TUN,
                "cannot make the TUN device " + name + ": " + e.getMessage(),
                null,
                e);
      };
    }
  }

  private static void setInterface(LibC libc, int descriptor, String name, short more) {
    try (var request = new Memory(IFREQ_BYTES)) {
      request.clear();
      byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
      request.write(0, bytes, 0, bytes.length);
      request.setShort(IFNAMSIZ, (short) (IFF_TUN | IFF_NO_PI | IFF_TUN_EXCL | more));
      libc.ioctl(descriptor, new NativeLong(TUNSETIFF, true), request);
    }
  }

  private static KtdException nameTaken(Processes processes, String name, LastErrorException e) {
    return processes
        .holderOfTun(name)
        .map(
            holder ->
                new KtdException(
                    ErrorCode.TUN,
                    "the network device " + name + " belongs to " + holder,
                    "If that is a ktd:  ktd down        Else end it:  sudo kill " + holder.pid(),
                    e))
        .orElseGet(
            () ->
                new KtdException(
                    ErrorCode.TUN,
                    "there is already a network device " + name + ", and no process holds it",
                    "Look at it:  ip -d link show "
                        + name
                        + "        If nobody needs it:  sudo ip link delete "
                        + name,
                    e));
  }

  private static KtdException noPermission(String what, LastErrorException e) {
    return new KtdException(
        ErrorCode.PERMISSION,
        "not allowed to " + what + ": " + e.getMessage(),
        "Run it with sudo. In a container:  --cap-add NET_ADMIN --device /dev/net/tun",
        e);
  }

  /** Unknown bits are refused as a whole: ask for all, then for less. USO is from Linux 6.2. */
  private static Offloads probe(LibC libc, int descriptor, Offloads most) {
    int tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
    if (most.udpSegmentation() && takes(libc, descriptor, tcp | TUN_F_USO4 | TUN_F_USO6)) {
      return new Offloads(true, true, true, true);
    }
    if (most.tcpSegmentation() && takes(libc, descriptor, tcp)) {
      return new Offloads(true, true, true, false);
    }
    if (most.checksum() && takes(libc, descriptor, TUN_F_CSUM)) {
      return new Offloads(true, true, false, false);
    }
    takes(libc, descriptor, 0);
    return new Offloads(true, false, false, false);
  }

  private static boolean takes(LibC libc, int descriptor, int offloads) {
    try {
      // The argument is the value itself, an unsigned long, not a pointer to it.
      libc.ioctl(descriptor, new NativeLong(TUNSETOFFLOAD, true), new NativeLong(offloads));
      return true;
    } catch (LastErrorException e) {
      return false;
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int mtu() {
    return mtu;
  }

  @Override
  public Offloads offloads() {
    return offloads;
  }

  @Override
  public int descriptor() {
    return descriptor;
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      libc.close(descriptor);
      onClose.run();
    }
  }
}
