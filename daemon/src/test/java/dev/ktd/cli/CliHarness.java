package dev.ktd.cli;

import dev.ktd.control.Account;
import dev.ktd.control.ControlClient;
import dev.ktd.control.ControlServer;
import dev.ktd.control.Event;
import dev.ktd.control.Request;
import dev.ktd.control.RequestHandler;
import dev.ktd.control.StatusReport;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A command line with its own terminal, person and daemon on a socket of its own. */
final class CliHarness implements AutoCloseable, RequestHandler, Interrupts, Terminal {
  /** What {@code up} or {@code down} does. */
  @FunctionalInterface
  interface Script {
    String run(Consumer<Event> events) throws InterruptedException;
  }

  final Map<String, String> environment =
      new HashMap<>(Map.of("PATH", "/bin", "HOME", "/home/ana"));
  final List<Request.Up> ups = new ArrayList<>();
  final List<String> calls = new ArrayList<>();
  final CountDownLatch asked = new CountDownLatch(1);
  final CountDownLatch signal = new CountDownLatch(1);
  int uid;
  int gid;
  boolean live;
  boolean colour;
  int width = 80;
  Recovery recovery = List::of;
  Script up = events -> "Connected in 1.9 s.";
  Script down = events -> "Disconnected.";
  volatile StatusReport report = StatusReport.idle();

  final Path configuration;

  private final Path socket;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private @Nullable ControlServer server;
  private @Nullable Runnable onSignal; // by this

  CliHarness(Path directory) {
    socket = directory.resolve("ktd.sock");
    configuration = directory.resolve("ktd.properties");
  }

  CliHarness startDaemon() {
    server = ControlServer.start(socket, this);
    return this;
  }

  /** One that is ending may hold its lock for a moment longer than its socket. */
  private void startDaemonAfterAnother() {
    long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (true) {
      try {
        startDaemon();
        return;
      } catch (KtdException held) {
        if (held.code() != ErrorCode.CONFLICT || System.nanoTime() > deadline) {
          throw held;
        }
        Thread.onSpinWait();
      }
    }
  }

  int run(String... arguments) {
    Account.Directory accounts =
        number ->
            switch (number) {
              case 0 -> Optional.of(new Account("root", 0, 0, "/root"));
              case 1000 -> Optional.of(new Account("ana", 1000, 1000, "/home/ana"));
              default -> Optional.empty();
            };
    Surroundings surroundings =
        new Surroundings(
            stream(out),
            stream(err),
            this,
            environment,
            uid,
            gid,
            Path.of("/work/dir"),
            configuration,
            accounts,
            new ControlClient(socket),
            () -> {
              calls.add("start");
              startDaemonAfterAnother();
            },
            this);
    return new Cli(
            surroundings,
            "1.2.3",
            onDemand -> calls.add("daemon onDemand=" + onDemand),
            () -> {
              calls.add("recover");
              return recovery.recover();
            })
        .run(arguments);
  }

  private static PrintStream stream(ByteArrayOutputStream bytes) {
    return new PrintStream(bytes, true, StandardCharsets.UTF_8);
  }

  String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  /** As Ctrl-C does. */
  void interrupt() {
    Runnable action;
    synchronized (this) {
      signal.countDown();
      action = onSignal;
    }
    if (action != null) {
      action.run();
    }
  }

  @Override
  public void close() {
    if (server != null) {
      server.close();
    }
  }

  // The daemon.

  @Override
  public String up(Request.Up request, Consumer<Event> events) throws InterruptedException {
    ups.add(request);
    asked.countDown();
    return up.run(events);
  }

  @Override
  public String down(Consumer<Event> events) throws InterruptedException {
    calls.add("down");
    return down.run(events);
  }

  @Override
  public StatusReport status() {
    return report;
  }

  // Signals.

  @Override
  public Scope during(Runnable action) {
    boolean late;
    synchronized (this) {
      onSignal = action;
      late = signal.getCount() == 0;
    }
    if (late) {
      action.run();
    }
    return this::forget;
  }

  private synchronized void forget() {
    onSignal = null;
  }

  @Override
  public boolean await(Duration limit) throws InterruptedException {
    return signal.await(limit.toNanos(), TimeUnit.NANOSECONDS);
  }

  @Override
  public void ended(int exitStatus) {
    calls.add("exit " + exitStatus);
  }

  // The terminal.

  @Override
  public boolean isLive() {
    return live;
  }

  @Override
  public int width() {
    return width;
  }

  @Override
  public boolean hasColour() {
    return colour;
  }
}
