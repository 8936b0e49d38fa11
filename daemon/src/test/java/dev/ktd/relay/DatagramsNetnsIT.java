package dev.ktd.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ktd.os.linux.Netns;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.PortUnreachableException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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

/** UDP, pings and ICMP errors, judged by the kernel over all kinds of devices. Needs root. */
@Timeout(120)
@ParameterizedClass(name = "{0}")
@EnumSource
class DatagramsNetnsIT {
  private static final int PATIENCE = 20_000;

  /** Tries to connect until the addresses of IPv6 are usable. */
  private static final String ECHO_CLIENT =
      """
      import socket, sys, threading, time
      deadline = time.time() + 20
      while True:
        try:
          s = socket.create_connection((sys.argv[1], 80), 20)
          break
        except OSError:
          if time.time() > deadline: raise
          time.sleep(0.05)
      data = bytes(i * 7 % 251 for i in range(1000000))
      def send():
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
      threading.Thread(target=send).start()
      got = bytearray()
      while chunk := s.recv(65536): got += chunk
      print("equal" if bytes(got) == data else "different")
      """;

  private final DeviceKind device;
  @TempDir Path temporary;
  private KernelRig rig;

  DatagramsNetnsIT(DeviceKind device) {
    this.device = device;
  }

  @BeforeEach
  void open() throws Exception {
    rig =
        new KernelRig(
            "datagrams", temporary.resolve("state"), device.most(), UnaryOperator.identity());
  }

  @AfterEach
  void close() throws Exception {
    if (rig == null) {
      return;
    }
    var counters = rig.counters();
    rig.close();
    assertThat(counters)
        .as("the two stacks understand each other")
        .containsEntry("drops.checksum", 0L)
        .containsEntry("drops.malformed", 0L)
        .containsEntry("drops.device", 0L);
  }

  private static byte[] random(int size) {
    long seed = Long.getLong("ktd.seed", 1);
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return bytes;
  }

  @ParameterizedTest
  @ValueSource(strings = {"10.43.7.9", "fd00:43::9"})
  void datagramsComeBackAndARefusedPortIsTold(String address) throws Exception {
    rig.inside(
        () -> {
          try (var socket = new DatagramSocket()) {
            socket.setSoTimeout(PATIENCE);
            socket.connect(InetAddress.ofLiteral(address), 5353);
            for (int size : new int[] {1, 512, 1400, 1472, 5000, 60_000}) {
              byte[] bytes = random(size);
              socket.send(new DatagramPacket(bytes, size));
              var answer = new DatagramPacket(new byte[65_000], 65_000);
              socket.receive(answer);
              assertThat(Arrays.copyOf(answer.getData(), answer.getLength())).isEqualTo(bytes);
            }
          }
          try (var socket = new DatagramSocket()) {
            socket.setSoTimeout(PATIENCE);
            socket.connect(InetAddress.ofLiteral(address), 81);
            socket.send(new DatagramPacket(new byte[1], 1));
            assertThatThrownBy(() -> socket.receive(new DatagramPacket(new byte[1], 1)))
                .isInstanceOf(PortUnreachableException.class);
          }
          return null;
        });
  }

  /** The kernel merges datagrams of equal size for the device, or sends them one by one. */
  @ParameterizedTest
  @ValueSource(strings = {"10.43.7.9", "fd00:43::9"})
  void aRunOfDatagramsAndAnEmptyOneArriveOneByOne(String address) throws Exception {
    rig.inside(
        () -> {
          String script =
              """
              import socket, sys
              family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
              s = socket.socket(family, socket.SOCK_DGRAM)
              s.settimeout(20)
              s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
              s.connect((sys.argv[1], 5353))
              s.setsockopt(17, 103, 1000)  # SOL_UDP, UDP_SEGMENT
              data = bytes(i * 7 % 251 for i in range(7300))
              s.send(data)
              got = [s.recv(65535) for _ in range(8)]
              s.send(b'')  # Java's sockets send none that are empty.
              got.append(s.recv(65535))
              print([len(g) for g in got], b''.join(got) == data)
              """;
          assertThat(Netns.run("python3", "-c", script, address))
              .isEqualTo("[1000, 1000, 1000, 1000, 1000, 1000, 1000, 300, 0] True\n");
          return null;
        });
  }

  /** The program is gone before the answer comes: the kernel says so, and the flow is forgotten. */
  @ParameterizedTest
  @ValueSource(strings = {"10.43.7.9", "fd00:43::9"})
  void aClosedSocketEndsTheFlow(String address) throws Exception {
    rig.inside(
        () -> {
          for (int port : new int[] {88, 89}) {
            try (var socket = new DatagramSocket()) {
              socket.connect(InetAddress.ofLiteral(address), port);
              socket.send(new DatagramPacket(new byte[4], 4));
            }
          }
          return null;
        });
    awaitCounter("udp.closed");
  }

  private void awaitCounter(String name) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE);
    while (rig.counters().getOrDefault(name, 0L) == 0) {
      assertThat(System.nanoTime()).as(name + " is still 0").isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(10);
    }
  }

  /**
   * A container behind the host, and a way there that is narrower than both its ends think.
   *
   * <pre>
   *   ktd0 --- host, forwards --- far0 (route: MTU 1300) === near0 --- container
   * </pre>
   */
  @ParameterizedTest
  @CsvSource({
    "10.43.7.9, 172.30.0.1, 172.30.0.2/24, ip_forward",
    "fd00:43::9, fd00:30::1, fd00:30::2/64, conf/all/forwarding"
  })
  void aNarrowWayToAContainerIsLearntFromItsRouter(
      String address, String far, String near, String forwarding) throws Exception {
    String family = far.contains(":") ? "-6" : "-4";
    String bits = near.substring(near.indexOf('/'));
    try (Netns container = Netns.forTest("container")) {
      rig.inside(
          () -> {
            String folder = "/proc/sys/net/ipv" + family.charAt(1) + "/";
            Files.writeString(Path.of(folder + forwarding), "1");
            Netns.run("ip", "link", "add", "far0", "type", "veth", "peer", "near0");
            Netns.run("ip", "link", "set", "near0", "netns", container.name());
            Netns.run("ip", family, "address", "add", far + bits, "dev", "far0");
            Netns.run("ip", "link", "set", "far0", "up");
            String host = near.substring(0, near.indexOf('/'));
            Netns.run("ip", family, "route", "add", host, "dev", "far0", "mtu", "1300");
            return null;
          });
      String told =
          container.inside(
              () -> {
                Netns.run("ip", family, "address", "add", near, "dev", "near0");
                Netns.run("ip", "link", "set", "near0", "up");
                Netns.run("ip", family, "route", "add", "default", "via", far);
                return Netns.run("python3", "-c", ECHO_CLIENT, address);
              });
      assertThat(told).isEqualTo("equal\n");
      assertThat(rig.counters().get("icmp.too-big")).isPositive();
    }
  }

  @Test
  void pingIsAnsweredWhereTheTargetAnswers() throws Exception {
    rig.inside(
        () -> {
          assertThat(Netns.run("ping", "-n", "-c", "2", "-i", "0.2", "-W", "5", "10.43.7.9"))
              .contains("2 received");
          assertThat(Netns.run("ping", "-n", "-c", "2", "-i", "0.2", "-W", "5", "fd00:43::9"))
              .contains("2 received");
          assertThat(Netns.attempt("ping", "-n", "-c", "1", "-W", "1", "10.43.7.8").output())
              .contains("0 received");
          return null;
        });
  }
}
