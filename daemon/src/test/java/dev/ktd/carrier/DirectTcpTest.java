package dev.ktd.carrier;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Plain TCP on loopback: alone, asked for the agent, and under a stream that moves to it. */
@SuppressWarnings("FutureReturnValueIgnored")
final class DirectTcpTest extends ForwardRig {
  private static final Duration LIMIT = Duration.ofMillis(500);

  private final List<String> seen = new CopyOnWriteArrayList<>();
  private final List<ServerPort> ports = new CopyOnWriteArrayList<>();

  /** A way to a port that behaves as {@link ServerPort} says. */
  private DirectTcp to(String kind, String address) throws Exception {
    Channel listening =
        new ServerBootstrap()
            .group(serverGroup)
            .channel(EpollServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    channel.pipeline().addLast(new Served(kind));
                  }
                })
            .bind(InetAddress.ofLiteral(address), 0)
            .sync()
            .channel();
    InetSocketAddress at = (InetSocketAddress) listening.localAddress();
    return new DirectTcp(at.getAddress(), at.getPort());
  }

  private Ear open(DirectTcp way) {
    Ear ear = new Ear();
    way.open(loop, ear);
    return ear;
  }

  private static int closedPort() throws Exception {
    try (ServerSocket nobody = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return nobody.getLocalPort();
    }
  }

  // Alone

  @Test
  void bytesComeBackAsTheyWent() throws Exception {
    Ear ear = open(to("echo", "127.0.0.1"));
    assertThat(get(ear.ready).path()).isEqualTo("direct");
    assertThat(get(ear.ready).protocol()).isEqualTo("TCP");
    echoes(ear, 20_000_000);
    assertThat(ear.closings).isEqualTo(1);
  }

  @Test
  void ipv6IsReached() throws Exception {
    echoes(open(to("echo", "::1")), 100_000);
  }

  @Test
  void whoDoesNotReadHoldsTheOtherEndBack() throws Exception {
    Ear ear = new Ear();
    ear.whenReady = carrier -> carrier.setReading(false);
    to("flood", "127.0.0.1").open(loop, ear);
    Carrier carrier = get(ear.ready);
    ServerPort port = stopped();
    assertThat(port.bytes.get()).isLessThan(ServerPort.FLOOD);
    loop.execute(() -> carrier.setReading(true));
    until(() -> ear.received == ServerPort.FLOOD);
    assertThat(ear.received).isEqualTo(ServerPort.FLOOD);
    assertThat(ear.wrong).isFalse();
    loop.execute(carrier::close);
    get(ear.closed);
  }

  /** The port, when its count no longer changes. */
  private ServerPort stopped() {
    until(() -> !ports.isEmpty());
    ServerPort port = ports.getFirst();
    long[] last = {0, System.nanoTime()};
    until(
        () -> {
          if (port.bytes.get() != last[0]) {
            last[0] = port.bytes.get();
            last[1] = System.nanoTime();
          }
          return last[0] > 0 && System.nanoTime() - last[1] > TimeUnit.MILLISECONDS.toNanos(500);
        });
    return port;
  }

  @Test
  void whoIsNotReadIsHeldBackAndLosesNothing() throws Exception {
    Ear ear = open(to("stalled", "127.0.0.1"));
    Carrier carrier = get(ear.ready);
    long total = 32 << 20;
    long[] sent = new long[1];
    pump(carrier, ear, total, sent);
    until(() -> onLoop(() -> !carrier.isWritable()));
    assertThat(onLoop(() -> sent[0] < total)).isTrue();
    until(() -> !ports.isEmpty());
    ServerPort port = ports.getFirst();
    serverGroup.next().execute(port::resume);
    until(() -> port.bytes.get() == total);
    assertThat(port.bytes).hasValue(total);
    assertThat(seen).doesNotContain("wrong byte");
    loop.execute(carrier::close);
    get(ear.closed);
  }

  private boolean onLoop(Callable<Boolean> asked) {
    try {
      return loop.submit(asked).get(30, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aClosedPortIsRefused() throws Exception {
    int port = closedPort();
    KtdException why = get(open(new DirectTcp(InetAddress.ofLiteral("127.0.0.1"), port)).closed);
    assertThat(why.code()).isEqualTo(ErrorCode.TUNNEL);
    assertThat(why)
        .hasMessage("no direct way to the proxy pod at 127.0.0.1:" + port + ": connection refused");
  }

  @Test
  void theEndOfTheOtherSideIsTold() throws Exception {
    Ear ear = open(to("leaves", "127.0.0.1"));
    assertThat(get(ear.closed)).hasMessageEndingWith(" ended");
    assertThat(ear.text).isEqualTo("bye");
    assertThat(ear.closings).isEqualTo(1);
  }

  @Test
  void aResetIsTold() throws Exception {
    Ear ear = open(to("resets", "127.0.0.1"));
    pump(get(ear.ready), ear, 1);
    assertThat(get(ear.closed)).hasMessageContaining(" ended: ").hasMessageContaining("reset");
    assertThat(ear.closings).isEqualTo(1);
  }

  @Test
  void closeWhileOpeningIsTheOnlyAnswer() throws Exception {
    Ear ear = new Ear();
    DirectTcp way = to("echo", "127.0.0.1");
    loop.submit(() -> way.open(loop, ear).close()).sync();
    assertThat(get(ear.closed).code()).isEqualTo(ErrorCode.NOT_CONNECTED);
    assertThat(ear.ready).isNotDone();
  }

  // Asked for the agent

  private KtdException notBelieved(CarrierOpener way) throws Exception {
    CompletableFuture<CarrierOpener> asked =
        AgentProbe.start(loop, way, SessionSecret.generate(), LIMIT);
    try {
      asked.get(30, TimeUnit.SECONDS);
      throw new AssertionError("believed");
    } catch (ExecutionException e) {
      return (KtdException) Objects.requireNonNull(e.getCause());
    }
  }

  @Test
  void theAgentOfThisSessionIsBelievedAndNoOther() throws Exception {
    SessionSecret secret = SessionSecret.generate();
    DirectTcp way = new AgentPort(serverGroup.next(), secret).way();
    CompletableFuture<CarrierOpener> asked = AgentProbe.start(loop, way, secret, LIMIT);
    assertThat(get(asked)).isSameAs(way);
    assertThat(notBelieved(way)).hasMessageContaining(" ended");
  }

  @Test
  void noneOfTheseIsBelieved() throws Exception {
    assertThat(notBelieved(to("sshd", "127.0.0.1"))).hasMessageContaining("no ktd-agent");
    assertThat(notBelieved(to("leaves", "127.0.0.1"))).hasMessageContaining(" ended");
    assertThat(notBelieved(new DirectTcp(InetAddress.ofLiteral("127.0.0.1"), closedPort())))
        .hasMessageContaining("connection refused");
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      assertThat(notBelieved(new DirectTcp(silent.getInetAddress(), silent.getLocalPort())))
          .hasMessageContaining("no agent greeted within 500 ms");
    }
  }

  // Under a stream

  @Test
  void aStreamMovesThereAndBackAndLosesNoByte() throws Exception {
    SessionSecret secret = SessionSecret.generate();
    AgentPort agent = new AgentPort(serverGroup.next(), secret);
    CarrierOpener first = named("port-forward", agent.way());
    Ear ear = new Ear();
    Heard heard = new Heard();
    ResumableCarrier stream =
        ResumableCarrier.open(
            loop, () -> first, new ResumeSettings(secret, Duration.ofMinutes(1)), ear, heard);
    get(ear.ready);
    until(() -> heard.introduced == 1);
    assertThat(stream.path()).isEqualTo("port-forward");
    long total = 3_000_000;
    write(stream, ear, total);
    byte[] down = ServerPort.pattern(0, 2_000_000);
    agent.on(
        twin -> {
          twin.stream().say(down);
          return true;
        });
    until(() -> ear.received > 100_000);
    stream.move(agent.way());
    until(() -> heard.introduced == 2);
    assertThat(stream.path()).isEqualTo("direct");
    assertThat(heard.suspended).isZero();
    until(() -> heard.rerouted == 1);
    agent.on(
        twin -> {
          twin.last().wire.cut();
          return true;
        });
    until(() -> heard.resumed == 1);
    assertThat(heard.rerouted).isEqualTo(2);
    assertThat(stream.path()).isEqualTo("port-forward");
    until(() -> ear.received == down.length);
    assertThat(ear.received).isEqualTo(down.length);
    assertThat(ear.wrong).isFalse();
    until(() -> atAgent(agent, twin -> twin.stream().fromClient.size()) == total);
    byte[] up = atAgent(agent, twin -> twin.stream().fromClient.toByteArray());
    assertThat(up.length).isEqualTo(total);
    assertThat(Arrays.equals(up, ServerPort.pattern(0, up.length))).isTrue();
    stream.close();
    get(ear.closed);
  }

  /** Flushes after each write: a stream is not writable while something waits for that. */
  private void write(Carrier stream, Ear ear, long total) {
    long[] sent = new long[1];
    Runnable more =
        () -> {
          while (sent[0] < total && stream.isWritable()) {
            int n = (int) Math.min(30_000, total - sent[0]);
            byte[] bytes = ServerPort.pattern(sent[0], n);
            sent[0] += n;
            stream.write(ByteBufAllocator.DEFAULT.buffer(n).writeBytes(bytes));
            stream.flush();
          }
        };
    loop.execute(
        () -> {
          ear.whenWritable = more;
          more.run();
        });
  }

  private static <T> T atAgent(AgentPort agent, Function<AgentTwin, T> what) {
    try {
      return agent.on(what);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** The same way under another name. */
  private static CarrierOpener named(String path, DirectTcp way) {
    return (loop, listener) ->
        way.open(
            loop,
            new Carrier.Listener() {
              @Override
              public void ready(Carrier carrier) {
                listener.ready(new Named(path, carrier));
              }

              @Override
              public void data(ByteBuf data) {
                listener.data(data);
              }

              @Override
              public void readComplete() {
                listener.readComplete();
              }

              @Override
              public void writabilityChanged(boolean writable) {
                listener.writabilityChanged(writable);
              }

              @Override
              public void closed(Throwable why) {
                listener.closed(why);
              }
            });
  }

  private record Named(String path, Carrier carrier) implements Carrier {
    @Override
    public void write(ByteBuf data) {
      carrier.write(data);
    }

    @Override
    public void flush() {
      carrier.flush();
    }

    @Override
    public boolean isWritable() {
      return carrier.isWritable();
    }

    @Override
    public void setReading(boolean reading) {
      carrier.setReading(reading);
    }

    @Override
    public void close() {
      carrier.close();
    }
  }

  private static final class Heard implements ResumableCarrier.Events {
    private volatile int introduced;
    private volatile int suspended;
    private volatile int resumed;
    private volatile int rerouted;

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate")
    public void introduced(AgentInfo agent) {
      introduced++;
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate")
    public void suspended(KtdException why) {
      suspended++;
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate")
    public void resumed(Duration pause) {
      resumed++;
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate")
    public void rerouted(Duration roundTrip) {
      assertThat(roundTrip).isPositive();
      rerouted++;
    }
  }

  /** One connection of the server. */
  private final class Served extends ChannelInboundHandlerAdapter implements ServerPort.Out {
    private final String kind;
    private @Nullable ServerPort port;
    private @Nullable Channel socket;

    private Served(String kind) {
      this.kind = kind;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      socket = ctx.channel();
      switch (kind) {
        case "leaves" -> say(ctx, "bye").addListener(_ -> ctx.close());
        case "sshd" -> say(ctx, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n");
        case "resets" -> ctx.channel().config().setOption(ChannelOption.SO_LINGER, 0);
        default -> {
          ServerPort made = new ServerPort(kind, ctx.channel(), seen);
          port = made;
          made.begin(this);
          ports.add(made);
        }
      }
    }

    private ChannelFuture say(ChannelHandlerContext ctx, String text) {
      return ctx.writeAndFlush(
          ByteBufAllocator.DEFAULT.buffer().writeBytes(text.getBytes(US_ASCII)));
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ByteBuf bytes = (ByteBuf) message;
      if (port != null) {
        port.received(bytes);
      }
      bytes.release();
      if (kind.equals("resets")) {
        ctx.close();
      }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      if (port != null) {
        port.writable();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }

    @Override
    public void data(ByteBuf bytes) {
      if (socket != null) {
        socket.write(bytes);
      }
    }

    @Override
    public void refuse(String why) {
      throw new AssertionError(why);
    }
  }
}
