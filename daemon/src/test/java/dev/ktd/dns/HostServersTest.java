package dev.ktd.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.CookieOption;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

class HostServersTest {
  private static final InetAddress OURS = InetAddress.ofLiteral("198.18.0.53");

  private final ExecutorService loop =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "test-loop");
            thread.setDaemon(true);
            return thread;
          });
  private HostServers host = new HostServers(loop, Set.of(OURS), Duration.ofSeconds(20));
  private final List<LoopbackServer> servers = new ArrayList<>();

  @AfterEach
  void stop() throws IOException {
    for (LoopbackServer server : servers) {
      server.close();
    }
    loop.shutdownNow();
  }

  @Test
  void questionGoesByUdpUnchanged() throws Exception {
    LoopbackServer server = server(asked -> Answers.address(asked.query(), "192.0.2.1", 60));
    host.sockets(List.of(server.address()));
    Message query = Answers.query(7, "WWW.example.COM", Type.A);
    query.getHeader().setFlag(Flags.CD);
    assertThat(address(forward(query, false))).isEqualTo("192.0.2.1");
    LoopbackServer.Asked asked = server.asked.getFirst();
    assertThat(asked.tcp()).isFalse();
    assertThat(asked.query().getQuestion().getName().toString()).isEqualTo("WWW.example.COM.");
    assertThat(asked.query().getHeader().getFlag(Flags.CD)).isTrue();
    assertThat(asked.query().getOPT()).isNull();
    assertThat(loopAnswer(host::underWay)).isZero();
  }

  @Test
  void ednsAndItsOptionsGoToTheServer() throws Exception {
    LoopbackServer server = server(asked -> Answers.address(asked.query(), "192.0.2.1", 60));
    host.sockets(List.of(server.address()));
    Message query = Answers.query(7, "www.example.com", Type.A);
    query.addRecord(
        new OPTRecord(1232, 0, 0, ExtendedFlags.DO, new CookieOption(new byte[8])),
        Section.ADDITIONAL);
    forward(query, false);
    assertThat(server.asked.getFirst().query().getOPT()).isEqualTo(query.getOPT());
  }

  @Test
  void answerThatIsCutOffIsFetchedByTcp() throws Exception {
    LoopbackServer server = server(asked -> Answers.text(asked.query(), 20));
    host.sockets(List.of(server.address()));
    Message answer = answer(forward(Answers.query(7, "big.example.com", Type.TXT), false));
    assertThat(answer.getSection(Section.ANSWER)).hasSize(20);
    assertThat(server.asked).extracting(LoopbackServer.Asked::tcp).containsExactly(false, true);
  }

  @Test
  void questionByTcpGoesByTcp() throws Exception {
    LoopbackServer server = server(asked -> Answers.address(asked.query(), "192.0.2.1", 60));
    host.sockets(List.of(server.address()));
    forward(Answers.query(7, "www.example.com", Type.A), true);
    assertThat(server.asked).extracting(LoopbackServer.Asked::tcp).containsExactly(true);
  }

  @Test
  void silentServerIsFollowedByTheNext() throws Exception {
    host = new HostServers(loop, Set.of(OURS), Duration.ofSeconds(2));
    LoopbackServer silent = server(_ -> null);
    LoopbackServer next = server(asked -> Answers.address(asked.query(), "192.0.2.2", 60));
    host.sockets(List.of(silent.address(), next.address()));
    assertThat(address(forward(Answers.query(7, "www.example.com", Type.A), false)))
        .isEqualTo("192.0.2.2");
    assertThat(silent.asked).hasSize(1);
  }

  @Test
  void closedPortIsFollowedByTheNext() throws Exception {
    LoopbackServer gone = server(_ -> null);
    LoopbackServer next = server(asked -> Answers.address(asked.query(), "192.0.2.2", 60));
    host.sockets(List.of(gone.address(), next.address()));
    gone.close();
    assertThat(address(forward(Answers.query(7, "www.example.com", Type.A), false)))
        .isEqualTo("192.0.2.2");
  }

  @Test
  void refusingServerIsFollowedByTheNextAndItsAnswerIsBetterThanNone() throws Exception {
    LoopbackServer refusing = server(asked -> Answers.to(asked.query(), Rcode.REFUSED));
    LoopbackServer next = server(asked -> Answers.address(asked.query(), "192.0.2.2", 60));
    host.sockets(List.of(refusing.address(), next.address()));
    assertThat(address(forward(Answers.query(7, "www.example.com", Type.A), false)))
        .isEqualTo("192.0.2.2");
    host.sockets(List.of(refusing.address()));
    assertThat(answer(forward(Answers.query(7, "www.example.com", Type.A), false)).getRcode())
        .isEqualTo(Rcode.REFUSED);
  }

  @Test
  void missingNameIsAnAnswer() throws Exception {
    LoopbackServer server =
        server(asked -> Answers.negative(asked.query(), Rcode.NXDOMAIN, 60, 60));
    host.sockets(List.of(server.address(), server.address()));
    assertThat(answer(forward(Answers.query(7, "no.example.com", Type.A), false)).getRcode())
        .isEqualTo(Rcode.NXDOMAIN);
    assertThat(server.asked).hasSize(1);
  }

  @Test
  void questionFailsWhenAllAreSilent() throws Exception {
    host = new HostServers(loop, Set.of(OURS), Duration.ofSeconds(2));
    LoopbackServer silent = server(_ -> null);
    host.sockets(List.of(silent.address()));
    assertThat(forward(Answers.query(7, "www.example.com", Type.A), false))
        .isInstanceOf(Outcome.Failed.class);
    assertThat(silent.asked).hasSize(2);
    assertThat(loopAnswer(host::underWay)).isZero();
  }

  @Test
  void ourOwnAddressIsNeverAsked() throws Exception {
    host.servers(List.of(OURS));
    assertThat(forward(Answers.query(7, "www.example.com", Type.A), false))
        .isEqualTo(new Outcome.Failed("the host has no servers"));
  }

  @Test
  void questionThatComesBackThroughAnotherForwarderDoesNotMultiply() throws Exception {
    host = new HostServers(loop, Set.of(OURS), Duration.ofSeconds(2));
    CompletableFuture<Outcome> returned = new CompletableFuture<>();
    LoopbackServer forwarder =
        server(
            asked -> {
              loop.execute(() -> host.forward(valid(asked.query()), false, returned::complete));
              return null;
            });
    host.sockets(List.of(forwarder.address()));
    assertThat(forward(Answers.query(7, "www.example.com", Type.A), false))
        .isInstanceOf(Outcome.Failed.class);
    assertThat(returned.get(30, TimeUnit.SECONDS)).isInstanceOf(Outcome.Failed.class);
    assertThat(forwarder.asked).hasSize(2); // the two rounds of one question
  }

  @Test
  void questionsUnderWayAreBounded() throws Exception {
    host = new HostServers(loop, Set.of(OURS), Duration.ofSeconds(3));
    CountDownLatch release = new CountDownLatch(1);
    LoopbackServer slow =
        server(
            asked -> {
              await(release);
              return Answers.address(asked.query(), "192.0.2.1", 60);
            });
    host.sockets(List.of(slow.address()));
    List<CompletableFuture<Outcome>> all = new ArrayList<>();
    for (int i = 0; i <= HostServers.MAX_UNDER_WAY; i++) {
      all.add(start(Answers.query(7, "n" + i + ".example.com", Type.A), false));
    }
    assertThat(all.getLast().get(30, TimeUnit.SECONDS))
        .isEqualTo(new Outcome.Failed("too many questions"));
    host.close();
    release.countDown();
    for (CompletableFuture<Outcome> one : all) {
      one.get(30, TimeUnit.SECONDS);
    }
    assertThat(loopAnswer(host::underWay)).isZero();
  }

  private LoopbackServer server(Function<LoopbackServer.Asked, @Nullable Message> script)
      throws IOException {
    LoopbackServer server = new LoopbackServer(script);
    servers.add(server);
    return server;
  }

  private Outcome forward(Message query, boolean tcp) throws Exception {
    return start(query, tcp).get(30, TimeUnit.SECONDS);
  }

  private CompletableFuture<Outcome> start(Message query, boolean tcp) {
    CompletableFuture<Outcome> outcome = new CompletableFuture<>();
    loop.execute(
        () ->
            host.forward(
                valid(query),
                tcp,
                heard -> {
                  assertThat(Thread.currentThread().getName()).isEqualTo("test-loop");
                  outcome.complete(heard);
                }));
    return outcome;
  }

  private <T> T loopAnswer(Callable<T> question) throws Exception {
    return loop.submit(question).get(30, TimeUnit.SECONDS);
  }

  private static Query.Valid valid(Message query) {
    return (Query.Valid) Query.parse(query.toWire());
  }

  private static Message answer(Outcome outcome) {
    return ((Outcome.Answered) outcome).message();
  }

  private static String address(Outcome outcome) {
    return answer(outcome).getSection(Section.ANSWER).getFirst().rdataToString();
  }

  private static void await(CountDownLatch latch) {
    try {
      if (!latch.await(10, TimeUnit.SECONDS)) {
        throw new AssertionError("not released");
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
