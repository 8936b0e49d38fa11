package dev.ktd.os.linux;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.os.Cidr;
import dev.ktd.os.Journal;
import dev.ktd.os.NetworkChanges;
import dev.ktd.os.NetworkChanges.Kind;
import dev.ktd.os.TunDevice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the kernel tells of a network namespace that changes. Needs root.
 *
 * <pre>
 *   namespace ktd-changes-PID:   lo   ktd0 (made by the code under test)   other0 (a stranger's)
 * </pre>
 */
@Timeout(120)
final class NetworkChangesNetnsIT {
  /** A change that was told, and what the test was about when it was. */
  private record Told(Kind kind, String during) {}

  @TempDir Path temporary;
  private final LinkedBlockingQueue<Told> told = new LinkedBlockingQueue<>();
  private volatile String now = "the beginning";
  private Netns namespace;
  private LinuxHost host;

  @BeforeEach
  void open() {
    host = new LinuxHost(new Journal(temporary.resolve("state")));
    namespace = Netns.forTest("changes");
  }

  @AfterEach
  void close() {
    if (namespace != null) {
      namespace.close();
    }
  }

  private NetworkChanges.Watch watch() {
    return host.networkChanges().watch("ktd0", kind -> told.add(new Told(kind, now)));
  }

  /** Makes a change and waits until it is told. */
  private void assertTold(String... change) throws InterruptedException {
    now = String.join(" ", change);
    Netns.run(change);
    Told first = told.poll(30, TimeUnit.SECONDS);
    while (first != null && !first.during.equals(now)) {
      first = told.poll(30, TimeUnit.SECONDS); // the rest of a burst
    }
    assertThat(first).isEqualTo(new Told(Kind.NETWORK, now));
  }

  @Test
  void linksAddressesAndRoutesAreTold() throws Exception {
    namespace.inside(
        () -> {
          try (NetworkChanges.Watch _ = watch()) {
            assertTold("ip", "tuntap", "add", "other0", "mode", "tun");
            assertTold("ip", "link", "set", "other0", "up");
            assertTold("ip", "address", "add", "192.0.2.1/24", "dev", "other0");
            assertTold("ip", "address", "add", "2001:db8::1/64", "dev", "other0");
            assertTold("ip", "route", "add", "198.51.100.0/24", "dev", "other0");
            assertTold("ip", "route", "add", "2001:db8:1::/64", "dev", "other0");
            assertTold("ip", "route", "delete", "198.51.100.0/24");
            assertTold("ip", "link", "delete", "other0");
          }
          return null;
        });
  }

  @Test
  void ownDeviceIsNotTold() throws Exception {
    namespace.inside(
        () -> {
          Netns.run("ip", "tuntap", "add", "other0", "mode", "tun");
          try (NetworkChanges.Watch _ = watch()) {
            for (int twice = 0; twice < 2; twice++) {
              now = "own device";
              try (TunDevice tun = host.openTun("ktd0", 1400)) {
                host.routes()
                    .apply(
                        tun.name(), List.of(Cidr.parse("10.43.0.0/16"), Cidr.parse("fd00::/64")));
                host.routes().reset();
              }
            }
            now = "another's";
            Netns.run("ip", "link", "set", "other0", "up");
            assertThat(told.poll(30, TimeUnit.SECONDS)).isEqualTo(new Told(Kind.NETWORK, now));
          }
          return null;
        });
  }

  @Test
  void aBurstIsToldFewTimes() throws Exception {
    Path batch = temporary.resolve("batch");
    Files.writeString(
        batch,
        IntStream.range(0, 2000)
            .mapToObj(n -> "route add 10.%d.%d.0/24 dev other0\n".formatted(n / 250, n % 250))
            .collect(Collectors.joining()));
    namespace.inside(
        () -> {
          Netns.run("ip", "tuntap", "add", "other0", "mode", "tun");
          Netns.run("ip", "link", "set", "other0", "up");
          AtomicInteger calls = new AtomicInteger();
          long began = System.nanoTime();
          try (NetworkChanges.Watch _ = watch();
              NetworkChanges.Watch _ =
                  host.networkChanges().watch("ktd0", _ -> calls.incrementAndGet())) {
            Netns.run("ip", "-batch", batch.toString());
            assertTold("ip", "link", "delete", "other0");
          }
          long slots = (System.nanoTime() - began) / 200_000_000L + 1;
          assertThat(calls).hasValueBetween(1, (int) slots);
          return null;
        });
  }

  @Test
  void nothingIsToldAfterClose() throws Exception {
    namespace.inside(
        () -> {
          AtomicInteger calls = new AtomicInteger();
          NetworkChanges.Watch closed =
              host.networkChanges().watch("ktd0", _ -> calls.incrementAndGet());
          closed.close();
          closed.close();
          try (NetworkChanges.Watch _ = watch()) {
            assertTold("ip", "tuntap", "add", "other0", "mode", "tun");
          }
          assertThat(calls).hasValue(0);
          assertThat(Thread.getAllStackTraces().keySet())
              .noneMatch(thread -> thread.getName().equals("ktd-changes"));
          return null;
        });
  }
}
