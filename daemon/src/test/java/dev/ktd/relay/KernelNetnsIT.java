package dev.ktd.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ktd.os.linux.Netns;
import dev.ktd.stack.StackConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The kernel's TCP as the oracle. Needs root.
 *
 * <pre>
 *   namespace ktd-relay-PID                     this process
 *   Java sockets, ping ... kernel --- ktd0 ===  EpollTun - TunLoop - UserspaceStack - Relay - EchoFarSide
 *                          198.18.0.1           10.43.0.0/16, fd00:43::/112
 * </pre>
 */
@Timeout(120)
@ParameterizedClass(name = "{0}")
@EnumSource
class KernelNetnsIT {
  private static final int PATIENCE = 20_000;

  private final DeviceKind device;

  @TempDir Path temporary;
  private KernelRig rig;

  KernelNetnsIT(DeviceKind device) {
    this.device = device;
  }

  @BeforeEach
  void open() throws Exception {
    rig =
        new KernelRig("relay", temporary.resolve("state"), device.most(), UnaryOperator.identity());
    StackConfig.Offloads can = rig.config().offloads();
    assertThat(can.vnetHeader()).isEqualTo(device.most().vnetHeader());
    assertThat(can.tcpSegmentation()).isEqualTo(device.most().tcpSegmentation());
  }

  @AfterEach
  void close() throws Exception {
    KernelRig opened = rig;
    if (opened != null) {
      Map<String, Long> counters;
      try (opened) {
        counters = rig.counters();
      }
      assertThat(counters)
          .as("the two stacks understand each other")
          .containsEntry("drops.checksum", 0L)
          .containsEntry("drops.malformed", 0L)
          .containsEntry("drops.device", 0L)
          .containsEntry("tcp.challenge-acks", 0L);
    }
  }

  private void inside(Callable<Void> work) throws Exception {
    rig.inside(work);
  }

  private static Socket connect(String address, int port) throws IOException {
    var socket = new Socket();
    try {
      socket.setSoTimeout(PATIENCE);
      socket.connect(new InetSocketAddress(InetAddress.ofLiteral(address), port), PATIENCE);
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  private static byte[] random(int size) {
    long seed = Long.getLong("ktd.seed", 1);
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return bytes;
  }

  /** Writes on a thread of its own, half-closes, reads to the end. */
  private static byte[] exchange(Socket socket, byte[] bytes) throws Exception {
    var written = new CompletableFuture<Void>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                OutputStream out = socket.getOutputStream();
                out.write(bytes);
                socket.shutdownOutput();
                written.complete(null);
              } catch (IOException e) {
                written.completeExceptionally(e);
              }
            });
    byte[] answer = socket.getInputStream().readAllBytes();
    written.get(PATIENCE, TimeUnit.MILLISECONDS);
    return answer;
  }

  @ParameterizedTest
  @CsvSource({
    "10.43.7.9, 1",
    "10.43.7.9, 1460",
    "10.43.7.9, 100000",
    "10.43.7.9, 50000000",
    "fd00:43::9, 50000000"
  })
  void bytesAreEqualBothWaysAndTheEndIsCarried(String address, int size) throws Exception {
    byte[] bytes = random(size);
    inside(
        () -> {
          try (Socket socket = connect(address, 80)) {
            assertThat(Arrays.equals(exchange(socket, bytes), bytes)).isTrue();
          }
          return null;
        });
  }

  @Test
  void manyConnectionsAtOnceAllEcho() throws Exception {
    byte[] bytes = random(20_000);
    inside(
        () -> {
          List<Socket> sockets = new ArrayList<>();
          for (int i = 0; i < 200; i++) {
            sockets.add(connect("10.43.7." + (1 + i), 80));
          }
          for (Socket socket : sockets) {
            try (socket) {
              assertThat(exchange(socket, bytes)).isEqualTo(bytes);
            }
          }
          return null;
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"10.43.7.9", "fd00:43::9"})
  void aRefusedPortIsConnectionRefused(String address) throws Exception {
    inside(
        () -> {
          assertThatThrownBy(() -> connect(address, 81))
              .isExactlyInstanceOf(ConnectException.class)
              .hasMessageContaining("refused");
          return null;
        });
  }

  @ParameterizedTest
  @CsvSource({"10.43.7.9, 82", "fd00:43::9, 82", "10.43.7.9, 83", "10.44.0.1, 80"})
  void unreachableAndProhibitedAreToldAtOnce(String address, int port) throws Exception {
    inside(
        () -> {
          assertThatThrownBy(() -> connect(address, port))
              .isInstanceOfAny(NoRouteToHostException.class, SocketException.class)
              .isNotInstanceOf(SocketTimeoutException.class);
          return null;
        });
  }

  @Test
  void whereNothingAnswersTheProgramWaits() throws Exception {
    inside(
        () -> {
          try (var socket = new Socket()) {
            assertThatThrownBy(() -> socket.connect(new InetSocketAddress("10.43.7.9", 84), 1500))
                .isInstanceOf(SocketTimeoutException.class);
          }
          return null;
        });
  }

  @Test
  void aBrokenFarSideIsConnectionReset() throws Exception {
    inside(
        () -> {
          try (Socket socket = connect("10.43.7.9", 85)) {
            socket.getOutputStream().write(1);
            assertThatThrownBy(() -> socket.getInputStream().read())
                .isInstanceOf(SocketException.class)
                .hasMessageContaining("reset");
          }
          return null;
        });
  }

  @Test
  void aSlowReaderHoldsBackTheFarSideAndLosesNothing() throws Exception {
    inside(
        () -> {
          try (Socket socket = connect("10.43.7.9", 87)) {
            InputStream in = socket.getInputStream();
            byte[] buffer = new byte[1 << 16];
            long total = 0;
            // Reads nothing until the windows are full on both sides, then all.
            awaitQuiet();
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
              total += n;
            }
            assertThat(total).isEqualTo(EchoFarSide.SOURCE_BYTES);
          }
          return null;
        });
  }

  /** Until the kernel's receive queue of the one connection stops growing. */
  private static void awaitQuiet() throws Exception {
    String before = "";
    String now = queues();
    while (!now.equals(before)) {
      TimeUnit.MILLISECONDS.sleep(200);
      before = now;
      now = queues();
    }
  }

  private static String queues() throws Exception {
    return Netns.run("ss", "-tnH", "state", "established");
  }

  @Test
  void aDeviceThatIsTakenAwayIsReported() throws Exception {
    inside(
        () -> {
          assertThat(Netns.run("ip", "link", "delete", "ktd0")).isEmpty();
          return null;
        });
    assertThat(rig.lost().get(PATIENCE, TimeUnit.MILLISECONDS)).isInstanceOf(IOException.class);
  }
}
