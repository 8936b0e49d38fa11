package dev.ktd.testbed;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * A wire between a program and its server that can be made long, and cut in every way: a TCP relay
 * at full speed, with bounded memory and back-pressure in both directions. One thread moves all
 * bytes; its methods may be called from any other, and have taken effect when they return.
 *
 * <p>{@link #main} is the same in a process of its own, for another network namespace; {@link
 * WireProcess} is its handle.
 */
public final class WireRelay implements AutoCloseable {

  /**
   * What has gone through.
   *
   * @param accepted connections since the start
   * @param open those that are open now, silent ones included
   * @param silent those that are open and pass nothing
   * @param bytesUp from clients to the target, since the start
   * @param bytesDown from the target to clients
   */
  public record Counts(long accepted, int open, int silent, long bytesUp, long bytesDown) {
    @Override
    public String toString() {
      return "accepted=%d open=%d silent=%d up=%d down=%d"
          .formatted(accepted, open, silent, bytesUp, bytesDown);
    }
  }

  private static final long ORDER_SECONDS = 30;

  private final Queue<Runnable> orders = new ConcurrentLinkedQueue<>();
  private final Set<WireLink> links = new HashSet<>();
  private final InetSocketAddress address;
  private final InetSocketAddress target;
  private final Selector selector;
  private final Thread thread;
  private ServerSocketChannel listener;
  private long roundTripNanos;
  private boolean newOnesAreSilent;
  private boolean running = true;
  private Counts closedOnes = new Counts(0, 0, 0, 0, 0);

  private WireRelay(InetSocketAddress listen, InetSocketAddress target) throws IOException {
    this.target = target;
    selector = Selector.open();
    listener = ServerSocketChannel.open();
    listener.bind(listen, 1024);
    address = (InetSocketAddress) listener.getLocalAddress();
    watchListener();
    thread =
        Thread.ofPlatform().daemon().name("wire-relay-" + address.getPort()).unstarted(this::loop);
  }

  /**
   * Starts one that passes everything at once.
   *
   * @param listen where clients connect; port 0 for any
   * @param target where each of their connections goes
   */
  public static WireRelay start(InetSocketAddress listen, InetSocketAddress target) {
    try {
      var relay = new WireRelay(listen, target);
      relay.thread.start();
      return relay;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot relay from " + listen, e);
    }
  }

  public InetSocketAddress address() {
    return address;
  }

  /**
   * Makes the wire so long: half of the time in each direction. Also a connect takes one round trip
   * more.
   */
  public void delay(Duration roundTrip) {
    order(
        () -> {
          roundTripNanos = roundTrip.toNanos();
          links.forEach(link -> link.delay(roundTripNanos));
          return roundTrip;
        });
  }

  /** RST to both ends of all connections; new ones work. */
  public void reset() {
    forAll(WireLink::reset);
  }

  /** FIN to both ends of all connections; new ones work. */
  public void end() {
    long now = System.nanoTime();
    forAll(link -> link.end(now));
  }

  /** A black hole: all connections stay open and pass nothing; new ones work. */
  public void silence() {
    long now = System.nanoTime();
    forAll(link -> link.silent(true, now));
  }

  /** A black hole for new connections as well: the wire takes them, and passes nothing. */
  public void silenceAll() {
    order(() -> newOnesAreSilent = true);
    silence();
  }

  /** New connections are refused; those that are open go on. */
  public void refuse() {
    order(
        () -> {
          closeListener();
          return true;
        });
  }

  /** New connections work, and silent ones go on where they stopped. */
  public void normal() {
    order(
        () -> {
          newOnesAreSilent = false;
          if (!listener.isOpen()) {
            listenAgain();
          }
          return true;
        });
    long now = System.nanoTime();
    forAll(link -> link.silent(false, now));
  }

  public Counts counts() {
    return order(
        () ->
            new Counts(
                closedOnes.accepted,
                links.size(),
                (int) links.stream().filter(WireLink::isSilent).count(),
                closedOnes.bytesUp + links.stream().mapToLong(WireLink::bytesUp).sum(),
                closedOnes.bytesDown + links.stream().mapToLong(WireLink::bytesDown).sum()));
  }

  /** Resets all connections and ends; a second time changes nothing. */
  @Override
  public void close() {
    if (thread.isAlive()) {
      reset();
      order(() -> running = false);
    }
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void forAll(Consumer<WireLink> action) {
    order(
        () -> {
          links.forEach(action);
          return true;
        });
  }

  private <T> T order(Supplier<T> order) {
    var done = new CompletableFuture<T>();
    orders.add(() -> done.completeAsync(order, Runnable::run));
    selector.wakeup();
    try {
      return done.orTimeout(ORDER_SECONDS, TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  // --- on the relay's thread ---

  private void loop() {
    try (selector) {
      while (running) {
        await();
        for (Runnable order = orders.poll(); order != null; order = orders.poll()) {
          order.run();
        }
        long now = System.nanoTime();
        for (WireLink link : links) {
          if (link.nextTurn() <= now + DelayLine.SLACK_NANOS) {
            link.turn(now);
          }
        }
        links.removeIf(this::isOver);
      }
      closeListener();
    } catch (IOException e) {
      throw new UncheckedIOException("the relay on " + address + " ended", e);
    }
  }

  private void ready(SelectionKey key) {
    if (key.attachment() instanceof WireLink link) {
      link.turn(System.nanoTime());
    } else {
      accept();
    }
  }

  private void await() throws IOException {
    long next = Long.MAX_VALUE;
    for (WireLink link : links) {
      next = Math.min(next, link.nextTurn());
    }
    long millis =
        next == Long.MAX_VALUE
            ? Long.MAX_VALUE
            : (next - System.nanoTime() + DelayLine.SLACK_NANOS) / 1_000_000;
    if (millis <= 0) {
      selector.selectNow(this::ready);
    } else {
      selector.select(this::ready, millis);
    }
  }

  private void accept() {
    try {
      for (SocketChannel client = listener.accept(); client != null; client = listener.accept()) {
        long now = System.nanoTime();
        var link = new WireLink(client, target, selector, roundTripNanos, now);
        links.add(link);
        link.silent(newOnesAreSilent, now);
        closedOnes =
            new Counts(closedOnes.accepted + 1, 0, 0, closedOnes.bytesUp, closedOnes.bytesDown);
      }
    } catch (IOException e) {
      System.err.println("wire relay: a connection was not accepted: " + e);
    }
  }

  private boolean isOver(WireLink link) {
    if (link.isClosed()) {
      closedOnes =
          new Counts(
              closedOnes.accepted,
              0,
              0,
              closedOnes.bytesUp + link.bytesUp(),
              closedOnes.bytesDown + link.bytesDown());
    }
    return link.isClosed();
  }

  private void watchListener() throws IOException {
    listener.configureBlocking(false);
    listener.register(selector, SelectionKey.OP_ACCEPT);
  }

  private void listenAgain() {
    try {
      listener = ServerSocketChannel.open();
      listener.bind(address, 1024);
      watchListener();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot listen on " + address + " again", e);
    }
  }

  private void closeListener() {
    try {
      listener.close();
      selector.selectNow(key -> {}); // only now does the kernel refuse
    } catch (IOException e) {
      throw new UncheckedIOException("cannot stop listening on " + address, e);
    }
  }

  /**
   * Arguments: LISTEN-ADDRESS PORT TARGET-ADDRESS PORT. The first line of output is the port. Then
   * each line of input is an order (delay MILLIS, reset, end, silence, silence-all, refuse, normal,
   * counts), and is answered by a line with the counts. The end of input ends the process.
   */
  public static void main(String[] arguments) throws IOException {
    var listen = new InetSocketAddress(arguments[0], Integer.parseInt(arguments[1]));
    var target = new InetSocketAddress(arguments[2], Integer.parseInt(arguments[3]));
    try (WireRelay relay = start(listen, target);
        var input =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII))) {
      System.out.println(relay.address().getPort());
      for (String line = input.readLine(); line != null; line = input.readLine()) {
        obey(relay, line.split(" ", 2));
        System.out.println(relay.counts());
      }
    }
  }

  private static void obey(WireRelay relay, String[] words) {
    switch (words[0]) {
      case "delay" -> relay.delay(Duration.ofMillis(Long.parseLong(words[1])));
      case "reset" -> relay.reset();
      case "end" -> relay.end();
      case "silence" -> relay.silence();
      case "silence-all" -> relay.silenceAll();
      case "refuse" -> relay.refuse();
      case "normal" -> relay.normal();
      case "counts" -> {}
      default -> throw new IllegalArgumentException("no order " + words[0]);
    }
  }
}
