package dev.ktd.relay;

import io.netty.channel.unix.Errors.NativeIoException;
import java.io.IOException;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Frames that the device did not take, by the kernel's reason (linux drivers/net/tun.c). Logged
 * when their number doubles: they repeat. On the event loop.
 */
final class DeviceLosses {
  private static final Logger log = LoggerFactory.getLogger(DeviceLosses.class);

  /** Why a write to a TUN device fails. */
  enum Reason {
    EAGAIN(11, "its socket buffer is full"),
    EIO(5, "the interface is down"),
    EINVAL(22, "the kernel rejects the frame: a defect of ktd, or an offload it does not have"),
    EBADFD(77, "the descriptor is detached from its interface"),
    ENOMEM(12, "the kernel has no memory"),
    OTHER(0, "the write failed");

    private final int number;
    private final String meaning;

    Reason(int number, String meaning) {
      this.number = number;
      this.meaning = meaning;
    }

    static Reason of(IOException failure) {
      if (failure instanceof NativeIoException told) {
        for (Reason reason : values()) {
          if (reason.number == -told.expectedErr()) {
            return reason;
          }
        }
      }
      return OTHER;
    }
  }

  private final Map<Reason, Long> counts = new EnumMap<>(Reason.class);

  void add(IOException failure) {
    add(Reason.of(failure), failure.toString());
  }

  /** Netty tells EAGAIN by writing nothing. */
  void full() {
    add(Reason.EAGAIN, "EAGAIN");
  }

  private void add(Reason reason, String failure) {
    long count = counts.merge(reason, 1L, Long::sum);
    if (Long.bitCount(count) == 1) {
      log.warn("{} frames not written to the TUN device: {} ({})", count, reason.meaning, failure);
    }
  }

  /** As {@code drops.device.eio}: parts of the stack's own {@code drops.device}. */
  Map<String, Long> counters() {
    Map<String, Long> named = new LinkedHashMap<>();
    for (Reason reason : Reason.values()) {
      String name = reason.name().toLowerCase(java.util.Locale.ROOT);
      named.put("drops.device." + name, counts.getOrDefault(reason, 0L));
    }
    return named;
  }
}
