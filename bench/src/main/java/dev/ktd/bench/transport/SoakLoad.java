package dev.ktd.bench.transport;

import dev.ktd.bench.figures.Report;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProtocolException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What programs do all day, at once and for as long as it is wanted. Every byte that comes back is
 * compared. Connections must survive whatever happens to the way, so one that fails is as bad as a
 * wrong byte; datagrams and names may be lost while there is no way.
 */
final class SoakLoad {
  /** Something that programs do; each is counted by itself. */
  enum Kind {
    /** As much as goes through, there and back over one connection. */
    BULK(true),
    /** The same, whose reader sleeps at first. */
    STALLED(true),
    /** Connect, GET, close. */
    SHORT(true),
    /** A byte there and back over connections that are silent for half a minute. */
    IDLE(true),
    DATAGRAM(false),
    /** By the C library, as programs look names up. */
    NAME(false);

    /** Whether it must never fail. */
    final boolean reliable;

    Kind(boolean reliable) {
      this.reliable = reliable;
    }
  }

  private static final String WEB_NAME = "web.default.svc.cluster.local";
  private static final int PATIENCE_MILLIS = 30_000;
  private static final int SEND_MILLIS = 15_000;
  private static final int STALL_MILLIS = 10_000;
  private static final int IDLE_CONNECTIONS = 100;
  private static final int IDLE_MILLIS = 30_000;
  private static final int DATAGRAMS_A_FLOW = 200;
  private static final int DATAGRAM_BYTES = 512;
  private static final int DATAGRAM_PAUSE_MILLIS = 50;
  private static final int DATAGRAM_PATIENCE_MILLIS = 1_000;

  /** How often it was done, and how often in vain. */
  private record Count(AtomicInteger done, AtomicInteger failed) {}

  private final Endpoint echo;
  private final Endpoint web;
  private final Map<Kind, Count> counts = new EnumMap<>(Kind.class);
  private final AtomicInteger faults = new AtomicInteger();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean running = true;

  /** Begins. */
  SoakLoad(Candidate candidate) {
    this.echo = candidate.to(Target.ECHO);
    this.web = candidate.to(Target.WEB);
    repeat(Kind.BULK, 2, 1_000, () -> transfer(0));
    repeat(Kind.STALLED, 4, 1_000, () -> transfer(STALL_MILLIS));
    repeat(Kind.SHORT, 4, 20, this::get);
    repeat(Kind.IDLE, 1, 0, this::idle);
    repeat(Kind.DATAGRAM, 1, 0, this::datagrams);
    repeat(Kind.NAME, 1, 200, this::names);
  }

  Map<Kind, Integer> done() {
    Map<Kind, Integer> done = new EnumMap<>(Kind.class);
    for (Kind kind : Kind.values()) {
      done.put(kind, done(kind));
    }
    return done;
  }

  int done(Kind kind) {
    return count(kind).done.get();
  }

  int failed(Kind kind) {
    return count(kind).failed.get();
  }

  /** Connections that were lost, and answers that were wrong. */
  int faults() {
    return faults.get();
  }

  /** Nothing new begins. */
  void stop() {
    running = false;
  }

  /** Ends when what has begun is over: after a minute at most. */
  void finish() throws InterruptedException {
    stop();
    for (Thread thread : threads) {
      thread.join();
    }
  }

  private Count count(Kind kind) {
    synchronized (counts) {
      return counts.computeIfAbsent(kind, _ -> new Count(new AtomicInteger(), new AtomicInteger()));
    }
  }

  private interface Job {
    /**
     * @throws ProtocolException when the answer was wrong
     * @throws IOException when it was in vain
     */
    void run() throws IOException, InterruptedException;
  }

  private void repeat(Kind kind, int times, int pauseMillis, Job job) {
    for (int i = 0; i < times; i++) {
      threads.add(
          Thread.ofPlatform()
              .daemon()
              .name("soak-" + kind)
              .start(() -> loop(kind, pauseMillis, job)));
    }
  }

  private void loop(Kind kind, int pauseMillis, Job job) {
    try {
      while (running) {
        once(kind, job);
        TimeUnit.MILLISECONDS.sleep(pauseMillis);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void once(Kind kind, Job job) throws InterruptedException {
    try {
      job.run();
      count(kind).done.incrementAndGet();
    } catch (IOException e) {
      count(kind).failed.incrementAndGet();
      if (kind.reliable || e instanceof ProtocolException) {
        faults.incrementAndGet();
        Report.line("  " + kind + " failed: " + e);
      }
      TimeUnit.SECONDS.sleep(1);
    }
  }

  private void transfer(int stallMillis) throws IOException, InterruptedException {
    var seen = new CheckedTransfer(echo).run(SEND_MILLIS, stallMillis, PATIENCE_MILLIS);
    if (!seen.whole()) {
      throw new IOException(seen.sent() + " bytes sent, came back equal: " + seen.equal());
    }
  }

  private void get() throws IOException {
    try (Socket socket = Dial.open(web, PATIENCE_MILLIS)) {
      Requests.get(socket);
    }
  }

  private void idle() throws IOException, InterruptedException {
    List<Socket> open = new ArrayList<>();
    try {
      while (open.size() < IDLE_CONNECTIONS) {
        open.add(Dial.open(echo, PATIENCE_MILLIS));
      }
      for (int i = 0; running; i = (i + 1) % IDLE_CONNECTIONS) {
        Socket socket = open.get(i);
        socket.getOutputStream().write(i);
        int back = socket.getInputStream().read();
        if (back != i) {
          throw new IOException("sent " + i + ", came back: " + back);
        }
        count(Kind.IDLE).done.incrementAndGet();
        TimeUnit.MILLISECONDS.sleep(IDLE_MILLIS / IDLE_CONNECTIONS);
      }
    } finally {
      for (Socket socket : open) {
        socket.close();
      }
    }
  }

  /** Over a new flow each time, so that old ones must be forgotten. */
  private void datagrams() throws IOException, InterruptedException {
    var random = new SplittableRandom();
    byte[] sent = new byte[DATAGRAM_BYTES];
    byte[] back = new byte[DATAGRAM_BYTES];
    try (var socket = new DatagramSocket()) {
      socket.connect(new InetSocketAddress(InetAddress.ofLiteral(echo.address()), echo.port()));
      socket.setSoTimeout(DATAGRAM_PATIENCE_MILLIS);
      for (int i = 0; i < DATAGRAMS_A_FLOW && running; i++) {
        random.nextBytes(sent);
        socket.send(new DatagramPacket(sent, sent.length));
        var answer = new DatagramPacket(back, back.length);
        try {
          socket.receive(answer);
          count(Kind.DATAGRAM).done.incrementAndGet();
        } catch (SocketTimeoutException _) {
          count(Kind.DATAGRAM).failed.incrementAndGet();
          return; // a late answer would be taken for a wrong one
        }
        if (answer.getLength() != sent.length || !Arrays.equals(sent, back)) {
          throw new ProtocolException("a datagram came back with other bytes");
        }
        TimeUnit.MILLISECONDS.sleep(DATAGRAM_PAUSE_MILLIS);
      }
    }
  }

  private void names() throws IOException {
    List<InetAddress> told = List.of(InetAddress.getAllByName(WEB_NAME));
    if (!told.equals(List.of(InetAddress.ofLiteral(web.address())))) {
      throw new ProtocolException(WEB_NAME + " is told to be " + told);
    }
  }
}
