package dev.ktd.os.linux;

import com.sun.jna.NativeLong;
import dev.ktd.os.TunDevice;

/**
 * A device whose offloads were taken back, as on a kernel that has none: every frame is at most one
 * MTU long and its checksum complete. The virtio header stays.
 */
public record PlainTun(TunDevice device) implements TunDevice {
  private static final long TUNSETOFFLOAD = 0x400454d0L;

  /** Takes them back; the device still belongs to the caller. */
  public PlainTun {
    LibC.load().ioctl(device.descriptor(), new NativeLong(TUNSETOFFLOAD, true), new NativeLong(0));
  }

  @Override
  public String name() {
    return device.name();
  }

  @Override
  public int mtu() {
    return device.mtu();
  }

  @Override
  public Offloads offloads() {
    return new Offloads(true, false, false, false);
  }

  @Override
  public int descriptor() {
    return device.descriptor();
  }

  @Override
  public void close() {
    device.close();
  }
}
