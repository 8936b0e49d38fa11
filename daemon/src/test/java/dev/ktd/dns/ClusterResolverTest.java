package dev.ktd.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ktd.error.KtdException;
import dev.ktd.relay.DialFailure;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

class ClusterResolverTest {
  private static final InetAddress FIRST = InetAddress.ofLiteral("10.43.0.10");
  private static final InetAddress SECOND = InetAddress.ofLiteral("10.43.0.11");
  private static final InetSocketAddress FIRST_SOCKET = new InetSocketAddress(FIRST, 53);
  private static final InetSocketAddress SECOND_SOCKET = new InetSocketAddress(SECOND, 53);

  private final TestLoop loop = new TestLoop();
  private final ScriptedCluster cluster = new ScriptedCluster();
  private final ClusterResolver resolver = new ClusterResolver(cluster, loop, loop::nanos);
  private final List<Outcome> heard = new ArrayList<>();

  @BeforeEach
  void oneServerThatKnowsEverything() {
    cluster.script = query -> Answers.address(query, "10.43.0.7", 5);
    servers(FIRST);
  }

  @Test
  void answerComesOverOneReusedConnection() {
    ask("a");
    ask("b");
    ask("c");
    assertThat(heard).hasSize(3).allMatch(Outcome.Answered.class::isInstance);
    assertThat(cluster.dialled()).containsExactly(FIRST_SOCKET);
    assertThat(cluster.connections.getFirst().consumed)
        .isEqualTo(cluster.connections.getFirst().sent)
        .isPositive();
  }

  @Test
  void questionsArePipelinedAndAnsweredInAnyOrder() {
    cluster.script = _ -> null;
    for (String name : List.of("a", "b", "c")) {
      ask(name);
    }
    assertThat(cluster.queries).hasSize(3);
    assertThat(cluster.queries)
        .extracting(query -> query.getHeader().getID())
        .doesNotHaveDuplicates();
    for (Message query : cluster.queries.reversed()) {
      cluster.connections.getFirst().send(Answers.address(query, "10.43.0.7", 5));
    }
    assertThat(names()).containsExactly("c.", "b.", "a.");
  }

  @Test
  void messagesMayComeAndGoInSmallPieces() {
    cluster.chunk = 1;
    ask("a");
    ask("b");
    cluster.settle();
    assertThat(names()).containsExactly("a.", "b.");
  }

  @Test
  void equalQuestionsAreAskedOnce() {
    cluster.script = _ -> null;
    ask("a");
    ask("A");
    ask("a");
    assertThat(cluster.queries).hasSize(1);
    cluster
        .connections
        .getFirst()
        .send(Answers.address(cluster.queries.getFirst(), "10.43.0.7", 5));
    assertThat(heard).hasSize(3).allMatch(Outcome.Answered.class::isInstance);
  }

  @Test
  void keptAnswerIsGivenUntilItsTimeIsOver() {
    ask("a");
    ask("a");
    assertThat(cached()).containsExactly(false, true);
    loop.advance(Duration.ofSeconds(5));
    ask("a");
    assertThat(cached()).containsExactly(false, true, false);
    assertThat(cluster.queries).hasSize(2);
  }

  @Test
  void missingNameIsKeptToo() {
    cluster.script = query -> Answers.negative(query, Rcode.NXDOMAIN, 5, 5);
    ask("a");
    ask("a");
    assertThat(cached()).containsExactly(false, true);
    assertThat(answer(1).getRcode()).isEqualTo(Rcode.NXDOMAIN);
  }

  @Test
  void connectionThatTheServerEndedIsReplaced() {
    ask("a");
    cluster.connections.getFirst().close();
    ask("b");
    assertThat(heard).hasSize(2).allMatch(Outcome.Answered.class::isInstance);
    assertThat(cluster.dialled()).hasSize(2);
  }

  @Test
  void questionOnAConnectionThatEndsIsAskedOnceMore() {
    cluster.script = _ -> null;
    ask("a");
    ask("b");
    cluster.script = query -> Answers.address(query, "10.43.0.7", 5);
    cluster.connections.getFirst().close();
    assertThat(names()).containsExactlyInAnyOrder("a.", "b.");
  }

  @Test
  void serverThatEndsEveryConnectionIsAskedTwiceThenTheNext() {
    servers(FIRST, SECOND);
    cluster.closeAt = 1;
    ask("a");
    assertThat(cluster.dialled())
        .containsExactly(FIRST_SOCKET, FIRST_SOCKET, SECOND_SOCKET, SECOND_SOCKET);
    assertThat(heard).singleElement().isInstanceOf(Outcome.Failed.class);
  }

  @Test
  void serverThatRefusesIsFollowedByTheNext() {
    servers(FIRST, SECOND);
    cluster.failDial(FIRST_SOCKET, DialFailure.REFUSED);
    ask("a");
    assertThat(cluster.dialled()).containsExactly(FIRST_SOCKET, SECOND_SOCKET);
    assertThat(heard).singleElement().isInstanceOf(Outcome.Answered.class);
  }

  @Test
  void silentServerIsAskedTwiceThenTheQuestionFailsInFiveSeconds() {
    cluster.script = _ -> null;
    ask("a");
    loop.advance(Duration.ofMillis(ClusterResolver.PATIENCE_MILLIS));
    assertThat(cluster.dialled()).hasSize(2);
    assertThat(heard).isEmpty();
    loop.advance(Duration.ofMillis(ClusterResolver.PATIENCE_MILLIS));
    assertThat(heard).singleElement().isInstanceOf(Outcome.Failed.class);
    assertThat(cluster.open()).isZero();
  }

  @Test
  void silentDialEndsAtTheDeadlineAtTheLatest() {
    servers(FIRST, SECOND);
    cluster.silentDials = true;
    ask("a");
    loop.advance(Duration.ofMillis(ClusterResolver.DEADLINE_MILLIS));
    assertThat(heard).singleElement().isInstanceOf(Outcome.Failed.class);
    assertThat(cluster.dialled()).containsExactly(FIRST_SOCKET, FIRST_SOCKET, SECOND_SOCKET);
    loop.advance(Duration.ofMillis(2 * ClusterResolver.IDLE_MILLIS));
    assertThat(cluster.open()).isZero();
    assertThat(loop.timers()).isZero();
  }

  @Test
  void lateAnswerIsNotTakenForAnotherQuestion() {
    cluster.script = _ -> null;
    ask("a");
    ask("b");
    loop.advance(Duration.ofMillis(ClusterResolver.DEADLINE_MILLIS));
    assertThat(heard).hasSize(2).allMatch(Outcome.Failed.class::isInstance);
    for (Message query : List.copyOf(cluster.queries)) {
      cluster
          .connections
          .getFirst()
          .downstream
          .data(FrameReader.frame(Answers.address(query, "10.43.0.7", 5).toWire()));
    }
    assertThat(heard).hasSize(2);
  }

  @Test
  void answerToAnotherQuestionIsIgnored() {
    cluster.script =
        query ->
            Answers.address(
                Answers.query(query.getHeader().getID(), "evil", Type.A), "10.0.0.1", 5);
    ask("a");
    assertThat(heard).isEmpty();
  }

  @Test
  void rubbishFromTheServerCostsOnlyTheConnection() {
    cluster.script = _ -> null;
    ask("a");
    cluster.script = query -> Answers.address(query, "10.43.0.7", 5);
    cluster.connections.getFirst().sendBytes(FrameReader.frame(new byte[] {1, 2, 3}));
    assertThat(names()).containsExactly("a.");
    assertThat(cluster.connections.getFirst().gone).isTrue();
  }

  @Test
  void emptyFrameFromTheServerCostsOnlyTheConnection() {
    cluster.script = _ -> null;
    ask("a");
    cluster.script = query -> Answers.address(query, "10.43.0.7", 5);
    cluster.connections.getFirst().sendBytes(ByteBuffer.allocate(2));
    assertThat(names()).containsExactly("a.");
  }

  @Test
  void withoutATunnelQuestionsFailAtOnce() {
    cluster.failDial(FIRST_SOCKET, DialFailure.NO_TUNNEL);
    ask("a");
    assertThat(heard).singleElement().isInstanceOf(Outcome.Failed.class);
    assertThat(cluster.dialled()).hasSize(1);
  }

  @Test
  void tunnelThatGoesDownEndsAllAndForgetsAll() {
    ask("kept");
    cluster.script = _ -> null;
    ask("a");
    resolver.tunnel(false);
    loop.run();
    assertThat(heard.get(1)).isInstanceOf(Outcome.Failed.class);
    ask("kept");
    assertThat(heard.get(2)).isInstanceOf(Outcome.Failed.class);
    assertThat(cluster.open()).isZero();
    cluster.script = query -> Answers.address(query, "10.43.0.8", 5);
    resolver.tunnel(true);
    loop.run();
    ask("kept");
    assertThat(cached()).containsExactly(false, false);
  }

  @Test
  void withoutServersQuestionsFailAtOnce() {
    servers();
    ask("a");
    assertThat(heard).singleElement().isInstanceOf(Outcome.Failed.class);
  }

  @Test
  void manyQuestionsShareFewConnectionsAndAllAreAnswered() {
    cluster.closeAt = 128; // as servers like CoreDNS do
    for (int i = 0; i < 1_000; i++) {
      ask("n" + i);
    }
    assertThat(heard).hasSize(1_000).allMatch(Outcome.Answered.class::isInstance);
    assertThat(cluster.dialled()).hasSizeLessThanOrEqualTo(11);
    assertThat(resolver.streams()).isLessThanOrEqualTo(ClusterResolver.MAX_STREAMS);
  }

  @Test
  void burstIsSpreadOverFewConnectionsAndTheRestWaits() {
    cluster.script = _ -> null;
    for (int i = 0; i < 1_100; i++) {
      ask("n" + i);
    }
    assertThat(cluster.dialled()).hasSize(ClusterResolver.MAX_STREAMS);
    assertThat(cluster.queries).hasSize(ClusterResolver.MAX_STREAMS * ClusterStream.PIPELINE);
    assertThat(heard).hasSize(1_100 - ClusterResolver.MAX_QUESTIONS); // too many: at once
    cluster.script = query -> Answers.address(query, "10.43.0.7", 5);
    heard.clear();
    for (int i = 0; i < ClusterResolver.MAX_STREAMS; i++) {
      ScriptedCluster.Connection connection = cluster.connections.get(i);
      for (Message query : List.copyOf(cluster.queries).subList(0, 4 * ClusterStream.PIPELINE)) {
        connection.send(Answers.address(query, "10.43.0.7", 5));
      }
    }
    assertThat(heard)
        .hasSize(ClusterResolver.MAX_QUESTIONS)
        .allMatch(Outcome.Answered.class::isInstance);
    loop.advance(Duration.ofMillis(2 * ClusterResolver.IDLE_MILLIS));
    assertThat(cluster.open()).isZero();
    assertThat(loop.timers()).isZero();
  }

  @Test
  void idleConnectionIsEnded() {
    ask("a");
    loop.advance(Duration.ofMillis(2 * ClusterResolver.IDLE_MILLIS));
    assertThat(cluster.open()).isZero();
    assertThat(loop.timers()).isZero();
  }

  @Test
  void closeEndsEverything() {
    cluster.script = _ -> null;
    ask("a");
    resolver.close();
    loop.run();
    ask("b");
    assertThat(heard).hasSize(2).allMatch(Outcome.Failed.class::isInstance);
    assertThat(cluster.open()).isZero();
  }

  @Test
  void addressesOfANameAreFound() {
    cluster.script =
        query ->
            query.getQuestion().getType() == Type.A
                ? Answers.address(query, "10.43.0.7", 5)
                : Answers.address(query, "fd00:43::7", 5);
    CompletableFuture<List<InetAddress>> found =
        resolver.addresses("web.default.svc.cluster.local");
    loop.run();
    assertThat(found.join())
        .containsExactly(InetAddress.ofLiteral("10.43.0.7"), InetAddress.ofLiteral("fd00:43::7"));
  }

  @Test
  void addressesFailWithAMessageForPeople() {
    cluster.failDial(FIRST_SOCKET, DialFailure.REFUSED);
    cluster.failDial(FIRST_SOCKET, DialFailure.REFUSED);
    CompletableFuture<List<InetAddress>> found = resolver.addresses("web.default");
    loop.run();
    assertThatThrownBy(found::join)
        .isInstanceOf(CompletionException.class)
        .hasCauseInstanceOf(KtdException.class)
        .hasMessageContaining("did not answer for web.default");
    assertThat(resolver.addresses("a..b")).isCompletedExceptionally();
  }

  private void servers(InetAddress... servers) {
    resolver.servers(List.of(servers));
    loop.run();
  }

  private void ask(String name) {
    resolver.ask(new Question(Answers.name(name), Type.A, true, false, false), heard::add);
  }

  private Message answer(int index) {
    return ((Outcome.Answered) heard.get(index)).message();
  }

  private List<String> names() {
    return heard.stream()
        .map(outcome -> ((Outcome.Answered) outcome).message())
        .map(message -> message.getSection(Section.ANSWER).getFirst().getName().toString())
        .toList();
  }

  private List<Boolean> cached() {
    return heard.stream()
        .filter(Outcome.Answered.class::isInstance)
        .map(outcome -> ((Outcome.Answered) outcome).cached())
        .toList();
  }
}
