package dev.ktd.relay;

import dev.ktd.os.TunDevice;

/** What a device is asked for: what newer and older kernels have. */
enum DeviceKind {
  ALL,
  /** Before Linux 6.2. */
  NO_USO,
  CHECKSUM,
  HEADER_ONLY,
  /** No virtio header. */
  BARE;

  TunDevice.Offloads most() {
    return switch (this) {
      case ALL -> TunDevice.Offloads.ALL;
      case NO_USO -> new TunDevice.Offloads(true, true, true, false);
      case CHECKSUM -> new TunDevice.Offloads(true, true, false, false);
      case HEADER_ONLY -> new TunDevice.Offloads(true, false, false, false);
      case BARE -> TunDevice.Offloads.NONE;
    };
  }
}
