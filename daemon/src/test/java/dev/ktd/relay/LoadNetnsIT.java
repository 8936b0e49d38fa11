package dev.ktd.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.os.TunDevice;
import dev.ktd.os.linux.Netns;
import dev.ktd.stack.StackConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.function.LongPredicate;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Floods and stopped programs, with the kernel's TCP and processes of their own. Needs root.
 *
 * <pre>
 *   namespace ktd-load-PID                           this process
 *   bash, sha256sum, cat, sockets ... kernel --- ktd0 === EpollTun - stack - Relay - LoadFarSide
 *                             198.18.0.1        10.43.0.0/16
 * </pre>
 */
@Timeout(180)
class LoadNetnsIT {
  private static final int PATIENCE = 60_000;
  private static final String HOST = "10.43.7.9";
  private static final int CHUNK = 64 * 1024;

  @TempDir Path temporary;
  private final List<Process> processes = new ArrayList<>();
  private final List<SocketChannel> flood = new ArrayList<>();
  private KernelRig rig;
  private LoadFarSide farSide;
  private StackConfig config;

  @BeforeEach
  void open() throws Exception {
    List<LoadFarSide> made = new ArrayList<>();
    rig =
        new KernelRig(
            "load",
            temporary.resolve("state"),
            TunDevice.Offloads.ALL,
            UnaryOperator.identity(),
            (loop, echo) -> {
              made.add(new LoadFarSide(loop, echo));
              return made.getFirst();
            });
    farSide = made.getFirst();
    config = rig.config();
  }

  @AfterEach
  void close() throws Exception {
    for (Process process : processes) {
      process.destroyForcibly().waitFor();
    }
    for (SocketChannel channel : flood) {
      channel.close();
    }
    KernelRig opened = rig;
    if (opened != null) {
      try (opened) {
        rig.stop();
        assertThat(gauge("buffers.bytes")).isZero();
        assertThat(gauge("tcp.pending")).isZero();
      }
    }
  }

  private long gauge(String name) throws Exception {
    return rig.counters().getOrDefault(name, 0L);
  }

  private void await(String name, LongPredicate reached) throws Exception {
    await(name, () -> reached.test(gauge(name)));
  }

  private static void await(String what, Callable<Boolean> reached) throws Exception {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE);
    while (!reached.call()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("waited in vain: " + what);
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  /** A process inside that starts with this shell command. */
  private Process bash(String command) throws Exception {
    Process process =
        rig.inside(
            () -> new ProcessBuilder("bash", "-c", command).redirectErrorStream(true).start());
    processes.add(process);
    return process;
  }

  /** Connects to a source, stops itself, and prints the digest of all once it may go on. */
  private Process stoppedReader() throws Exception {
    return bash("exec 3<>/dev/tcp/%s/90; kill -STOP $$; exec sha256sum <&3".formatted(HOST));
  }

  private static void resume(Process process) {
    Netns.run("kill", "-CONT", Long.toString(process.pid()));
  }

  private static String firstWord(Process process) throws IOException {
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return output.split(" ", 2)[0];
  }

  private static String digest(byte[] bytes) {
    return HexFormat.of().formatHex(LoadFarSide.sha256().digest(bytes));
  }

  private static byte[] bytes(int size) {
    byte[] bytes = new byte[size];
    for (int i = 0; i < size; i++) {
      bytes[i] = Program.pattern(i);
    }
    return bytes;
  }

  /** So many bytes go to an echo and come back. */
  private void othersGoOn(int size) throws Exception {
    byte[] sent = bytes(size);
    byte[] answer =
        rig.inside(
            () -> {
              try (var socket = new Socket()) {
                socket.setSoTimeout(PATIENCE);
                socket.connect(new InetSocketAddress(InetAddress.ofLiteral(HOST), 80), PATIENCE);
                var read = new CompletableFuture<byte[]>();
                Thread.ofVirtual()
                    .start(
                        () -> {
                          try {
                            read.complete(socket.getInputStream().readAllBytes());
                          } catch (IOException e) {
                            read.completeExceptionally(e);
                          }
                        });
                socket.getOutputStream().write(sent);
                socket.shutdownOutput();
                return read.get(PATIENCE, TimeUnit.MILLISECONDS);
              }
            });
    assertThat(digest(answer)).isEqualTo(digest(sent));
  }

  @Test
  void aFloodToOneBlackHoleDisturbsNobody() throws Exception {
    floods(5_000, i -> HOST);
    assertThat(gauge("tcp.pending")).isEqualTo(config.limits().pendingOpensPerDestination());
  }

  @Test
  void aFloodToManyBlackHolesDisturbsNobody() throws Exception {
    floods(10_000, i -> "10.43.%d.%d".formatted(100 + i / 250, 1 + i % 250));
    assertThat(gauge("tcp.pending")).isPositive();
  }

  /** Sockets that connect to port 84, whose kernel repeats each SYN. */
  private void floods(int sockets, IntFunction<String> destination) throws Exception {
    othersGoOn(1);
    rig.inside(
        () -> {
          for (int i = 0; i < sockets; i++) {
            SocketChannel channel = SocketChannel.open();
            flood.add(channel);
            channel.configureBlocking(false);
            channel.connect(new InetSocketAddress(InetAddress.ofLiteral(destination.apply(i)), 84));
          }
          return null;
        });
    await("drops.pending-opens", dropped -> dropped > 0);
    othersGoOn(50_000_000);
    for (int i = 0; i < 20; i++) {
      othersGoOn(1000);
      assertThat(gauge("tcp.pending")).isLessThanOrEqualTo(config.limits().pendingOpens());
    }
  }

  @Test
  void aStoppedReaderHoldsOneWindowAndGetsEverythingLater() throws Exception {
    Process reader = stoppedReader();
    await("buffers.bytes", held -> held >= LoadFarSide.WINDOW);
    othersGoOn(50_000_000);
    await(
        "buffers.bytes",
        held -> held >= LoadFarSide.WINDOW && held <= LoadFarSide.WINDOW + 2 * CHUNK);
    resume(reader);
    assertThat(firstWord(reader)).isEqualTo(digest(LoadFarSide.sourceBytes()));
    await("buffers.bytes", held -> held == 0);
  }

  @Test
  void fiftyStoppedReadersStayBelowTheBudgetAndOthersGoOn() throws Exception {
    List<Process> readers = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      readers.add(stoppedReader());
    }
    await("buffers.bytes", held -> held >= 50L * LoadFarSide.WINDOW);
    othersGoOn(20_000_000);
    assertThat(gauge("buffers.bytes")).isLessThan(config.buffers().budget());
    readers.forEach(LoadNetnsIT::resume);
    String all = digest(LoadFarSide.sourceBytes());
    for (Process reader : readers) {
      assertThat(firstWord(reader)).isEqualTo(all);
    }
    await("buffers.bytes", held -> held == 0);
  }

  @Test
  void aStoppedFarSideClosesTheWindowAndGetsEverythingLater() throws Exception {
    byte[] sent = bytes(16 << 20);
    Path file = Files.write(temporary.resolve("upload"), sent);
    bash("exec cat %s >/dev/tcp/%s/88".formatted(file, HOST));
    await("buffers.bytes", held -> held >= config.buffers().receive());
    othersGoOn(50_000_000);
    // How often the kernel has asked for the window, and doubled the time until it asks again.
    await("window probes", () -> sockets().matches("(?s).*persist.*backoff:[2-9].*"));
    assertThat(gauge("buffers.bytes")).isLessThanOrEqualTo(config.buffers().receive() + 2L * CHUNK);
    farSide.release();
    assertThat(farSide.taken.get(PATIENCE, TimeUnit.MILLISECONDS)).isEqualTo(digest(sent));
  }

  private String sockets() throws Exception {
    return rig.inside(() -> Netns.run("ss", "-tnoiH", "state", "established"));
  }
}
