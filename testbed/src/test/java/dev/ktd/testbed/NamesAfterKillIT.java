package dev.ktd.testbed;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code kill -9} at random moments of up and down, each followed by {@code ktd recover}. */
@ClusterTest
final class NamesAfterKillIT {
  /** Of each arrangement: a few each time, more when asked for. */
  private static final int MOMENTS = Integer.getInteger("ktd.moments", 2);

  /** About what up and down take: some moments are behind the end. */
  private static final int UP_MILLIS = 8_000;

  private static final int DOWN_MILLIS = 1_500;

  private final TestCluster cluster;
  private final Laptop machine = new Laptop(List.of(), Map.of());

  NamesAfterKillIT(TestCluster cluster) {
    this.cluster = cluster;
  }

  @BeforeAll
  static void deploy(TestCluster cluster) {
    Assumptions.assumeTrue(
        cluster.provider().equals("node"), "desks are in the network of the embedded node");
    cluster.deployApplication();
  }

  @ParameterizedTest
  @ValueSource(strings = {"plain", "resolved-uplink", "resolvconf"})
  void afterRecoverNamesAreAsBefore(String arrangement) throws InterruptedException {
    long seed = Long.getLong("ktd.seed", System.nanoTime());
    System.out.println(arrangement + ": ktd.seed=" + seed);
    var random = new SplittableRandom(seed);
    try (Desk desk = Desk.up(cluster, arrangement)) {
      Ktd ktd = new Ktd(desk.laptop());
      NamesState before = NamesState.of(desk.laptop());
      for (int i = 0; i < MOMENTS; i++) {
        boolean goingDown = i % 2 == 1;
        int moment = random.nextInt(goingDown ? DOWN_MILLIS : UP_MILLIS);
        if (goingDown) {
          ktd.up("--resume", "10s").expectSuccess();
        }
        String[] command =
            goingDown
                ? new String[] {"down"}
                : new String[] {"up", "--namespace", "default", "--resume", "10s"};
        try (Running running = ktd.start(command)) {
          TimeUnit.MILLISECONDS.sleep(moment); // this is the moment
          kill(ktd.daemons());
          running.await(Ktd.LIMIT);
        }
        Result recovered = ktd.run("recover").expectSuccess();
        String when = "killed " + moment + " ms after " + command[0] + " began: " + recovered;
        assertThat(NamesState.of(desk.laptop())).as(when).isEqualTo(before);
        desk.laptop().run("getent", "hosts", "printer.lan.test").expectSuccess();
      }
    }
  }

  private void kill(List<Long> daemons) {
    daemons.forEach(pid -> machine.run("kill", "-KILL", pid.toString()));
    long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    for (long pid : daemons) {
      while (ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false)) {
        assertThat(System.nanoTime()).as("process %d ends", pid).isLessThan(deadline);
        Thread.onSpinWait();
      }
    }
  }
}
