package dev.ktd.bench.tun;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/**
 * Opens and resets connections as fast as the system calls go: a batch of non-blocking connect(2),
 * poll(2) until all are open, close(2) with SO_LINGER 0. Java's own sockets cost more than the
 * stack that is to be measured. Destinations differ in their last byte, so ports never run out.
 */
final class ConnectStorm {
  private static final int AF_INET = 2;
  private static final int SOCK_STREAM = 1;
  private static final int SOCK_NONBLOCK = 0x800;
  private static final int SOL_SOCKET = 1;
  private static final int SO_LINGER = 13;
  private static final short POLLOUT = 4;
  private static final short POLLERR = 8;
  private static final short POLLHUP = 16;
  private static final int POLL_MILLIS = 5_000;
  private static final int POLLFD_BYTES = 8;
  private static final int SOCKADDR_BYTES = 16;

  private static final MethodHandle SOCKET = handle("socket", JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle CONNECT = handle("connect", JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle SETSOCKOPT =
      handle("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle CLOSE = handle("close", JAVA_INT);
  private static final MethodHandle POLL = handle("poll", ADDRESS, JAVA_LONG, JAVA_INT);

  private final byte[] address;
  private final int port;
  private final int batch;
  private int last;
  private long opened;
  private long failed;

  ConnectStorm(InetSocketAddress target, int batch) {
    this.address = target.getAddress().getAddress();
    this.port = target.getPort();
    this.batch = batch;
  }

  private static MethodHandle handle(String name, MemoryLayout... arguments) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow(name), FunctionDescriptor.of(JAVA_INT, arguments));
  }

  /** Runs for so many milliseconds after a warm-up; connections, nanoseconds, failures. */
  String run(int warmUpMillis, int millis) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocate(SOCKADDR_BYTES);
      target.set(JAVA_SHORT, 0, (short) AF_INET);
      target.set(JAVA_BYTE, 2, (byte) (port >>> 8));
      target.set(JAVA_BYTE, 3, (byte) port);
      MemorySegment.copy(address, 0, target, JAVA_BYTE, 4, address.length);
      MemorySegment polled = arena.allocate((long) POLLFD_BYTES * batch, 8);
      MemorySegment linger = arena.allocate(8, 8);
      linger.set(JAVA_INT, 0, 1);
      rounds(warmUpMillis, target, polled, linger);
      opened = 0;
      failed = 0;
      long nanos = rounds(millis, target, polled, linger);
      return opened + " " + nanos + " " + failed;
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Throwable e) {
      throw new IOException(e);
    }
  }

  private long rounds(int millis, MemorySegment target, MemorySegment polled, MemorySegment linger)
      throws Throwable {
    long start = System.nanoTime();
    long end = start + TimeUnit.MILLISECONDS.toNanos(millis);
    long now = start;
    while (now < end) {
      open(target, polled, linger);
      await(polled);
      for (int i = 0; i < batch; i++) {
        int closed = (int) CLOSE.invokeExact(Math.abs(polled.get(JAVA_INT, at(i))));
        if (closed != 0) {
          throw new IOException("close");
        }
      }
      now = System.nanoTime();
    }
    return now - start;
  }

  private static long at(int i) {
    return (long) i * POLLFD_BYTES;
  }

  private void open(MemorySegment target, MemorySegment polled, MemorySegment linger)
      throws Throwable {
    for (int i = 0; i < batch; i++) {
      int descriptor = (int) SOCKET.invokeExact(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      if (descriptor < 0) {
        throw new IOException("socket");
      }
      last = last % 250 + 1;
      target.set(JAVA_BYTE, 7, (byte) last);
      int set = (int) SETSOCKOPT.invokeExact(descriptor, SOL_SOCKET, SO_LINGER, linger, 8);
      // EINPROGRESS; any other failure is seen by poll.
      int begun = (int) CONNECT.invokeExact(descriptor, target, SOCKADDR_BYTES);
      if (set != 0 || begun == 0) {
        throw new IOException("setsockopt " + set + ", connect " + begun);
      }
      polled.set(JAVA_INT, at(i), descriptor);
      polled.set(JAVA_INT, at(i) + 4, POLLOUT);
    }
  }

  private void await(MemorySegment polled) throws Throwable {
    int waiting = batch;
    while (waiting > 0) {
      int ready = (int) POLL.invokeExact(polled, (long) batch, POLL_MILLIS);
      if (ready <= 0) {
        failed += waiting;
        return;
      }
      for (int i = 0; i < batch && ready > 0; i++) {
        short seen = polled.get(JAVA_SHORT, at(i) + 6);
        int descriptor = polled.get(JAVA_INT, at(i));
        if (descriptor < 0 || seen == 0) {
          continue;
        }
        ready--;
        waiting--;
        // poll(2) ignores negative ones; the descriptor is still closed at the end.
        polled.set(JAVA_INT, at(i), -descriptor);
        polled.set(JAVA_SHORT, at(i) + 6, (short) 0);
        if ((seen & (POLLERR | POLLHUP)) != 0) {
          failed++;
        } else {
          opened++;
        }
      }
    }
  }
}
