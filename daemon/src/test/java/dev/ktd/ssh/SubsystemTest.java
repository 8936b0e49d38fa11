package dev.ktd.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.relay.Datagrams;
import dev.ktd.relay.DialFailure;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.server.Environment;
import org.apache.sshd.server.ExitCallback;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.channel.ChannelSession;
import org.apache.sshd.server.command.Command;
import org.apache.sshd.server.subsystem.SubsystemFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** UDP and ping against an agent of this test, frame by frame. */
@ExtendWith(LeakWatch.class)
@Timeout(60)
final class SubsystemTest {
  private static final SessionKeys KEYS = SessionKeys.generate();

  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final EventLoop loop = group.next();
  private final SshServer server = SshServer.setUpDefaultServer();
  private final BlockingQueue<String> seen = new LinkedBlockingQueue<>();
  private volatile String lastWords = "";
  private volatile @Nullable SshTransport transport;

  /** What a subsystem does with its two streams. */
  private interface Agent {
    void run(DataInputStream in, DataOutputStream out) throws IOException;
  }

  @BeforeEach
  void listen() throws IOException {
    server.setHost("127.0.0.1");
    server.setKeyPairProvider(KeyPairProvider.wrap(List.of(KEYS.host())));
    server.setPublickeyAuthenticator((user, key, session) -> true);
    server.setSubsystemFactories(List.of(subsystem("datagram", this::datagrams)));
    server.start();
  }

  @AfterEach
  void stop() throws Exception {
    SshTransport open = transport;
    if (open != null) {
      open.close();
    }
    server.stop(true);
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
  }

  private SubsystemFactory subsystem(String name, Agent agent) {
    return new SubsystemFactory() {
      @Override
      public String getName() {
        return name;
      }

      @Override
      public Command createSubsystem(ChannelSession channel) {
        return new AgentCommand(agent);
      }
    };
  }

  /** A command that runs on a virtual thread. */
  private final class AgentCommand implements Command {
    private final Agent agent;
    private InputStream in = InputStream.nullInputStream();
    private OutputStream out = OutputStream.nullOutputStream();
    private OutputStream errors = OutputStream.nullOutputStream();
    private @Nullable ExitCallback exit;

    AgentCommand(Agent agent) {
      this.agent = agent;
    }

    @Override
    public void setInputStream(InputStream stream) {
      in = stream;
    }

    @Override
    public void setOutputStream(OutputStream stream) {
      out = stream;
    }

    @Override
    public void setErrorStream(OutputStream stream) {
      errors = stream;
    }

    @Override
    public void setExitCallback(ExitCallback callback) {
      exit = callback;
    }

    @Override
    public void start(ChannelSession channel, Environment environment) {
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  if (lastWords.isEmpty()) {
                    agent.run(new DataInputStream(in), new DataOutputStream(out));
                  } else {
                    errors.write(lastWords.getBytes(StandardCharsets.UTF_8));
                    errors.flush();
                  }
                } catch (IOException _) {
                  // The client left.
                }
                if (exit != null) {
                  exit.onExit(0);
                }
              });
    }

    @Override
    public void destroy(ChannelSession channel) {}
  }

  /** Port 7 echoes, port 9 refuses, port 13 is closed for idleness after the first datagram. */
  private void datagrams(DataInputStream in, DataOutputStream out) throws IOException {
    Map<Integer, Integer> ports = new HashMap<>();
    while (true) {
      byte[] frame = new byte[in.readUnsignedShort()];
      in.readFully(frame);
      ByteBuffer body = ByteBuffer.wrap(frame);
      int type = body.get();
      int id = body.getInt();
      switch (type) {
        case 0 -> {
          seen.add("hello " + body.get());
          send(out, 0, 0, new byte[] {1});
        }
        case 1 -> {
          byte[] address = new byte[body.get() == 4 ? 4 : 16];
          body.get(address);
          int port = body.getShort();
          ports.put(id, port);
          seen.add("open " + InetAddress.getByAddress(address).getHostAddress() + " " + port);
        }
        case 2 -> datagram(out, id, ports.getOrDefault(id, 0), body);
        case 3 -> seen.add("close");
        case 5 -> {
          byte[] address = new byte[body.get() == 4 ? 4 : 16];
          body.get(address);
          byte[] payload = new byte[body.remaining()];
          body.get(payload);
          send(out, 6, id, payload);
        }
        default -> seen.add("type " + type);
      }
    }
  }

  private void datagram(DataOutputStream out, int id, int port, ByteBuffer body)
      throws IOException {
    byte[] payload = new byte[body.remaining()];
    body.get(payload);
    switch (port) {
      case 7 -> send(out, 2, id, payload);
      case 9 -> send(out, 4, id, new byte[] {1});
      case 13 -> {
        send(out, 2, id, payload);
        send(out, 3, id, new byte[0]);
      }
      default -> seen.add("data without a socket");
    }
  }

  private static void send(DataOutputStream out, int type, int id, byte[] body) throws IOException {
    out.writeShort(5 + body.length);
    out.writeByte(type);
    out.writeInt(id);
    out.write(body);
    out.flush();
  }

  private SshTransport connected() throws Exception {
    TransportContract.Fate fate = new TransportContract.Fate();
    InetSocketAddress to =
        new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getPort());
    SshSettings settings =
        new SshSettings(
            "ktd",
            KEYS.host().getPublic(),
            KEYS.user(),
            Duration.ofSeconds(20),
            Duration.ofSeconds(10),
            1L << 30);
    transport =
        SshTransport.start(
            loop, settings, (on, listener) -> new SocketCarrier(on, to, listener), fate);
    return fate.ready.get(30, TimeUnit.SECONDS);
  }

  /** Collects what comes back. */
  private static final class Answers implements Datagrams.Replies {
    final BlockingQueue<Integer> lengths = new LinkedBlockingQueue<>();
    final BlockingQueue<DialFailure> refusals = new LinkedBlockingQueue<>();
    final AtomicInteger lost = new AtomicInteger();

    @Override
    public void datagram(ByteBuffer payload) {
      lengths.add(payload.remaining());
    }

    @Override
    public void refused(DialFailure why) {
      refusals.add(why);
    }

    @Override
    public void lost() {
      lost.incrementAndGet();
    }
  }

  private Datagrams.Association open(SshTransport over, int port, Answers answers)
      throws Exception {
    CompletableFuture<Datagrams.Association> opened = new CompletableFuture<>();
    InetSocketAddress to = new InetSocketAddress(InetAddress.ofLiteral("10.42.0.9"), port);
    loop.execute(() -> opened.complete(over.datagrams().open(to, answers)));
    return opened.get(10, TimeUnit.SECONDS);
  }

  @Test
  void datagramsOfEverySizeComeBack() throws Exception {
    Answers answers = new Answers();
    Datagrams.Association socket = open(connected(), 7, answers);
    for (int length : new int[] {0, 1, 1_472, 32_768, 65_507}) {
      loop.execute(() -> socket.send(ByteBuffer.allocate(length)));
      assertThat(answers.lengths.poll(20, TimeUnit.SECONDS)).isEqualTo(length);
    }
    assertThat(seen.poll(5, TimeUnit.SECONDS)).isEqualTo("hello 1");
    assertThat(seen.poll(5, TimeUnit.SECONDS)).isEqualTo("open 10.42.0.9 7");
    loop.execute(socket::close);
    assertThat(seen.poll(5, TimeUnit.SECONDS)).isEqualTo("close");
  }

  @Test
  void refusedDatagramIsTold() throws Exception {
    Answers answers = new Answers();
    Datagrams.Association socket = open(connected(), 9, answers);
    loop.execute(() -> socket.send(ByteBuffer.allocate(4)));
    assertThat(answers.refusals.poll(20, TimeUnit.SECONDS)).isEqualTo(DialFailure.REFUSED);
  }

  @Test
  void socketThatTheAgentClosedIsOpenedAgain() throws Exception {
    Answers answers = new Answers();
    SshTransport over = connected();
    Datagrams.Association socket = open(over, 13, answers);
    Datagrams.Association other = open(over, 7, answers);
    loop.execute(() -> socket.send(ByteBuffer.allocate(4)));
    assertThat(answers.lengths.poll(20, TimeUnit.SECONDS)).isEqualTo(4);
    // The echo of a later datagram proves that the close before it was read.
    loop.execute(() -> other.send(ByteBuffer.allocate(5)));
    assertThat(answers.lengths.poll(20, TimeUnit.SECONDS)).isEqualTo(5);
    loop.execute(() -> socket.send(ByteBuffer.allocate(6)));
    assertThat(answers.lengths.poll(20, TimeUnit.SECONDS)).isEqualTo(6);
    assertThat(seen.stream().filter("open 10.42.0.9 13"::equals)).hasSize(2);
  }

  @Test
  void datagramsThatWaitForASubsystemThatFailsAreTold() throws Exception {
    server.setSubsystemFactories(List.of());
    Answers answers = new Answers();
    Datagrams.Association socket = open(connected(), 7, answers);
    CompletableFuture<Integer> taken = new CompletableFuture<>();
    loop.execute(
        () -> {
          int n = 0;
          for (int i = 0; i < 100; i++) {
            n += socket.send(ByteBuffer.allocate(8)) ? 1 : 0;
          }
          taken.complete(n);
        });
    // One of the 64 places is the socket's own.
    assertThat(taken.get(10, TimeUnit.SECONDS)).isEqualTo(63);
    Await.until("all are told", () -> answers.lost.get() == 63);
  }

  @Test
  void pingIsAnswered() throws Exception {
    SshTransport over = connected();
    CompletableFuture<Integer> answered = new CompletableFuture<>();
    InetAddress target = InetAddress.ofLiteral("fd00::7");
    loop.execute(
        () ->
            over.datagrams()
                .echo(
                    target,
                    ByteBuffer.allocate(56),
                    payload -> answered.complete(payload.limit())));
    assertThat(answered.get(20, TimeUnit.SECONDS)).isEqualTo(56);
  }

  /** Hears the end of a subsystem. */
  private record Ending(CompletableFuture<String> ended) implements SubsystemChannel.User {
    @Override
    public void started() {}

    @Override
    public void received(ByteBuffer bytes) {}

    @Override
    public void writable() {}

    @Override
    public void ended(String why) {
      ended.complete(why);
    }
  }

  @Test
  void lastWordsOfTheAgentAreTheReason() throws Exception {
    lastWords = "ktd-agent: no main process answers\n" + "x".repeat(100_000);
    SshTransport over = connected();
    Ending ending = new Ending(new CompletableFuture<>());
    loop.execute(
        () -> {
          SubsystemChannel channel = new SubsystemChannel(over, "datagram", ending);
          over.register(channel);
          channel.request();
        });
    assertThat(ending.ended.get(20, TimeUnit.SECONDS))
        .startsWith("the subsystem datagram ended: ktd-agent: no main process answers xxx")
        .hasSizeLessThan(1200);
  }
}
