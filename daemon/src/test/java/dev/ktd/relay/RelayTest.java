package dev.ktd.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.os.Cidr;
import dev.ktd.stack.FlowHandler;
import dev.ktd.stack.FlowKey;
import dev.ktd.stack.Refusal;
import dev.ktd.stack.UdpFlow;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RelayTest {
  private final FakeFarSide tunnel = new FakeFarSide();
  private final FakeFarSide resolver = new FakeFarSide();
  private final Destinations destinations =
      new Destinations(
          Map.of(InetAddress.ofLiteral("198.18.0.53"), new Destinations.Via(resolver, resolver)),
          List.of(Cidr.parse("10.43.0.0/16"), Cidr.parse("fd00:43::/112")),
          new Destinations.Via(tunnel, tunnel));
  private long now = 1_000;
  private int turns;
  private final Relay relay = new Relay(destinations, () -> now, () -> turns++);

  private FakeFlow requested(String destination, int port) {
    var flow = new FakeFlow(destination, port);
    relay.requested(flow);
    return flow;
  }

  private FakeFlow open() {
    FakeFlow flow = requested("10.43.7.9", 80);
    tunnel.stream().downstream.opened();
    return flow;
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(UTF_8));
  }

  @Test
  void theSynIsAnsweredOnlyAfterTheFarSideAnswered() {
    FakeFlow flow = requested("10.43.7.9", 80);
    assertThat(tunnel.stream().destination).isEqualTo(new InetSocketAddress("10.43.7.9", 80));
    assertThat(flow.events).isEmpty();
    int before = turns;
    tunnel.stream().downstream.opened();
    assertThat(flow.events).containsExactly("accepted");
    assertThat(turns).as("the SYN-ACK needs a turn").isGreaterThan(before);
    assertThat(relay.counters()).isEqualTo(new Relay.Counters(1, 0, 0, 0));
  }

  @ParameterizedTest
  @CsvSource({
    "REFUSED, REFUSED",
    "UNREACHABLE, HOST_UNREACHABLE",
    "PROHIBITED, PROHIBITED",
    "TIMED_OUT, SILENT",
    "NO_TUNNEL, HOST_UNREACHABLE"
  })
  void aFailedDialIsToldAsTheNetworkWould(DialFailure failure, Refusal refusal) {
    FakeFlow flow = requested("10.43.7.9", 80);
    int before = turns;
    tunnel.stream().downstream.failed(failure);
    assertThat(flow.events).containsExactly("refused " + refusal);
    assertThat(turns).isGreaterThan(before);
    assertThat(relay.counters()).isEqualTo(new Relay.Counters(0, 1, 0, 0));
  }

  @ParameterizedTest
  @CsvSource({"10.44.0.1, PROHIBITED", "fd00::1, PROHIBITED", "224.0.0.251, SILENT"})
  void whatIsNobodysIsRefused(String destination, Refusal refusal) {
    assertThat(requested(destination, 80).events).containsExactly("refused " + refusal);
    assertThat(tunnel.streams).isEmpty();
  }

  @Test
  void theResolversAddressIsServedByTheResolver() {
    requested("198.18.0.53", 53);
    assertThat(resolver.streams).hasSize(1);
    assertThat(tunnel.streams).isEmpty();
  }

  @Test
  void newDestinationsHoldForNewFlows() {
    FakeFlow old = open();
    relay.destinations(new Destinations(Map.of(), List.of(), new Destinations.Via(tunnel, tunnel)));
    assertThat(requested("10.43.7.9", 81).events).containsExactly("refused PROHIBITED");
    tunnel.stream().downstream.data(bytes("still there"));
    assertThat(old.received).hasToString("still there");
  }

  @Test
  void aDialThatTakesTooLongIsGivenUpInSilence() {
    FakeFlow first = requested("10.43.7.9", 80);
    now += Relay.DIAL_NANOS / 2;
    FakeFlow second = requested("10.43.7.9", 81);
    assertThat(relay.nextDeadline()).isEqualTo(1_000 + Relay.DIAL_NANOS);
    now = relay.nextDeadline();
    relay.poll(now);
    assertThat(first.events).containsExactly("refused SILENT");
    assertThat(tunnel.streams.getFirst().events).containsExactly("abort");
    assertThat(second.events).isEmpty();
    tunnel.stream().downstream.opened();
    assertThat(relay.nextDeadline()).isEqualTo(Long.MAX_VALUE);
    assertThat(second.events).containsExactly("accepted");
  }

  @Test
  void aDialNobodyWaitsForIsGivenUp() {
    FakeFlow flow = requested("10.43.7.9", 80);
    relay.cancelled(flow);
    assertThat(tunnel.stream().events).containsExactly("abort");
    assertThat(relay.counters().dialling()).isZero();
    tunnel.stream().downstream.opened();
    assertThat(flow.events).doesNotContain("accepted");
  }

  @Test
  void aDialerThatThrowsIsATunnelThatIsNotThere() {
    Dialer broken =
        (destination, downstream) -> {
          throw new IllegalStateException("broken");
        };
    relay.destinations(
        new Destinations(
            Map.of(), List.of(Cidr.parse("0.0.0.0/0")), new Destinations.Via(broken, tunnel)));
    assertThat(requested("10.43.7.9", 80).events).containsExactly("refused HOST_UNREACHABLE");
  }

  @Test
  void aDialerMayAnswerDuringTheCall() {
    Dialer eager =
        (destination, downstream) -> {
          Upstream stream = tunnel.dial(destination, downstream);
          downstream.opened();
          downstream.data(bytes("hello"));
          return stream;
        };
    relay.destinations(
        new Destinations(
            Map.of(), List.of(Cidr.parse("0.0.0.0/0")), new Destinations.Via(eager, tunnel)));
    FakeFlow flow = requested("10.43.7.9", 80);
    flow.send("hi".getBytes(UTF_8));
    assertThat(flow.events).containsExactly("accepted");
    assertThat(flow.received).hasToString("hello");
    assertThat(tunnel.stream().taken).hasToString("hi");
  }

  @Test
  void whatTheFarSideDoesNotTakeWaitsInTheStack() {
    FakeFlow flow = open();
    tunnel.stream().room = 3;
    flow.send("abcdef".getBytes(UTF_8));
    flow.end();
    assertThat(tunnel.stream().taken).hasToString("abc");
    assertThat(flow.waits()).isTrue();
    assertThat(tunnel.stream().events).isEmpty();
    tunnel.stream().room = 100;
    int before = turns;
    tunnel.stream().downstream.writable();
    assertThat(tunnel.stream().taken).hasToString("abcdef");
    assertThat(tunnel.stream().events).containsExactly("end");
    assertThat(turns).as("the window update needs a turn").isGreaterThan(before);
  }

  @Test
  void whatTheStackHasNoRoomForWaitsAndTheEndAfterIt() {
    FakeFlow flow = open();
    flow.room = 2;
    tunnel.stream().downstream.data(bytes("abc"));
    tunnel.stream().downstream.data(bytes("def"));
    tunnel.stream().downstream.end();
    assertThat(flow.received).hasToString("ab");
    assertThat(flow.events).containsExactly("accepted");
    flow.room = 2;
    flow.listener().acknowledged(2);
    assertThat(flow.received).hasToString("abcd");
    assertThat(tunnel.stream().consumed).isEqualTo(2);
    flow.room = 100;
    relay.poll(now);
    assertThat(flow.received).hasToString("abcdef");
    assertThat(flow.events).containsExactly("accepted", "end");
  }

  @Test
  void aFarSideThatOverrunsItsWindowIsReset() {
    FakeFlow flow = open();
    flow.room = 0;
    tunnel.stream().downstream.data(ByteBuffer.allocate(Downstream.WINDOW));
    assertThat(flow.events).containsExactly("accepted");
    tunnel.stream().downstream.data(ByteBuffer.allocate(1));
    assertThat(flow.events).containsExactly("accepted", "reset");
    assertThat(tunnel.stream().events).containsExactly("abort");
  }

  @Test
  void theFarSidesWindowOpensAsTheKernelAcknowledges() {
    FakeFlow flow = open();
    tunnel.stream().downstream.data(bytes("abcdef"));
    assertThat(tunnel.stream().consumed).isZero();
    flow.listener().acknowledged(4);
    assertThat(tunnel.stream().consumed).isEqualTo(4);
  }

  @Test
  void eachDirectionEndsByItself() {
    FakeFlow flow = open();
    flow.end();
    assertThat(tunnel.stream().events).containsExactly("end");
    tunnel.stream().downstream.data(bytes("late"));
    tunnel.stream().downstream.end();
    assertThat(flow.received).hasToString("late");
    assertThat(flow.events).containsExactly("accepted", "end");
    flow.listener().closed();
    tunnel.stream().downstream.closed(true);
    assertThat(flow.events).containsExactly("accepted", "end");
    assertThat(tunnel.stream().events).containsExactly("end");
  }

  @Test
  void aResetOfTheProgramEndsTheFarSide() {
    FakeFlow flow = open();
    flow.listener().aborted();
    assertThat(tunnel.stream().events).containsExactly("abort");
    tunnel.stream().downstream.data(bytes("too late"));
    tunnel.stream().downstream.closed(false);
    assertThat(flow.received.size()).isZero();
    assertThat(flow.events).containsExactly("accepted");
  }

  @Test
  void aBrokenFarSideResetsTheProgram() {
    FakeFlow flow = open();
    int before = turns;
    tunnel.stream().downstream.closed(false);
    assertThat(flow.events).containsExactly("accepted", "reset");
    assertThat(turns).isGreaterThan(before);
  }

  @Test
  void bytesForAFarSideThatClosedBothWaysAreAnsweredByAReset() {
    FakeFlow flow = open();
    tunnel.stream().downstream.end();
    tunnel.stream().downstream.closed(true);
    assertThat(flow.events).containsExactly("accepted", "end");
    flow.send("anyone?".getBytes(UTF_8));
    assertThat(flow.events).containsExactly("accepted", "end", "reset");
  }

  @Test
  void closingEndsEverythingOnBothSides() {
    FakeFlow open = open();
    FakeFarSide.Stream opened = tunnel.stream();
    FakeFlow pending = requested("10.43.7.9", 80);
    datagram(new FakeUdp("10.43.7.9", 53), "query");
    relay.close();
    assertThat(open.events).containsExactly("accepted", "reset");
    assertThat(opened.events).containsExactly("abort");
    assertThat(pending.events).containsExactly("refused SILENT");
    assertThat(tunnel.stream().events).containsExactly("abort");
    assertThat(tunnel.sockets.getFirst().closed).isTrue();
  }

  private void datagram(FakeUdp flow, String payload) {
    relay.datagram(flow, bytes(payload));
  }

  @Test
  void datagramsOfOneFlowShareASocket() {
    var flow = new FakeUdp("10.43.7.9", 53);
    datagram(flow, "one");
    datagram(flow, "two");
    assertThat(tunnel.sockets).hasSize(1);
    FakeFarSide.Socket socket = tunnel.sockets.getFirst();
    assertThat(socket.sent).containsExactly("one", "two");
    socket.replies.datagram(bytes("answer"));
    socket.replies.refused(DialFailure.REFUSED);
    assertThat(flow.events).containsExactly("received answer", "refused REFUSED");
    assertThat(relay.counters().associations()).isEqualTo(1);
    relay.expired(flow);
    assertThat(socket.closed).isTrue();
    assertThat(relay.counters().associations()).isZero();
    socket.replies.datagram(bytes("too late"));
    assertThat(flow.events).hasSize(2);
  }

  @Test
  void whatTheTunnelHasNoRoomForIsCounted() {
    var flow = new FakeUdp("10.43.7.9", 53);
    datagram(flow, "one");
    tunnel.sockets.getFirst().full = true;
    datagram(flow, "two");

    assertThat(tunnel.sockets.getFirst().sent).containsExactly("one");
    assertThat(relay.drops()).containsEntry("drops.tunnel-datagrams", 1L);
  }

  @Test
  void theSocketThatWasIdleForLongestMakesRoom() {
    var first = new FakeUdp("10.43.7.9", 1);
    var second = new FakeUdp("10.43.7.9", 2);
    var third = new FakeUdp("10.43.7.9", 3);
    datagram(first, "a");
    datagram(second, "a");
    datagram(third, "a");
    for (int i = 3; i < Relay.MAX_ASSOCIATIONS; i++) {
      datagram(new FakeUdp("10.43.7.9", 1 + i), "a");
    }
    datagram(first, "b");
    tunnel.sockets.get(1).replies.datagram(bytes("answer"));

    datagram(new FakeUdp("10.43.7.9", 5000), "a");

    assertThat(tunnel.sockets.stream().filter(socket -> socket.closed))
        .containsExactly(tunnel.sockets.get(2));
    assertThat(tunnel.sockets.getLast().sent).containsExactly("a");
    assertThat(relay.counters().associations()).isEqualTo(Relay.MAX_ASSOCIATIONS);

    datagram(third, "b");

    assertThat(tunnel.sockets.getLast().sent).containsExactly("b");
    tunnel.sockets.getLast().replies.datagram(bytes("answer"));
    assertThat(third.events).containsExactly("received answer");
    assertThat(relay.counters().associations()).isEqualTo(Relay.MAX_ASSOCIATIONS);
  }

  @Test
  void questionsToTheResolverTakeNoRoomFromOthers() {
    datagram(new FakeUdp("10.43.7.9", 5000), "x");
    for (int i = 0; i <= Relay.MAX_ASSOCIATIONS; i++) {
      datagram(new FakeUdp("198.18.0.53", 1 + i), "query");
    }
    assertThat(resolver.sockets).hasSize(Relay.MAX_ASSOCIATIONS + 1);
    assertThat(tunnel.sockets.getFirst().closed).isFalse();
    assertThat(relay.counters().associations()).isEqualTo(1);
    relay.close();
    assertThat(resolver.sockets).allMatch(socket -> socket.closed);
  }

  @Test
  void datagramsToNobodyAreRefused() {
    var flow = new FakeUdp("10.44.0.1", 53);
    datagram(flow, "x");
    assertThat(flow.events).containsExactly("refused PROHIBITED");
  }

  @Test
  void aPingIsAnsweredOnlyIfTheTargetAnswered() {
    var echo = new FakeEcho("10.43.7.9");
    relay.echo(echo, bytes("ping"));
    assertThat(echo.events).isEmpty();
    FakeFarSide.Ping ping = tunnel.pings.getFirst();
    assertThat(ping.destination()).isEqualTo(InetAddress.ofLiteral("10.43.7.9"));
    assertThat(ping.payload()).isEqualTo("ping");
    int before = turns;
    ping.answer().answered(bytes("pong"));
    assertThat(echo.events).containsExactly("reply pong");
    assertThat(turns).isGreaterThan(before);
    var nobody = new FakeEcho("10.44.0.1");
    relay.echo(nobody, bytes("ping"));
    assertThat(nobody.events).containsExactly("unreachable PROHIBITED");
  }

  private static final class FakeUdp implements UdpFlow {
    private final FlowKey key;
    final List<String> events = new ArrayList<>();
    private @Nullable Object attachment;

    FakeUdp(String destination, int port) {
      key =
          new FlowKey(
              new InetSocketAddress("198.18.0.1", 40_000),
              new InetSocketAddress(destination, port));
    }

    @Override
    public FlowKey key() {
      return key;
    }

    @Override
    public void send(ByteBuffer payload) {
      events.add("received " + FakeFarSide.text(payload));
    }

    @Override
    public void refuse(Refusal why) {
      events.add("refused " + why);
    }

    @Override
    public @Nullable Object attachment() {
      return attachment;
    }

    @Override
    public void attach(Object value) {
      attachment = value;
    }
  }

  private record FakeEcho(InetAddress source, InetAddress destination, List<String> events)
      implements FlowHandler.Echo {
    FakeEcho(String destination) {
      this(
          InetAddress.ofLiteral("198.18.0.1"),
          InetAddress.ofLiteral(destination),
          new ArrayList<>());
    }

    @Override
    public void reply(ByteBuffer payload) {
      events.add("reply " + FakeFarSide.text(payload));
    }

    @Override
    public void unreachable(Refusal why) {
      events.add("unreachable " + why);
    }
  }
}
