package dev.ktd.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.carrier.AgentInfo;
import dev.ktd.carrier.Route;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.ssh.SessionKeys;
import dev.ktd.ssh.SshSettings;
import io.netty.channel.DefaultEventLoop;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Lanes that are opened again; the lanes themselves never get that far. */
@Timeout(60)
final class TunnelTest {
  private static final Tunnel.Listener NOBODY =
      new Tunnel.Listener() {
        @Override
        public void up() {}

        @Override
        public void introduced(AgentInfo agent) {}

        @Override
        public void down() {}
      };

  private final SessionKeys keys = SessionKeys.generate();
  private final SshSettings settings = SshSettings.ofProxy(keys.host().getPublic(), keys.user());
  private final DefaultEventLoop loop = new DefaultEventLoop();

  private static KtdException lost() {
    return new KtdException(ErrorCode.TUNNEL, "lost", null);
  }

  /** A tunnel that is open, and has just lost the lane. */
  private Tunnel losing(Route route) {
    Tunnel tunnel = new Tunnel(loop, settings, 0, route, NOBODY);
    Lane lane = new Lane(1, loop, settings, tunnel);
    tunnel.up(lane);
    tunnel.down(lane, lost());
    return tunnel;
  }

  @Test
  void closeReturnsOnlyWhenNoLaneIsBeingReopened() throws InterruptedException {
    CountDownLatch asked = new CountDownLatch(1);
    AtomicBoolean left = new AtomicBoolean();
    Tunnel tunnel =
        losing(
            () -> {
              asked.countDown();
              try {
                new CountDownLatch(1).await();
                throw new AssertionError("nobody opens that latch");
              } finally {
                left.set(true);
              }
            });
    asked.await();
    tunnel.close();
    assertThat(left).as("the search for the pod has ended").isTrue();
  }

  @Test
  void aLaneIsTriedAgainAfterAnyFailure() throws InterruptedException {
    AtomicInteger asked = new AtomicInteger();
    CountDownLatch thrice = new CountDownLatch(3);
    Tunnel tunnel =
        losing(
            () -> {
              thrice.countDown();
              throw asked.incrementAndGet() == 1
                  ? new IllegalStateException("a library's own")
                  : lost();
            });
    assertThat(thrice.await(30, TimeUnit.SECONDS)).isTrue();
    tunnel.close();
  }
}
