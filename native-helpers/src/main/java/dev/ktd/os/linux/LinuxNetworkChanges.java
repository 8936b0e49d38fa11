package dev.ktd.os.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.NativeLong;
import dev.ktd.os.NetworkChanges;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A netlink socket of the family NETLINK_ROUTE (rtnetlink(7)) and a look at the clocks each second,
 * on one thread of its own. Watches the network namespace of the thread that calls {@link #watch}.
 */
final class LinuxNetworkChanges implements NetworkChanges {
  private static final Logger LOG = LoggerFactory.getLogger(LinuxNetworkChanges.class);

  private static final int AF_NETLINK = 16;
  private static final int SOCK_RAW = 3;
  private static final int NETLINK_ROUTE = 0;

  /** RTMGRP_LINK, IPV4_IFADDR, IPV4_ROUTE, IPV6_IFADDR, IPV6_ROUTE (linux/rtnetlink.h). */
  private static final int GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;

  private static final int SOCKADDR_NL = 12;
  private static final int CLOCK_BOOTTIME = 7;
  private static final int BUFFER = 64 * 1024;
  private static final long TICK_NANOS = Duration.ofSeconds(1).toNanos();
  private static final long MERGE_NANOS = Duration.ofMillis(200).toNanos();

  private final LibC libc;

  LinuxNetworkChanges(LibC libc) {
    this.libc = libc;
  }

  @Override
  public Watch watch(String own, Consumer<Kind> listener) {
    int wake = libc.eventfd(0, LibC.O_CLOEXEC); // first: its failure is not survived
    int socket = -1;
    try {
      socket = open();
    } catch (LastErrorException e) {
      LOG.warn("changes of the network cannot be seen (netlink: {})", e.getMessage());
    }
    var messages = new RouteMessages(own, libc.if_nametoindex(own));
    var watch = new Watching(socket, wake, messages, listener);
    watch.thread.start();
    return watch;
  }

  private int open() {
    int socket =
        libc.socket(AF_NETLINK, SOCK_RAW | LibC.O_NONBLOCK | LibC.O_CLOEXEC, NETLINK_ROUTE);
    try (var address = new Memory(SOCKADDR_NL)) {
      address.clear();
      address.setShort(0, (short) AF_NETLINK);
      address.setInt(8, GROUPS);
      libc.bind(socket, address, SOCKADDR_NL);
      return socket;
    } catch (LastErrorException e) {
      libc.close(socket);
      throw e;
    }
  }

  private long bootNanos() {
    try (var time = new Memory(16)) { // struct timespec on 64-bit machines
      libc.clock_gettime(CLOCK_BOOTTIME, time);
      return Duration.ofSeconds(time.getLong(0), time.getLong(8)).toNanos();
    }
  }

  /** One socket and its thread, which closes what it used. */
  private final class Watching implements Watch {
    private static final int POLLFD = 8;
    private static final short POLLIN = 1;

    private final int socket;
    private final int wake;
    private final RouteMessages messages;
    private final Consumer<Kind> listener;
    private final Thread thread;
    private volatile boolean closed;
    private boolean ended;

    /** A change was seen and is not told yet. */
    private boolean changed;

    private long toldAt = System.nanoTime() - MERGE_NANOS;

    Watching(int socket, int wake, RouteMessages messages, Consumer<Kind> listener) {
      this.socket = socket;
      this.wake = wake;
      this.messages = messages;
      this.listener = listener;
      this.thread = Thread.ofPlatform().daemon().name("ktd-changes").unstarted(this::run);
    }

    private void run() {
      // System.nanoTime is CLOCK_MONOTONIC.
      var clocks = new ClockWatch(bootNanos(), System.nanoTime());
      long tickAt = System.nanoTime() + TICK_NANOS;
      try (var polled = new Memory(2 * POLLFD);
          var buffer = new Memory(BUFFER)) {
        while (!closed) {
          long now = System.nanoTime();
          long until = changed ? Math.min(tickAt - now, toldAt + MERGE_NANOS - now) : tickAt - now;
          if (poll(polled, until)) {
            drain(buffer);
          }
          now = System.nanoTime();
          if (changed && now - toldAt >= MERGE_NANOS) {
            changed = false;
            toldAt = now;
            tell(Kind.NETWORK);
          }
          if (now - tickAt >= 0) {
            clocks.tick(bootNanos(), now).ifPresent(this::tell);
            tickAt = now + TICK_NANOS;
          }
        }
      } catch (RuntimeException e) {
        LOG.warn("changes of the network are not seen any more", e);
      } finally {
        end();
      }
    }

    /** Waits; whether the netlink socket has something. A negative descriptor is passed over. */
    private boolean poll(Memory polled, long nanos) {
      polled.clear();
      polled.setInt(0, socket);
      polled.setShort(4, POLLIN);
      polled.setInt(POLLFD, wake);
      polled.setShort(POLLFD + 4, POLLIN);
      try {
        // Rounded up: woken too early, this would turn in circles for the rest of a millisecond.
        int millis = Math.clamp(nanos / 1_000_000 + 1, 1, 1000);
        libc.poll(polled, new NativeLong(2), millis);
        return polled.getShort(6) != 0;
      } catch (LastErrorException e) {
        if (e.getErrorCode() != LibC.EINTR) {
          throw e;
        }
        return false;
      }
    }

    private void drain(Memory buffer) {
      while (true) {
        try {
          int length = libc.recv(socket, buffer, new NativeLong(BUFFER), 0).intValue();
          ByteBuffer bytes = buffer.getByteBuffer(0, length);
          changed |= messages.concernOthers(bytes);
        } catch (LastErrorException e) {
          switch (e.getErrorCode()) {
            case LibC.EAGAIN -> {
              return;
            }
            case LibC.EINTR -> {}
            // So much has changed that the kernel had no room to tell of it.
            case LibC.ENOBUFS -> changed = true;
            default -> throw e;
          }
        }
      }
    }

    private void tell(Kind kind) {
      if (!closed) {
        listener.accept(kind);
      }
    }

    private synchronized void end() {
      ended = true;
      if (socket >= 0) {
        libc.close(socket);
      }
      libc.close(wake);
    }

    @Override
    public void close() {
      synchronized (this) {
        closed = true;
        if (!ended) {
          libc.eventfd_write(wake, 1);
        }
      }
      if (Thread.currentThread() == thread) {
        return;
      }
      boolean interrupted = false;
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true; // it has been woken: it ends in a moment
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
