package dev.ktd.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ktd.carrier.AgentInfo;
import dev.ktd.carrier.ResumeSettings;
import dev.ktd.carrier.Route;
import dev.ktd.carrier.SessionSecret;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.relay.DialFailure;
import dev.ktd.relay.Downstream;
import dev.ktd.ssh.SessionKeys;
import dev.ktd.ssh.SshSettings;
import dev.ktd.ssh.SshTransport;
import io.netty.channel.DefaultEventLoop;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
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
        public void cut() {}

        @Override
        public void down() {}
      };

  private final SessionKeys keys = SessionKeys.generate();
  private final DefaultEventLoop loop = new DefaultEventLoop();

  private static KtdException lost() {
    return new KtdException(ErrorCode.TUNNEL, "lost", null);
  }

  private Lane.Setup setup(Route route) {
    return new Lane.Setup(
        loop,
        SshSettings.ofProxy(keys.host().getPublic(), keys.user()),
        new ResumeSettings(SessionSecret.generate(), Duration.ofMinutes(1)),
        route,
        CompletableFuture::new);
  }

  /** A tunnel that is open, and has just lost a lane. */
  private Tunnel losing(Route route) {
    Lane.Setup setup = setup(route);
    Tunnel tunnel = new Tunnel(setup, 0, NOBODY);
    Lane lane = new Lane(1, setup, tunnel);
    loop.execute(
        () -> {
          tunnel.changed(lane);
          tunnel.down(lane, lost());
        });
    return tunnel;
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

  @Test
  void theFirstFailureIsToldWhileTheTunnelOpens() {
    Tunnel tunnel =
        new Tunnel(
            setup(
                () -> {
                  throw new KtdException(ErrorCode.FORBIDDEN, "no port-forward", null);
                }),
            2,
            NOBODY);
    assertThatThrownBy(() -> tunnel.open(Duration.ofSeconds(30)))
        .isInstanceOfSatisfying(
            KtdException.class, told -> assertThat(told.code()).isEqualTo(ErrorCode.FORBIDDEN));
    tunnel.close();
  }

  /**
   * What dials find in a lane that is up; without a transport they would wait for its next change.
   */
  @Test
  void aLaneThatIsUpHasItsTransportHoweverLateItsOpenerIs() throws Exception {
    Lane.Setup setup =
        setup(
            () -> {
              throw lost();
            });
    Lane lane = new Lane(1, setup, new Tunnel(setup, 0, NOBODY));
    CompletableFuture<SshTransport> closed = new CompletableFuture<>();
    SshTransport early =
        SshTransport.start(
            loop,
            setup.ssh(),
            (_, _) -> {
              throw new IllegalStateException("never opened");
            },
            new SshTransport.Listener() {
              @Override
              public void ready(SshTransport transport) {}

              @Override
              public void closed(SshTransport transport, KtdException why) {
                closed.complete(transport);
              }
            });
    loop.submit(() -> lane.ready(early)).get(30, TimeUnit.SECONDS);
    assertThat(lane.isUp()).isTrue();
    assertThat(lane.transport()).isSameAs(early);
    assertThat(closed.get(30, TimeUnit.SECONDS)).isSameAs(early);
  }

  @Test
  void aDialWaitsForALaneAndFailsWhenTheTunnelIsClosed() throws Exception {
    Tunnel tunnel =
        losing(
            () -> {
              throw lost();
            });
    CompletableFuture<DialFailure> failed = new CompletableFuture<>();
    loop.execute(
        () -> tunnel.dial(InetSocketAddress.createUnresolved("there", 80), new Waiting(failed)));
    tunnel.close();
    assertThat(failed.get(30, TimeUnit.SECONDS)).isEqualTo(DialFailure.NO_TUNNEL);
  }

  private record Waiting(CompletableFuture<DialFailure> why) implements Downstream {
    @Override
    public void opened() {}

    @Override
    public void failed(DialFailure reason) {
      why.complete(reason);
    }

    @Override
    public void data(ByteBuffer data) {}

    @Override
    public void writable() {}

    @Override
    public void end() {}

    @Override
    public void closed(boolean clean) {}
  }
}
