package dev.ktd.dns;

import dev.ktd.os.Cidr;
import dev.ktd.packet.Choices;
import dev.ktd.packet.Expect;
import dev.ktd.relay.Datagrams;
import dev.ktd.relay.DialFailure;
import dev.ktd.relay.Downstream;
import dev.ktd.relay.NoUpstream;
import dev.ktd.relay.Upstream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Type;

/**
 * Bytes in the place of a program's query (by UDP, or by TCP in any cutting), of the cluster's
 * answer, or of all that the cluster's server sends. The first two bytes choose; the rest is sent.
 * Nobody gets two answers or another's, and nothing is left when all time limits have passed.
 */
public final class DnsMessagesFuzz {
  private static final int CHOICES = 2;
  private static final InetAddress OURS = InetAddress.ofLiteral("198.18.0.53");
  private static final InetSocketAddress RESOLVER = new InetSocketAddress(OURS, 53);
  private static final int OUR_ID = 0x5eed;

  private final TestLoop loop = new TestLoop();
  private final ScriptedCluster cluster = new ScriptedCluster();
  private final ClusterResolver resolver = new ClusterResolver(cluster, loop, loop::nanos);
  private final DnsServer server =
      new DnsServer(
          new SplitRules(
              List.of("cluster.local"),
              Set.of("default", "dev"),
              List.of("corp.test"),
              List.of(Cidr.parse("10.43.0.0/16"), Cidr.parse("fd43::/112"))),
          resolver,
          new HostServers(loop, Set.of(OURS)),
          loop);
  private final Socket socket = new Socket();

  private DnsMessagesFuzz() {}

  /** One input. */
  public static void fuzzerTestOneInput(byte[] input) {
    byte[] head = Arrays.copyOf(input, CHOICES);
    byte[] bytes = Arrays.copyOfRange(input, Math.min(CHOICES, input.length), input.length);
    new DnsMessagesFuzz().run(Choices.ofBytes(head), bytes);
  }

  private void run(Choices choices, byte[] bytes) {
    resolver.servers(List.of(InetAddress.ofLiteral("10.43.0.10")));
    cluster.script = query -> Answers.address(query, "10.43.0.7", 5);
    loop.run();
    int kind = choices.below(4);
    int piece = 1 + choices.below(64);
    switch (kind) {
      case 0 -> queryByUdp(bytes);
      case 1 -> queryByTcp(bytes, piece);
      case 2 -> clusterAnswers(bytes);
      default -> clusterSends(bytes, piece);
    }
    loop.advance(Duration.ofMinutes(2));
    Expect.that(loop.timers() == 0, "%d timers are left", loop.timers());
    Expect.that(cluster.open() == 0, "%d connections are left", cluster.open());
  }

  private void queryByUdp(byte[] bytes) {
    ask(bytes);
    loop.advance(Duration.ofSeconds(10));
    Expect.that(socket.answers.size() <= 1, "%d answers", socket.answers.size());
    for (byte[] answer : socket.answers) {
      Expect.that(answer.length <= 1232, "%d bytes by UDP", answer.length);
      checkAnswer(answer, (bytes[0] & 0xff) << 8 | (bytes[1] & 0xff));
    }
  }

  private void ask(byte[] query) {
    server.open(RESOLVER, socket).send(ByteBuffer.wrap(query));
    loop.run();
  }

  private static void checkAnswer(byte[] answer, int id) {
    try {
      Message read = new Message(answer);
      Expect.that(read.getHeader().getID() == id, "the answer of another question");
      Expect.that(read.getHeader().getFlag(Flags.QR), "no answer");
    } catch (IOException e) {
      throw new AssertionError("an answer that nobody can read", e);
    }
  }

  private void queryByTcp(byte[] bytes, int piece) {
    Program program = new Program();
    Upstream upstream = server.dial(RESOLVER, program);
    program.upstream = upstream;
    for (int at = 0; at < bytes.length && !program.closed; at += piece) {
      ByteBuffer part = ByteBuffer.wrap(bytes, at, Math.min(piece, bytes.length - at));
      int taken = upstream.write(part);
      Expect.that(
          taken == part.remaining() || program.closed, "took %d of %d", taken, part.remaining());
      loop.run();
    }
    loop.advance(Duration.ofSeconds(10));
    program.checkAnswers(bytes);
  }

  /** The answer to a question of ours, which has the question's id if it is long enough. */
  private void clusterAnswers(byte[] bytes) {
    cluster.script =
        query -> {
          byte[] answer = bytes.clone();
          if (answer.length >= 2) {
            answer[0] = (byte) (query.getHeader().getID() >> 8);
            answer[1] = (byte) query.getHeader().getID();
          }
          cluster.connections.getLast().sendBytes(FrameReader.frame(answer));
          return null;
        };
    expectOneAnswer();
  }

  private void clusterSends(byte[] bytes, int piece) {
    cluster.chunk = piece;
    cluster.script =
        _ -> {
          cluster.connections.getLast().sendBytes(ByteBuffer.wrap(bytes));
          return null;
        };
    expectOneAnswer();
  }

  private void expectOneAnswer() {
    Message query = Answers.query(OUR_ID, "web.default", Type.A);
    ask(query.toWire());
    for (int i = 0; i < 100; i++) {
      cluster.settle();
      loop.advance(Duration.ofMillis(100));
    }
    Expect.that(socket.answers.size() == 1, "%d answers", socket.answers.size());
    checkAnswer(socket.answers.getFirst(), OUR_ID);
  }

  private static final class Socket implements Datagrams.Replies {
    private final List<byte[]> answers = new ArrayList<>();

    @Override
    public void datagram(ByteBuffer payload) {
      byte[] answer = new byte[payload.remaining()];
      payload.duplicate().get(answer);
      answers.add(answer);
    }

    @Override
    public void refused(DialFailure why) {
      throw new AssertionError("refused: " + why);
    }
  }

  /** A program's TCP connection, which reads all at once. */
  private static final class Program implements Downstream {
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private Upstream upstream = new NoUpstream();
    private boolean closed;

    @Override
    public void opened() {}

    @Override
    public void failed(DialFailure why) {
      throw new AssertionError("failed: " + why);
    }

    @Override
    public void data(ByteBuffer data) {
      Expect.that(!closed, "data after the end");
      byte[] bytes = new byte[data.remaining()];
      data.duplicate().get(bytes);
      received.writeBytes(bytes);
      upstream.consumed(bytes.length);
    }

    @Override
    public void writable() {}

    @Override
    public void end() {}

    @Override
    public void closed(boolean clean) {
      Expect.that(!closed, "closed twice");
      closed = true;
    }

    /** As many as there were whole messages, at most; all whole. */
    private void checkAnswers(byte[] sent) {
      int asked = frames(ByteBuffer.wrap(sent));
      ByteBuffer in = ByteBuffer.wrap(received.toByteArray());
      int answered = frames(in);
      Expect.that(!in.hasRemaining(), "%d bytes behind the last answer", in.remaining());
      Expect.that(answered <= asked, "%d answers to %d questions", answered, asked);
    }

    private static int frames(ByteBuffer in) {
      int count = 0;
      while (in.remaining() >= 2) {
        int length = in.getShort(in.position()) & 0xffff;
        if (in.remaining() < 2 + length) {
          break;
        }
        in.position(in.position() + 2 + length);
        count++;
      }
      return count;
    }
  }
}
