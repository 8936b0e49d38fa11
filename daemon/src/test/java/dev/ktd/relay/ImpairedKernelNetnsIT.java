package dev.ktd.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.relay.ImpairedPort.Impairment;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The kernel's TCP against the stack over a path that loses, repeats, reorders and damages frames,
 * IPv4 and IPv6 at once: all bytes are equal, and at the end nothing is left. Needs root. {@code
 * -Dktd.seed=N} chooses which frames are hit.
 */
@Timeout(60)
class ImpairedKernelNetnsIT {
  private static final int PATIENCE = 40_000;
  private static final int SHORT_CONNECTIONS = 60;
  private static final int BULK = 3_000_000;
  private static final long SEED = Long.getLong("ktd.seed", 1);

  @TempDir Path temporary;

  /** What the device does for both sides. */
  enum Device {
    /** Super-segments, lost as a whole. */
    WHOLE,
    /** Super-segments that are cut on the way. */
    CUT,
    /** No offload at all. */
    PLAIN
  }

  /** A kind of trouble, the same both ways. */
  enum Trouble {
    NONE(0, 0, 0, 0),
    LOSS_1(0.01, 0, 0, 0),
    LOSS_5(0.05, 0, 0, 0),
    REPETITION(0, 0.05, 0, 0),
    DISORDER(0, 0, 0, 0.05),
    DAMAGE(0, 0, 0.02, 0),
    ALL(0.02, 0.02, 0.02, 0.02);

    private final double loss;
    private final double repetition;
    private final double damage;
    private final double late;

    Trouble(double loss, double repetition, double damage, double late) {
      this.loss = loss;
      this.repetition = repetition;
      this.damage = damage;
      this.late = late;
    }

    Impairment on(Device device) {
      return new Impairment(
          loss, repetition, damage, late, Duration.ofMillis(2), device == Device.CUT);
    }
  }

  static Stream<Arguments> cases() {
    return Stream.of(Trouble.values())
        .flatMap(
            trouble -> Stream.of(Device.values()).map(device -> Arguments.of(trouble, device)));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void everyByteArrivesAndNothingIsLeft(Trouble trouble, Device device) throws Exception {
    Impairment impairment = trouble.on(device);
    List<ImpairedPort> ports = new ArrayList<>();
    try (var rig =
        new KernelRig(
            "impaired",
            temporary.resolve("state"),
            (device == Device.PLAIN ? DeviceKind.HEADER_ONLY : DeviceKind.ALL).most(),
            port -> {
              var impaired = new ImpairedPort(port, impairment, impairment, SEED);
              ports.add(impaired);
              return impaired;
            })) {
      KernelCounters kernel =
          rig.inside(
              () -> {
                exchangeAll();
                return KernelCounters.read();
              });
      Map<String, Long> stack = awaitQuiet(rig);
      rig.stop();
      report(trouble, device, ports.getFirst(), kernel, stack);
      judge(ports.getFirst(), kernel, stack);
    }
  }

  /** Bulk both ways and many short connections, all at once. Sockets are made by this thread. */
  private static void exchangeAll() throws Exception {
    List<CompletableFuture<Void>> all = new ArrayList<>();
    var random = new SplittableRandom(SEED);
    for (int i = 0; i < SHORT_CONNECTIONS + 2; i++) {
      boolean v6 = i % 2 == 1;
      byte[] bytes = new byte[i < 2 ? BULK : random.nextInt(5000)];
      random.nextBytes(bytes);
      InetAddress address = InetAddress.ofLiteral(v6 ? "fd00:43::9" : "10.43.7." + (1 + i));
      var socket = new Socket();
      // This makes the descriptor, here where the thread is inside; connect may come from anywhere.
      socket.setSoTimeout(PATIENCE);
      all.add(onOwnThread(() -> echo(socket, address, bytes)));
    }
    for (CompletableFuture<Void> one : all) {
      one.get(PATIENCE, TimeUnit.MILLISECONDS);
    }
  }

  private interface Work {
    void run() throws Exception;
  }

  private static CompletableFuture<Void> onOwnThread(Work work) {
    var done = new CompletableFuture<Void>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                work.run();
                done.complete(null);
              } catch (Exception | AssertionError e) {
                done.completeExceptionally(e);
              }
            });
    return done;
  }

  private static void echo(Socket socket, InetAddress address, byte[] bytes) throws Exception {
    try (socket) {
      socket.connect(new InetSocketAddress(address, 80), PATIENCE);
      CompletableFuture<Void> written = onOwnThread(() -> write(socket, bytes));
      byte[] answer = socket.getInputStream().readAllBytes();
      written.get(PATIENCE, TimeUnit.MILLISECONDS);
      assertThat(Arrays.equals(answer, bytes)).as("%s, %s bytes", address, bytes.length).isTrue();
    }
  }

  private static void write(Socket socket, byte[] bytes) throws IOException {
    OutputStream out = socket.getOutputStream();
    out.write(bytes);
    socket.shutdownOutput();
  }

  /** Until no flow and no buffer is left; the counters then. */
  private static Map<String, Long> awaitQuiet(KernelRig rig) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE);
    Map<String, Long> counters = rig.counters();
    while (Stream.of("tcp.flows", "tcp.time-wait", "buffers.bytes")
        .anyMatch(gauge -> counters.getOrDefault(gauge, 0L) != 0)) {
      assertThat(System.nanoTime()).as("still busy: %s", counters).isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(20);
      counters.putAll(rig.counters());
    }
    return counters;
  }

  private static long value(Map<String, Long> counters, String name) {
    return counters.getOrDefault(name, 0L);
  }

  private static void report(
      Trouble trouble,
      Device device,
      ImpairedPort port,
      KernelCounters kernel,
      Map<String, Long> stack) {
    var lines = new StringBuilder();
    lines.append("%s %s, seed %d: ".formatted(trouble, device, SEED));
    lines.append("to stack ").append(port.toStack()).append(", to kernel ").append(port.toKernel());
    lines.append("\n  kernel:");
    for (String name :
        List.of(
            "TcpRetransSegs",
            "TcpInCsumErrors",
            "TcpOutRsts",
            "TcpExtTCPSACKReneging",
            "TcpExtTCPSackRecovery",
            "TcpExtTCPOFOQueue",
            "TcpExtTCPSpuriousRTOs",
            "TcpExtTCPTimeouts",
            "TcpExtTCPLossProbes",
            "TcpExtTCPFastRetrans",
            "TcpExtTCPSlowStartRetrans",
            "TcpExtTCPDSACKRecv",
            "ktd0Dropped",
            "TcpExtTCPChallengeACK",
            "TcpExtTCPBacklogDrop",
            "TcpExtTCPRcvQDrop")) {
      lines.append(" %s %d".formatted(name, kernel.value(name)));
    }
    lines.append("\n  stack:");
    stack.forEach((name, value) -> lines.append(value == 0 ? "" : " " + name + " " + value));
    System.out.println(lines);
  }

  private static void judge(ImpairedPort port, KernelCounters kernel, Map<String, Long> stack) {
    ImpairedPort.Tally up = port.toStack();
    ImpairedPort.Tally down = port.toKernel();
    assertThat(kernel.value("TcpExtTCPSACKReneging")).as("blocks taken back").isZero();
    assertThat(kernel.value("TcpEstabResets")).as("resets").isZero();
    assertThat(stack).containsEntry("tcp.given-up", 0L);
    boolean untouched = up.lost() + up.repeated() + up.damaged() + up.late() == 0;
    if (untouched && kernel.value("ktd0Dropped") + kernel.value("TcpExtTCPTimeouts") == 0) {
      // On a busy machine frames may wait in the device for 200 ms, which is a time-out.
      assertThat(kernel.value("TcpExtTCPFastRetrans")).as("losses of the stack").isZero();
      assertThat(stack).containsEntry("tcp.out-of-order", 0L);
    }
    if (down.damaged() == 0) {
      assertThat(kernel.value("TcpInCsumErrors")).as("wrong sums of the stack").isZero();
    }
    if (up.damaged() == 0) {
      assertThat(stack).containsEntry("drops.checksum", 0L).containsEntry("drops.malformed", 0L);
    }
    if (down.lost() > 20) {
      assertThat(value(stack, "tcp.retransmits")).isPositive();
    }
    if (up.lost() > 20) {
      assertThat(kernel.value("TcpRetransSegs")).isPositive();
    }
    // Repeated and overtaken segments may ask for one each; a storm would feed itself.
    long oddities = up.repeated() + up.late() + down.repeated() + down.late() + up.lost();
    assertThat(value(stack, "tcp.challenge-acks")).isLessThanOrEqualTo(oddities);
    assertThat(kernel.value("TcpExtTCPChallengeACK")).isLessThanOrEqualTo(oddities + down.lost());
  }
}
