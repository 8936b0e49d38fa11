package dev.ktd.carrier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.netty.buffer.Unpooled;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What all port-forward protocols do, and how one is chosen. */
final class ForwardProtocolsTest extends ForwardRig {
  /** More than all queues and kernel buffers on the way, much less than what is sent in all. */
  private static final long BOUND = 24L << 20;

  @ParameterizedTest
  @EnumSource
  void bytesComeBackAsTheyWent(ForwardProtocol protocol) throws Exception {
    beginWith(protocol);
    Ear ear = open(plain(), "echo");
    assertThat(get(ear.ready).protocol()).isEqualTo(protocol.toString());
    assertThat(get(ear.ready).path()).isEqualTo("port-forward");
    echoes(ear, 20_000_000);
    assertThat(server.seen).contains("protocol " + protocol, "authorization Bearer t0k3n");
  }

  @ParameterizedTest
  @EnumSource
  void largeBufferArrivesWhole(ForwardProtocol protocol) throws Exception {
    beginWith(protocol);
    Ear ear = open(plain(), "echo");
    Carrier carrier = get(ear.ready);
    int n = 3 * MessageWriter.MESSAGE + 5;
    loop.execute(
        () -> {
          carrier.write(Unpooled.wrappedBuffer(ServerPort.pattern(0, n)));
          carrier.flush();
        });
    until(() -> ear.received >= n);
    assertThat(ear.received).isEqualTo(n);
    assertThat(ear.wrong).isFalse();
    loop.execute(carrier::close);
    get(ear.closed);
  }

  @ParameterizedTest
  @EnumSource
  void userWhoFlushesWhenToldThatThereIsNoRoomSpoilsNothing(ForwardProtocol protocol)
      throws Exception {
    beginWith(protocol);
    Ear ear = open(plain(), "echo");
    Carrier carrier = get(ear.ready);
    loop.execute(() -> ear.whenFull = carrier::flush);
    echoes(ear, 20_000_000);
  }

  @ParameterizedTest
  @EnumSource
  void textOfTheErrorStreamIsTheReason(ForwardProtocol protocol) throws Exception {
    beginWith(protocol);
    KtdException why = get(open(plain(), "refused").closed);
    assertThat(why.code()).isEqualTo(ErrorCode.PROXY);
    assertThat(why).hasMessageContaining("127.0.0.1:2222: connection refused");
  }

  @ParameterizedTest
  @EnumSource
  void remoteThatStopsReadingIsNotSentMoreThanSomeMegabytes(ForwardProtocol protocol)
      throws Exception {
    beginWith(protocol);
    Ear ear = open(plain(), "stalled");
    Carrier carrier = get(ear.ready);
    until(() -> !server.ports.isEmpty());
    long[] taken = {0};
    pump(carrier, ear, ServerPort.FLOOD, taken);
    ServerPort sink = server.ports.getFirst();
    assertThat(standsStillAt(() -> onLoop(() -> taken[0]))).isBetween(1L, BOUND);
    sink.resume();
    until(() -> sink.bytes.get() == ServerPort.FLOOD);
    assertThat(sink.bytes.get()).isEqualTo(ServerPort.FLOOD);
    assertThat(server.seen).doesNotContain("wrong byte");
    loop.execute(carrier::close);
    get(ear.closed);
  }

  @ParameterizedTest
  @EnumSource
  void localUserWhoStopsReadingIsNotSentMoreThanSomeMegabytes(ForwardProtocol protocol)
      throws Exception {
    beginWith(protocol);
    Ear ear = new Ear();
    ear.whenReady = carrier -> carrier.setReading(false);
    new PortForward(plain(), "team", "flood", 2222, memory).open(loop, ear);
    Carrier carrier = get(ear.ready);
    until(() -> !server.ports.isEmpty());
    ServerPort flood = server.ports.getFirst();
    assertThat(standsStillAt(flood.bytes::get)).isBetween(1L, BOUND);
    // One read of the socket may have been under way.
    assertThat(ear.received).isLessThan(1L << 20);
    loop.execute(() -> carrier.setReading(true));
    until(() -> ear.received == ServerPort.FLOOD);
    assertThat(ear.received).isEqualTo(ServerPort.FLOOD);
    assertThat(ear.wrong).isFalse();
    loop.execute(carrier::close);
    get(ear.closed);
  }

  private long onLoop(LongSupplier figure) {
    return loop.submit(figure::getAsLong).syncUninterruptibly().getNow();
  }

  /** The figure once it has not grown for a while; a slow machine only makes it smaller. */
  private static long standsStillAt(LongSupplier figure) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    long last = -1;
    int same = 0;
    while (same < 100 && System.nanoTime() < deadline) {
      LockSupport.parkNanos(2_000_000);
      long now = figure.getAsLong();
      same = now == last && now > 0 ? same + 1 : 0;
      last = now;
    }
    return last;
  }

  @ParameterizedTest
  @EnumSource(names = "CHANNELS")
  void fragmentedMessageOfSixteenMebibytesStreamsThrough(ForwardProtocol protocol)
      throws Exception {
    beginWith(protocol);
    Ear ear = open(plain(), "fragments");
    Carrier carrier = get(ear.ready);
    long all = 1000 + (16L << 20);
    until(() -> ear.received == all && server.seen.contains("websocket pong between"));
    assertThat(ear.received).isEqualTo(all);
    assertThat(ear.wrong).isFalse();
    assertThat(server.seen).contains("websocket pong between");
    loop.execute(carrier::close);
    get(ear.closed);
    until(() -> server.seen.contains("close 1000"));
    assertThat(server.seen).contains("close 1000");
  }

  @Test
  void pingsOfWebSocketAreAnswered() throws Exception {
    beginWith(ForwardProtocol.CHANNELS);
    Carrier carrier = get(open(plain(), "pings").ready);
    until(() -> server.seen.contains("websocket pong p2"));
    assertThat(server.seen).contains("websocket pong p0", "websocket pong p2");
    loop.execute(carrier::close);
  }

  @Test
  void pingOfSpdyInWebSocketIsAnswered() throws Exception {
    beginWith(ForwardProtocol.SPDY_IN_WEBSOCKET);
    Ear ear = open(plain(), "pings");
    until(() -> ear.text.contains("after pong"));
    assertThat(server.seen).contains("pong 2");
  }

  @Test
  void reasonOfTheCloseFrameIsTold() throws Exception {
    beginWith(ForwardProtocol.CHANNELS);
    KtdException why = get(open(plain(), "closing").closed);
    assertThat(why.code()).isEqualTo(ErrorCode.PROXY);
    assertThat(why).hasMessageContaining("WebSocket close 1011 the runtime is gone");
  }

  private Ear carriesBy(ForwardProtocol protocol) throws Exception {
    Ear ear = open(plain(), "echo");
    assertThat(get(ear.ready).protocol()).isEqualTo(protocol.toString());
    echoes(ear, 1000);
    return ear;
  }

  private long asked(ForwardProtocol protocol) {
    return server.seen.stream().filter(("protocol " + protocol)::equals).count();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "200",
        "400",
        "400 status",
        "403",
        "404",
        "405",
        "426",
        "501",
        "502",
        "close",
        "reset",
        "other upgrade"
      })
  void whoDoesNotKnowOneProtocolIsAskedForTheNext(String rule) throws Exception {
    server.rules.put(ForwardProtocol.SPDY, rule);
    carriesBy(ForwardProtocol.SPDY_IN_WEBSOCKET);
    assertThat(asked(ForwardProtocol.SPDY)).isEqualTo(1);
    // What worked is asked for first from now on.
    carriesBy(ForwardProtocol.SPDY_IN_WEBSOCKET);
    assertThat(asked(ForwardProtocol.SPDY)).isEqualTo(1);
    // Also the next one can go away.
    server.rules.put(ForwardProtocol.SPDY_IN_WEBSOCKET, rule);
    carriesBy(ForwardProtocol.CHANNELS);
  }

  @ParameterizedTest
  @ValueSource(strings = {"401", "403 status", "404 status", "429", "500", "503"})
  void reasonThatIsTrueOfAllProtocolsEndsTheSearch(String rule) throws Exception {
    server.rules.put(ForwardProtocol.SPDY, rule);
    KtdException why = get(open(plain(), "echo").closed);
    ErrorCode code =
        switch (rule) {
          case "401" -> ErrorCode.CREDENTIALS;
          case "403 status" -> ErrorCode.FORBIDDEN;
          case "404 status" -> ErrorCode.PROXY;
          default -> ErrorCode.TUNNEL;
        };
    assertThat(why.code()).isEqualTo(code);
    assertThat(asked(ForwardProtocol.SPDY_IN_WEBSOCKET)).isZero();
    assertThat(asked(ForwardProtocol.CHANNELS)).isZero();
  }

  @Test
  void trueReasonOfALaterProtocolIsToldRatherThanTheFirstRefusal() throws Exception {
    server.rules.put(ForwardProtocol.SPDY, "400 status");
    server.rules.put(ForwardProtocol.SPDY_IN_WEBSOCKET, "403 status");
    KtdException why = get(open(plain(), "echo").closed);
    assertThat(why.code()).isEqualTo(ErrorCode.FORBIDDEN);
    assertThat(why.hint()).contains("verb get");
    assertThat(asked(ForwardProtocol.CHANNELS)).isZero();
  }

  @Test
  void firstRefusalIsToldWhenNoProtocolIsKnown() throws Exception {
    server.rules.put(ForwardProtocol.SPDY, "400 status");
    server.rules.put(ForwardProtocol.SPDY_IN_WEBSOCKET, "502");
    server.rules.put(ForwardProtocol.CHANNELS, "close");
    KtdException why = get(open(plain(), "echo").closed);
    assertThat(why.code()).isEqualTo(ErrorCode.TUNNEL);
    assertThat(why).hasMessageContaining("Upgrade request required (400)");
    // Nothing worked, so nothing is remembered.
    server.rules.clear();
    carriesBy(ForwardProtocol.SPDY);
  }

  @Test
  void protocolThatIsGrantedButCarriesNothingIsNotTheNextToTry() throws Exception {
    server.rules.put(ForwardProtocol.SPDY, "mute");
    Ear mute = open(plain(), "echo");
    Carrier carrier = get(mute.ready);
    assertThat(carrier.protocol()).isEqualTo("SPDY/3.1");
    loop.execute(carrier::abandon);
    get(mute.closed);
    carriesBy(ForwardProtocol.SPDY_IN_WEBSOCKET);
  }

  @Test
  void protocolWhoseRequestIsNeverAnsweredIsNotTheNextToTry() throws Exception {
    server.rules.put(ForwardProtocol.SPDY, "silence");
    Ear ear = new Ear();
    Carrier opening = new PortForward(plain(), "team", "echo", 2222, memory).open(loop, ear);
    until(() -> asked(ForwardProtocol.SPDY) == 1);
    loop.execute(opening::abandon);
    get(ear.closed);
    carriesBy(ForwardProtocol.SPDY_IN_WEBSOCKET);
  }

  @Test
  void protocolThatHasCarriedIsLeftOnlyAfterThreeFailuresInARow() throws Exception {
    carriesBy(ForwardProtocol.SPDY);
    server.rules.put(ForwardProtocol.SPDY, "502");
    for (int i = 0; i < 3; i++) {
      carriesBy(ForwardProtocol.SPDY_IN_WEBSOCKET);
    }
    assertThat(asked(ForwardProtocol.SPDY)).isEqualTo(4);
    carriesBy(ForwardProtocol.SPDY_IN_WEBSOCKET);
    assertThat(asked(ForwardProtocol.SPDY)).isEqualTo(4);
  }

  @Test
  void closingIsNoVerdictOnTheProtocol() throws Exception {
    server.rules.put(ForwardProtocol.SPDY, "mute");
    Ear mute = open(plain(), "echo");
    loop.execute(get(mute.ready)::close);
    get(mute.closed);
    server.rules.clear();
    carriesBy(ForwardProtocol.SPDY);
  }
}
