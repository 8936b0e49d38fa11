package dev.ktd.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.carrier.Carrier;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.PublicKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a transport does, whichever SSH server is at the other end. */
@ExtendWith(LeakWatch.class)
@Timeout(120)
abstract class TransportContract {
  static final SessionKeys KEYS = SessionKeys.generate();

  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  final EventLoop loop = group.next();
  final Peers peers = new Peers();
  final List<SshTransport> started = new ArrayList<>();
  @Nullable Carrier carrier;

  /** Where the server listens. */
  abstract InetSocketAddress server() throws Exception;

  abstract String user();

  /** What the server's words for a refused connection are taken for. */
  abstract String refusal();

  @BeforeEach
  void listen() throws Exception {
    server();
  }

  @AfterEach
  void stop() throws Exception {
    for (SshTransport transport : started) {
      transport.close();
    }
    peers.close();
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
  }

  /** Tells what became of a transport. */
  static final class Fate implements SshTransport.Listener {
    final CompletableFuture<SshTransport> ready = new CompletableFuture<>();
    final CompletableFuture<KtdException> closed = new CompletableFuture<>();

    @Override
    public void ready(SshTransport transport) {
      ready.complete(transport);
    }

    @Override
    public void closed(SshTransport transport, KtdException why) {
      closed.complete(why);
      ready.completeExceptionally(why);
    }
  }

  Fate start(PublicKey hostKey, long rekeyBytes) {
    return start(hostKey, rekeyBytes, Duration.ofSeconds(10));
  }

  Fate start(PublicKey hostKey, long rekeyBytes, Duration openTimeout) {
    Fate fate = new Fate();
    SshSettings settings =
        new SshSettings(
            user(), hostKey, KEYS.user(), Duration.ofSeconds(20), openTimeout, rekeyBytes);
    started.add(
        SshTransport.start(
            loop,
            settings,
            (on, listener) -> {
              try {
                SocketCarrier opening = new SocketCarrier(on, server(), listener);
                carrier = opening;
                return opening;
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            },
            fate));
    return fate;
  }

  SshTransport connected() throws Exception {
    return get(start(KEYS.host().getPublic(), 60L << 30).ready);
  }

  static <T> T get(CompletableFuture<T> future)
      throws ExecutionException, TimeoutException, InterruptedException {
    return future.get(60, TimeUnit.SECONDS);
  }

  private TestFlow flow(long bytes, boolean endsOutput) {
    return new TestFlow(loop, bytes, endsOutput);
  }

  @Test
  void fiftyMegabytesComeBackAsTheyWent() throws Exception {
    SshTransport transport = connected();
    TestFlow flow = flow(50_000_000, true).dial(transport.dialer(), peers.listen(Peers::echo));
    assertThat(get(flow.ended)).isEqualTo(50_000_000);
    assertThat(flow.wrong).isNull();
    assertThat(get(flow.closed)).isTrue();
    assertThat(transport.openChannels()).isZero();
    assertThat(transport.bytesUp()).isGreaterThan(50_000_000);
    assertThat(transport.bytesDown()).isGreaterThan(50_000_000);
  }

  @Test
  void endOfOurDataLeavesTheOtherDirectionOpen() throws Exception {
    SshTransport transport = connected();
    TestFlow flow =
        flow(300_000, true).dial(transport.dialer(), peers.listen(Peers::answerAfterEnd));
    assertThat(get(flow.ended)).isEqualTo(300_000);
    assertThat(flow.wrong).isNull();
    assertThat(get(flow.closed)).isTrue();
  }

  @Test
  void refusedPortIsToldAsRefused() throws Exception {
    SshTransport transport = connected();
    TestFlow flow = flow(0, false).dial(transport.dialer(), Peers.nobody());
    assertThat(get(flow.opened)).isEqualTo(refusal());
    assertThat(transport.openChannels()).isZero();
  }

  @Test
  void anotherHostKeyIsNotBelieved() {
    Fate fate = start(SessionKeys.generate().host().getPublic(), 60L << 30);
    assertThat(fate.closed)
        .succeedsWithin(Duration.ofSeconds(20))
        .satisfies(
            why -> {
              assertThat(why.code()).isEqualTo(ErrorCode.TUNNEL);
              assertThat(why).hasMessageContaining("host key");
            });
    // Whoever waits for ready is told by another thread than the one that closed.
    assertThat(fate.ready).failsWithin(Duration.ofSeconds(20));
  }

  @Test
  void fiveHundredChannelsOpenAtOnce() throws Exception {
    SshTransport transport = connected();
    InetSocketAddress echo = peers.listen(Peers::echo);
    List<TestFlow> flows = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      flows.add(flow(2_000, true).dial(transport.dialer(), echo));
    }
    for (TestFlow flow : flows) {
      assertThat(get(flow.ended)).isEqualTo(2_000);
      assertThat(flow.wrong).isNull();
      assertThat(get(flow.closed)).isTrue();
    }
    assertThat(transport.openChannels()).isZero();
  }

  /** As many flows as fill the queue, so that an exchange begins with a full one. */
  private void newKeys(int down, int up) throws Exception {
    int megabytes = 6_000_000;
    SshTransport transport = get(start(KEYS.host().getPublic(), 1_000_000).ready);
    InetSocketAddress source = peers.listen(socket -> Peers.send(socket, megabytes));
    InetSocketAddress sink = peers.listen(Peers::answerAfterEnd);
    List<TestFlow> flows = new ArrayList<>();
    for (int i = 0; i < down; i++) {
      flows.add(flow(0, true).dial(transport.dialer(), source));
    }
    for (int i = 0; i < up; i++) {
      flows.add(flow(megabytes, true).dial(transport.dialer(), sink));
    }
    for (TestFlow flow : flows) {
      assertThat(get(flow.ended)).isEqualTo(megabytes);
      assertThat(flow.wrong).isNull();
    }
    // What is under way while keys are exchanged is not counted towards the next exchange.
    assertThat(transport.keyExchanges()).isGreaterThanOrEqualTo(3);
    TestFlow after = flow(100_000, true).dial(transport.dialer(), peers.listen(Peers::echo));
    assertThat(get(after.ended)).isEqualTo(100_000);
  }

  @Test
  void newKeysUnderDownloadsLoseNothing() throws Exception {
    newKeys(4, 0);
  }

  @Test
  void newKeysUnderUploadsLoseNothing() throws Exception {
    newKeys(0, 4);
  }

  @Test
  void newKeysUnderLoadLoseNothing() throws Exception {
    SshTransport transport = get(start(KEYS.host().getPublic(), 1_000_000).ready);
    InetSocketAddress echo = peers.listen(Peers::echo);
    List<TestFlow> flows = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      flows.add(flow(8_000_000, true).dial(transport.dialer(), echo));
    }
    for (TestFlow flow : flows) {
      assertThat(get(flow.ended)).isEqualTo(8_000_000);
      assertThat(flow.wrong).isNull();
    }
    assertThat(transport.keyExchanges()).isGreaterThanOrEqualTo(5);
  }

  @Test
  void stalledReaderHoldsItsWindowAndNobodyElse() throws Exception {
    SshTransport transport = connected();
    TestFlow stalled = flow(0, false);
    stalled.stall();
    stalled.dial(transport.dialer(), peers.listen(socket -> Peers.send(socket, 20_000_000)));
    Await.until("the window is full", () -> stalled.received == ReceiveBudget.LARGEST_START);
    TestFlow other = flow(5_000_000, true).dial(transport.dialer(), peers.listen(Peers::echo));
    assertThat(get(other.ended)).isEqualTo(5_000_000);
    assertThat(stalled.received).isEqualTo(ReceiveBudget.LARGEST_START);
    stalled.goOn();
    assertThat(get(stalled.ended)).isEqualTo(20_000_000);
    assertThat(stalled.wrong).isNull();
  }

  @Test
  void stalledPeerStopsOurWritesAndNobodyElses() throws Exception {
    SshTransport transport = connected();
    CompletableFuture<Long> proceed = new CompletableFuture<>();
    TestFlow stalled =
        flow(30_000_000, true)
            .dial(
                transport.dialer(),
                peers.listen(
                    socket -> {
                      proceed.join();
                      Peers.answerAfterEnd(socket);
                    }));
    assertThat(get(stalled.opened)).isEqualTo("opened");
    TestFlow other = flow(5_000_000, true).dial(transport.dialer(), peers.listen(Peers::echo));
    assertThat(get(other.ended)).isEqualTo(5_000_000);
    proceed.complete(0L);
    assertThat(get(stalled.ended)).isEqualTo(30_000_000);
    assertThat(stalled.wrong).isNull();
  }

  @Test
  void abortedOpenLeavesNoConnection() throws Exception {
    SshTransport transport = connected();
    List<Socket> accepted = new CopyOnWriteArrayList<>();
    InetSocketAddress held =
        peers.listen(
            socket -> {
              accepted.add(socket);
              Peers.hold(socket);
              accepted.remove(socket);
            });
    for (int i = 0; i < 20; i++) {
      flow(0, false).dial(transport.dialer(), held).abort();
    }
    TestFlow last = flow(0, false).dial(transport.dialer(), held);
    assertThat(get(last.opened)).isEqualTo("opened");
    Await.until("only the last connection is left", () -> accepted.size() == 1);
    assertThat(transport.openChannels()).isEqualTo(1);
  }

  @Test
  void abortOfAnOpenFlowClosesIt() throws Exception {
    SshTransport transport = connected();
    CompletableFuture<String> gone = new CompletableFuture<>();
    InetSocketAddress held =
        peers.listen(
            socket -> {
              Peers.hold(socket);
              gone.complete("gone");
            });
    TestFlow flow = flow(0, false).dial(transport.dialer(), held);
    assertThat(get(flow.opened)).isEqualTo("opened");
    flow.abort();
    assertThat(get(gone)).isEqualTo("gone");
    assertThat(flow.closed).isNotDone();
  }

  @Test
  void peerThatBreaksOffIsNoCleanEnd() throws Exception {
    SshTransport transport = connected();
    TestFlow flow =
        flow(100, false)
            .dial(
                transport.dialer(),
                peers.listen(
                    socket -> {
                      socket.getInputStream().read();
                      socket.setSoLinger(true, 0);
                      socket.close();
                    }));
    assertThat(get(flow.opened)).isEqualTo("opened");
    CompletableFuture<Object> told = CompletableFuture.anyOf(flow.closed, flow.ended);
    assertThat(told).succeedsWithin(Duration.ofSeconds(20));
  }

  @Test
  void closingTheCarrierFailsEveryFlow() throws Exception {
    Fate fate = start(KEYS.host().getPublic(), 60L << 30);
    SshTransport transport = get(fate.ready);
    InetSocketAddress held = peers.listen(Peers::hold);
    List<TestFlow> flows = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      TestFlow flow = flow(100, false).dial(transport.dialer(), held);
      assertThat(get(flow.opened)).isEqualTo("opened");
      flows.add(flow);
    }
    Carrier open = Objects.requireNonNull(carrier);
    loop.execute(open::close);
    for (TestFlow flow : flows) {
      assertThat(get(flow.closed)).isFalse();
    }
    assertThat(get(fate.closed).code()).isEqualTo(ErrorCode.TUNNEL);
    assertThat(transport.openChannels()).isZero();
    TestFlow late = flow(0, false).dial(transport.dialer(), held);
    assertThat(get(late.opened)).isEqualTo("NO_TUNNEL");
  }

  @Test
  void closeIsToldOnceAsClosed() throws Exception {
    Fate fate = start(KEYS.host().getPublic(), 60L << 30);
    SshTransport transport = get(fate.ready);
    transport.close();
    transport.close();
    assertThat(get(fate.closed).code()).isEqualTo(ErrorCode.NOT_CONNECTED);
  }

  @Test
  void nobodyListensForSsh() throws Exception {
    Fate fate = new Fate();
    InetSocketAddress nobody = Peers.nobody();
    started.add(
        SshTransport.start(
            loop,
            SshSettings.ofProxy(KEYS.host().getPublic(), KEYS.user()),
            (on, listener) -> new SocketCarrier(on, nobody, listener),
            fate));
    assertThat(get(fate.closed).code()).isEqualTo(ErrorCode.TUNNEL);
  }
}
