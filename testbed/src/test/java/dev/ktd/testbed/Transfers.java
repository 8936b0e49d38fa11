package dev.ktd.testbed;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A program on the laptop with connections to an echo server, all of which send all the time; each
 * byte that comes back is compared with what was sent. {@link TransferProcess} is its handle.
 */
final class Transfers {
  private static final int BLOCK = 16 * 1024;
  private static final int BLOCKS_ON_THE_WAY = 16;
  private static final int CONNECT_MILLIS = 30_000;
  private static final long POLL_NANOS = 1_000_000;

  /**
   * How the connections are.
   *
   * @param open send and receive
   * @param behind of these, wait for the first byte that was sent after they were asked
   * @param whole ended when they were told to, and all came back
   * @param reset ended by RST
   * @param broken ended in another way, or another byte came than was due
   * @param bytes came back as they were sent, on all of them
   */
  record Counts(int open, int behind, int whole, int reset, int broken, long bytes) {
    @Override
    public String toString() {
      return "%d %d %d %d %d %d".formatted(open, behind, whole, reset, broken, bytes);
    }

    static Counts parse(String line) {
      long[] n = Arrays.stream(line.split(" ", -1)).mapToLong(Long::parseLong).toArray();
      return new Counts((int) n[0], (int) n[1], (int) n[2], (int) n[3], (int) n[4], n[5]);
    }
  }

  private final List<Transfer> transfers = new ArrayList<>();

  /** Between two blocks of one connection; 0: none. */
  private final long pauseNanos;

  private volatile boolean finishing;

  private Transfers(long pauseNanos) {
    this.pauseNanos = pauseNanos;
  }

  /**
   * Arguments: HOST PORT CONNECTIONS SEED PAUSE-MILLIS. A first line of output says that all are
   * open. Then each line of input is an order with a time limit in milliseconds, and is answered by
   * {@link Counts} as soon as it is done: {@code round} when a byte sent from now on has come back
   * on each open connection, {@code ended} when none is open, {@code finish} tells them to end
   * well. The end of input ends the process.
   */
  public static void main(String[] arguments) throws IOException {
    var address = new InetSocketAddress(arguments[0], Integer.parseInt(arguments[1]));
    long seed = Long.parseLong(arguments[3]);
    var all = new Transfers(TimeUnit.MILLISECONDS.toNanos(Long.parseLong(arguments[4])));
    for (int i = 0; i < Integer.parseInt(arguments[2]); i++) {
      all.open(address, seed + i);
    }
    System.out.println("open");
    var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      String[] words = line.split(" ", -1);
      System.out.println(all.obey(words[0], Duration.ofMillis(Long.parseLong(words[1]))));
    }
    System.exit(0);
  }

  private void open(InetSocketAddress address, long seed) throws IOException {
    var socket = new Socket();
    socket.connect(address, CONNECT_MILLIS);
    var transfer = new Transfer(socket, seed);
    transfers.add(transfer);
    transfer.sender.start();
    Thread.ofVirtual().start(transfer::receive);
  }

  private Counts obey(String order, Duration limit) {
    long deadline = System.nanoTime() + limit.toNanos();
    transfers.forEach(transfer -> transfer.mark = transfer.begun);
    finishing |= order.equals("finish");
    Predicate<Counts> done =
        order.equals("round") ? counts -> counts.behind == 0 : counts -> counts.open == 0;
    Counts counts = count();
    while (!done.test(counts) && System.nanoTime() < deadline) {
      LockSupport.parkNanos(POLL_NANOS);
      counts = count();
    }
    return counts;
  }

  private Counts count() {
    int open = 0;
    int behind = 0;
    int whole = 0;
    int reset = 0;
    int broken = 0;
    long bytes = 0;
    for (Transfer transfer : transfers) {
      bytes += transfer.equal;
      End end = transfer.end.get();
      if (end == null) {
        open++;
        behind += transfer.equal > transfer.mark ? 0 : 1;
      } else {
        whole += end == End.WHOLE ? 1 : 0;
        reset += end == End.RESET ? 1 : 0;
        broken += end == End.BROKEN ? 1 : 0;
      }
    }
    return new Counts(open, behind, whole, reset, broken, bytes);
  }

  private enum End {
    WHOLE,
    RESET,
    BROKEN
  }

  /** One connection, with a thread for each direction. */
  private final class Transfer {
    private final Socket socket;
    private final long seed;
    private final Thread sender = Thread.ofVirtual().unstarted(this::send);
    private final Semaphore room = new Semaphore(BLOCKS_ON_THE_WAY);
    private final AtomicReference<@Nullable End> end = new AtomicReference<>();

    /** Bytes of all blocks whose sending has begun. Of the sender's thread. */
    private volatile long begun;

    /** Bytes that came back as they were sent. Of the receiver's thread. */
    private volatile long equal;

    private volatile long mark;

    Transfer(Socket socket, long seed) {
      this.socket = socket;
      this.seed = seed;
    }

    private void send() {
      var random = new SplittableRandom(seed);
      byte[] block = new byte[BLOCK];
      long bytes = 0;
      try {
        OutputStream out = socket.getOutputStream();
        while (!finishing && end.get() == null) {
          if (room.tryAcquire(POLL_NANOS, TimeUnit.NANOSECONDS)) {
            random.nextBytes(block);
            bytes += BLOCK;
            begun = bytes;
            out.write(block);
            LockSupport.parkNanos(pauseNanos);
          }
        }
        socket.shutdownOutput();
      } catch (IOException e) {
        ended(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private void receive() {
      var random = new SplittableRandom(seed);
      byte[] expected = new byte[BLOCK];
      byte[] block = new byte[BLOCK];
      long bytes = 0;
      try (socket) {
        InputStream in = socket.getInputStream();
        while (true) {
          int at = (int) (bytes % BLOCK);
          if (at == 0) {
            random.nextBytes(expected);
          }
          int count = in.read(block, 0, BLOCK - at);
          if (count < 0) {
            over(bytes);
            return;
          }
          int mismatch = Arrays.mismatch(expected, at, at + count, block, 0, count);
          if (mismatch >= 0) {
            broken("another byte than was sent, at " + (bytes + mismatch));
            return;
          }
          bytes += count;
          equal = bytes;
          if (bytes % BLOCK == 0) {
            room.release();
          }
        }
      } catch (IOException e) {
        ended(e);
      }
    }

    private void over(long bytes) {
      try {
        // The kernel tells an RST once only: it may have told the sender.
        sender.join(Duration.ofSeconds(1));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      if (finishing && bytes == begun) {
        end.compareAndSet(null, End.WHOLE);
      } else {
        broken("the end after " + bytes + " of " + begun + " bytes");
      }
    }

    private void ended(IOException why) {
      String message = String.valueOf(why.getMessage());
      if (message.contains("reset") || message.equals("Broken pipe")) {
        end.compareAndSet(null, End.RESET);
      } else {
        broken(why.toString());
      }
    }

    private void broken(String why) {
      if (end.compareAndSet(null, End.BROKEN)) {
        System.err.println("transfer with seed " + seed + ": " + why);
      }
    }
  }
}
