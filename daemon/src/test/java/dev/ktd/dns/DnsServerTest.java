package dev.ktd.dns;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.os.Cidr;
import dev.ktd.relay.Datagrams;
import dev.ktd.relay.DialFailure;
import dev.ktd.relay.Downstream;
import dev.ktd.relay.Upstream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

class DnsServerTest {
  private static final InetAddress OURS = InetAddress.ofLiteral("198.18.0.53");
  private static final InetSocketAddress RESOLVER = new InetSocketAddress(OURS, 53);

  private final TestLoop loop = new TestLoop();
  private final ScriptedCluster cluster = new ScriptedCluster();
  private final ClusterResolver resolver = new ClusterResolver(cluster, loop, loop::nanos);
  private final DnsServer server =
      new DnsServer(
          new SplitRules(
              List.of("cluster.local"),
              Set.of("default"),
              List.of(),
              List.of(Cidr.parse("10.43.0.0/16"))),
          resolver,
          new HostServers(loop, Set.of(OURS)),
          loop);
  private final Received datagrams = new Received();

  @BeforeEach
  void clusterKnowsAnAddress() {
    cluster.script = query -> Answers.address(query, "10.43.0.7", 5);
    resolver.servers(List.of(InetAddress.ofLiteral("10.43.0.10")));
    loop.run();
  }

  @Test
  void fullNameIsAnsweredWithTheProgramsIdAndSpelling() {
    Message answer = ask(Answers.query(0xbeef, "Web.DEFAULT.svc.cluster.local", Type.A));
    assertThat(answer.getHeader().getID()).isEqualTo(0xbeef);
    assertThat(answer.getHeader().getFlag(Flags.QR)).isTrue();
    assertThat(answer.getHeader().getFlag(Flags.RA)).isTrue();
    assertThat(answer.getHeader().getFlag(Flags.RD)).isTrue();
    assertThat(answer.getQuestion().getName().toString())
        .isEqualTo("Web.DEFAULT.svc.cluster.local.");
    assertThat(lines(answer)).containsExactly("Web.DEFAULT.svc.cluster.local. A 10.43.0.7");
  }

  @Test
  void spellingOfEachProgramIsItsOwnAlsoFromTheCache() {
    ask(Answers.query(1, "web.default.svc.cluster.local", Type.A));
    Message answer = ask(Answers.query(2, "WEB.default.svc.cluster.local", Type.A));
    assertThat(answer.getQuestion().getName().toString())
        .isEqualTo("WEB.default.svc.cluster.local.");
    assertThat(server.counters()).isEqualTo(new DnsCounters(2, 1, 1, 0, 0, 0));
  }

  @Test
  void shortNamesLeadToTheFullOneByACname() {
    for (String name : List.of("web.default", "web.default.svc")) {
      assertThat(lines(ask(Answers.query(1, name, Type.A))))
          .containsExactly(
              name + ". CNAME web.default.svc.cluster.local.",
              "web.default.svc.cluster.local. A 10.43.0.7");
    }
    assertThat(cluster.queries).hasSize(1);
  }

  @Test
  void askedForTheCnameOnlyTheCnameIsGiven() {
    assertThat(lines(ask(Answers.query(1, "web.default", Type.CNAME))))
        .containsExactly("web.default. CNAME web.default.svc.cluster.local.");
  }

  @Test
  void missingNameIsMissingAndMissingTypeIsEmpty() {
    cluster.script = query -> Answers.negative(query, Rcode.NXDOMAIN, 5, 5);
    Message missing = ask(Answers.query(1, "no.default", Type.A));
    assertThat(missing.getRcode()).isEqualTo(Rcode.NXDOMAIN);
    assertThat(missing.getSection(Section.AUTHORITY)).hasSize(1);
    cluster.script = query -> Answers.negative(query, Rcode.NOERROR, 5, 5);
    Message empty = ask(Answers.query(1, "web.default.svc.cluster.local", Type.AAAA));
    assertThat(empty.getRcode()).isEqualTo(Rcode.NOERROR);
    assertThat(empty.getSection(Section.ANSWER)).isEmpty();
  }

  @Test
  void reverseNamesOfRoutedNetworksGoToTheCluster() {
    ask(Answers.query(1, "7.0.43.10.in-addr.arpa", Type.PTR));
    assertThat(cluster.queries).hasSize(1);
  }

  @Test
  void unknownTypesPassThrough() {
    ask(Answers.query(1, "web.default.svc.cluster.local", 65_280));
    assertThat(cluster.queries.getFirst().getQuestion().getType()).isEqualTo(65_280);
  }

  @Test
  void withoutATunnelClusterNamesFailAtOnce() {
    resolver.tunnel(false);
    loop.run();
    Message answer = ask(Answers.query(1, "web.default", Type.A));
    assertThat(answer.getRcode()).isEqualTo(Rcode.SERVFAIL);
    assertThat(server.counters().failed()).isEqualTo(1);
  }

  @Test
  void withoutServersOfTheHostOtherNamesFail() {
    Message answer = ask(Answers.query(1, "www.example.com", Type.A));
    assertThat(answer.getRcode()).isEqualTo(Rcode.SERVFAIL);
    assertThat(server.counters()).isEqualTo(new DnsCounters(1, 0, 0, 1, 1, 0));
  }

  @Test
  void otherRulesAreUsedFromNowOn() {
    server.rules(new SplitRules(List.of("other.local"), Set.of(), List.of(), List.of()));
    ask(Answers.query(1, "web.default", Type.A));
    assertThat(cluster.queries).isEmpty();
  }

  @Test
  void longAnswerIsCutOffByUdpAsEdnsSays() {
    cluster.script = query -> Answers.text(query, 20);
    Message plain = Answers.query(1, "web.default.svc.cluster.local", Type.TXT);
    assertThat(askBytes(plain.toWire()).remaining()).isLessThanOrEqualTo(512);
    assertThat(ask(plain).getHeader().getFlag(Flags.TC)).isTrue();
    for (int payload : new int[] {600, 1232, 4096}) {
      Message edns = Answers.query(1, "web.default.svc.cluster.local", Type.TXT);
      edns.addRecord(new OPTRecord(payload, 0, 0), Section.ADDITIONAL);
      assertThat(askBytes(edns.toWire()).remaining()).isLessThanOrEqualTo(Math.min(payload, 1232));
      Message cut = ask(edns);
      assertThat(cut.getHeader().getFlag(Flags.TC)).isTrue();
      assertThat(cut.getOPT()).isNotNull();
    }
  }

  @Test
  void longAnswerIsWholeByTcp() {
    cluster.script = query -> Answers.text(query, 100);
    Client client = connect();
    client.ask(Answers.query(1, "web.default.svc.cluster.local", Type.TXT));
    Message answer = client.answers().getFirst();
    assertThat(answer.getSection(Section.ANSWER)).hasSize(100);
    assertThat(answer.getHeader().getFlag(Flags.TC)).isFalse();
  }

  @Test
  void ednsIsAnsweredOnlyToThoseWhoSpeakIt() {
    Message query = Answers.query(1, "web.default.svc.cluster.local", Type.A);
    assertThat(ask(query).getOPT()).isNull();
    query.addRecord(new OPTRecord(4096, 0, 0), Section.ADDITIONAL);
    assertThat(ask(query).getOPT()).isNotNull();
  }

  @Test
  void questionsOnOneConnectionAreAnsweredAsAnswersCome() {
    cluster.script = _ -> null;
    Client client = connect();
    client.ask(Answers.query(1, "a.default", Type.A));
    client.ask(Answers.query(2, "b.default", Type.A));
    for (Message query : List.copyOf(cluster.queries).reversed()) {
      cluster.connections.getFirst().send(Answers.address(query, "10.43.0.7", 5));
    }
    assertThat(client.answers())
        .extracting(answer -> answer.getHeader().getID())
        .containsExactly(2, 1);
  }

  @Test
  void questionInSmallPiecesIsTaken() {
    Client client = connect();
    ByteBuffer frame =
        FrameReader.frame(Answers.query(1, "web.default.svc.cluster.local", Type.A).toWire());
    while (frame.hasRemaining()) {
      assertThat(client.write(ByteBuffer.wrap(new byte[] {frame.get()}))).isEqualTo(1);
    }
    assertThat(client.answers()).hasSize(1);
  }

  @Test
  void connectionTakesNoMoreThanItsShareAndGoesOnLater() {
    cluster.script = _ -> null;
    Client client = connect();
    ByteBuffer all = ByteBuffer.allocate(100_000);
    for (int i = 0; i < 100; i++) {
      all.put(FrameReader.frame(Answers.query(i, "n" + i + ".default", Type.A).toWire()));
    }
    all.flip();
    int taken = client.write(all);
    assertThat(taken).isLessThan(all.remaining());
    assertThat(cluster.queries).hasSize(ServedConnection.MAX_PENDING);
    all.position(taken);
    assertThat(client.write(all)).isZero();
    cluster.script = query -> Answers.address(query, "10.43.0.7", 5);
    for (Message query : List.copyOf(cluster.queries)) {
      for (ScriptedCluster.Connection connection : List.copyOf(cluster.connections)) {
        connection.send(Answers.address(query, "10.43.0.7", 5));
      }
    }
    assertThat(client.writable).isPositive();
    assertThat(client.write(all)).isEqualTo(all.remaining());
    assertThat(client.answers()).hasSize(100);
  }

  @Test
  void whatWasNotTakenIsTakenOnceWhenThereIsRoom() {
    cluster.script = _ -> null;
    Client client = connect();
    ByteBuffer all = ByteBuffer.allocate(100_000);
    for (int i = 0; i < 300; i++) {
      all.put(FrameReader.frame(Answers.query(i, "n" + i + ".default", Type.A).toWire()));
    }
    client.rest = all.flip();
    all.position(client.write(all));
    assertThat(all.remaining()).isPositive();
    cluster.script = query -> Answers.address(query, "10.43.0.7", 5);
    loop.advance(Duration.ofMillis(ClusterResolver.PATIENCE_MILLIS)); // asks once more
    assertThat(all.remaining()).isZero();
    assertThat(client.answers())
        .hasSize(300)
        .extracting(answer -> answer.getHeader().getID())
        .doesNotHaveDuplicates();
  }

  @Test
  void answersWaitForTheProgramToRead() {
    cluster.script = query -> Answers.text(query, 500);
    Client client = connect();
    client.reads = false;
    for (int i = 0; i < 60; i++) {
      client.ask(Answers.query(i, "n" + i + ".default.svc.cluster.local", Type.TXT));
    }
    assertThat(client.unread).isLessThanOrEqualTo(ServedConnection.WINDOW).isGreaterThan(1_000_000);
    client.reads = true;
    client.upstream().consumed(client.unread);
    assertThat(client.answers()).hasSize(60);
  }

  @Test
  void halfClosedConnectionEndsAfterTheLastAnswer() {
    cluster.script = _ -> null;
    Client client = connect();
    client.ask(Answers.query(1, "a.default", Type.A));
    client.upstream().shutdownOutput();
    assertThat(client.events).containsExactly("opened");
    cluster
        .connections
        .getFirst()
        .send(Answers.address(cluster.queries.getFirst(), "10.43.0.7", 5));
    assertThat(client.answers()).hasSize(1);
    assertThat(client.events).containsExactly("opened", "end", "closed true");
  }

  @Test
  void idleConnectionIsEndedAndABusyOneIsNot() {
    Client idle = connect();
    Client aborted = connect();
    aborted.upstream().abort();
    loop.advance(Duration.ofSeconds(ServedConnection.IDLE_SECONDS - 1));
    Client busy = connect();
    loop.advance(Duration.ofSeconds(ServedConnection.IDLE_SECONDS - 5));
    busy.ask(Answers.query(1, "www.example.com", Type.A));
    loop.advance(Duration.ofSeconds(ServedConnection.IDLE_SECONDS));
    assertThat(idle.events).containsExactly("opened", "end", "closed true");
    assertThat(busy.events).containsExactly("opened");
    assertThat(aborted.events).containsExactly("opened");
    loop.advance(Duration.ofSeconds(2 * ServedConnection.IDLE_SECONDS));
    assertThat(busy.events).containsExactly("opened", "end", "closed true");
    assertThat(loop.timers()).isZero();
  }

  @Test
  void answerAfterAbortGoesNowhere() {
    cluster.script = _ -> null;
    Client client = connect();
    client.ask(Answers.query(1, "a.default", Type.A));
    client.upstream().abort();
    cluster
        .connections
        .getFirst()
        .send(Answers.address(cluster.queries.getFirst(), "10.43.0.7", 5));
    assertThat(client.answers()).isEmpty();
    assertThat(client.events).containsExactly("opened");
  }

  @Test
  void rubbishByTcpEndsTheConnection() {
    Client client = connect();
    client.write(
        ByteBuffer.wrap("GET / HTTP/1.1\r\n".repeat(2_000).getBytes(StandardCharsets.US_ASCII)));
    assertThat(client.answers()).hasSizeLessThanOrEqualTo(1);
    Client empty = connect();
    empty.write(ByteBuffer.wrap(new byte[2]));
    assertThat(empty.events).containsExactly("opened", "closed false");
  }

  @Test
  void rubbishByUdpIsRefusedOrDropped() {
    send(new byte[] {1, 2, 3});
    assertThat(datagrams.received).isEmpty();
    send(new byte[12]);
    assertThat(message(datagrams.received.getLast()).getRcode()).isEqualTo(Rcode.FORMERR);
    assertThat(server.counters()).isEqualTo(new DnsCounters(0, 0, 0, 0, 0, 2));
  }

  @Test
  void otherPortsAreRefused() {
    InetSocketAddress other = new InetSocketAddress(OURS, 80);
    Client client = new Client();
    client.upstream = server.dial(other, client);
    assertThat(client.events).containsExactly("failed REFUSED");
    server.open(other, datagrams).send(ByteBuffer.wrap(new byte[4]));
    assertThat(datagrams.refused).containsExactly(DialFailure.REFUSED);
  }

  @Test
  void pingIsAnswered() {
    List<ByteBuffer> answers = new ArrayList<>();
    server.echo(OURS, ByteBuffer.wrap(new byte[] {1, 2, 3}), answers::add);
    assertThat(answers).containsExactly(ByteBuffer.wrap(new byte[] {1, 2, 3}));
  }

  @Test
  void closedSocketHearsNothingAndAFullOneDrops() {
    cluster.script = _ -> null;
    Datagrams.Association socket = server.open(RESOLVER, datagrams);
    for (int i = 0; i < 200; i++) {
      socket.send(ByteBuffer.wrap(Answers.query(i, "n" + i + ".default", Type.A).toWire()));
    }
    assertThat(cluster.queries).hasSize(64);
    socket.close();
    loop.advance(Duration.ofMillis(ClusterResolver.DEADLINE_MILLIS));
    assertThat(datagrams.received).isEmpty();
  }

  private Message ask(Message query) {
    return message(askBytes(query.toWire()));
  }

  private ByteBuffer askBytes(byte[] query) {
    int before = datagrams.received.size();
    send(query);
    assertThat(datagrams.received).hasSize(before + 1);
    return datagrams.received.getLast().duplicate();
  }

  private void send(byte[] query) {
    ByteBuffer payload = ByteBuffer.wrap(query);
    server.open(RESOLVER, datagrams).send(payload);
    loop.run();
  }

  private Client connect() {
    Client client = new Client();
    client.upstream = server.dial(RESOLVER, client);
    assertThat(client.events).containsExactly("opened");
    return client;
  }

  private static List<String> lines(Message answer) {
    List<String> lines = new ArrayList<>();
    for (Record record : answer.getSection(Section.ANSWER)) {
      lines.add(
          record.getName() + " " + Type.string(record.getType()) + " " + record.rdataToString());
    }
    return lines;
  }

  private static Message message(ByteBuffer wire) {
    try {
      return new Message(wire.duplicate());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** What a UDP socket of a program hears. */
  private static final class Received implements Datagrams.Replies {
    final List<ByteBuffer> received = new ArrayList<>();
    final List<DialFailure> refused = new ArrayList<>();

    @Override
    public void datagram(ByteBuffer payload) {
      received.add(ByteBuffer.allocate(payload.remaining()).put(payload).flip());
    }

    @Override
    public void refused(DialFailure why) {
      refused.add(why);
    }
  }

  /** A program's TCP connection. */
  private final class Client implements Downstream {
    final List<String> events = new ArrayList<>();
    private final List<Message> answers = new ArrayList<>();
    private final FrameReader frames = new FrameReader();
    Upstream upstream = server.dial(new InetSocketAddress(OURS, 1), new Deaf());
    boolean reads = true;
    int unread;
    int writable;
    ByteBuffer rest = ByteBuffer.allocate(0);
    private boolean writing;

    Upstream upstream() {
      return upstream;
    }

    int write(ByteBuffer data) {
      assertThat(writing).as("called back while it takes bytes").isFalse();
      writing = true;
      int taken = upstream.write(data.duplicate());
      writing = false;
      loop.run();
      return taken;
    }

    void ask(Message query) {
      ByteBuffer frame = FrameReader.frame(query.toWire());
      assertThat(write(frame)).isEqualTo(frame.remaining());
    }

    List<Message> answers() {
      return answers;
    }

    @Override
    public void opened() {
      events.add("opened");
    }

    @Override
    public void failed(DialFailure why) {
      events.add("failed " + why);
    }

    @Override
    public void data(ByteBuffer data) {
      int size = data.remaining();
      byte[] frame = frames.next(data);
      while (frame != null) {
        answers.add(message(ByteBuffer.wrap(frame)));
        frame = frames.next(data);
      }
      if (reads) {
        upstream.consumed(size);
      } else {
        unread += size;
      }
    }

    @Override
    public void writable() {
      writable++;
      if (rest.hasRemaining()) { // as the stack does
        rest.position(rest.position() + write(rest));
      }
    }

    @Override
    public void end() {
      events.add("end");
    }

    @Override
    public void closed(boolean clean) {
      events.add("closed " + clean);
    }
  }

  /** For a connection that is not there yet. */
  private static final class Deaf implements Downstream {
    @Override
    public void opened() {}

    @Override
    public void failed(DialFailure why) {}

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
