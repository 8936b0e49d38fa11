package dev.ktd.carrier;

import dev.ktd.packet.Choices;
import dev.ktd.packet.Expect;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A stream under two-way traffic whose plain carriers are cut, silenced, slowed and cut to pieces
 * as {@link Choices} say: at any moment, in the middle of a frame, of a handshake, of a resumption.
 * In the end each byte has to be there once, and nothing kept or open.
 */
final class CarrierEvents {
  private static final int MOST_BYTES = 4 << 20;
  private static final int LONG_PIECE = 200_000;

  private final Choices choices;
  private final boolean trace;
  private final TwinClock clock = new TwinClock();
  private final SessionSecret secret = SessionSecret.generate();
  private final AgentTwin agent = new AgentTwin(clock, secret);
  private final TwinWire.Conditions direct = new TwinWire.Conditions();
  private final TwinUser user = new TwinUser();
  private final List<ByteBuf> written = new ArrayList<>();
  private final ResumableCarrier carrier;
  private int up;
  private int down;
  private boolean reading = true;

  CarrierEvents(Choices choices, boolean trace) {
    this.choices = choices;
    this.trace = trace;
    carrier =
        ResumableCarrier.open(
            clock.loop(),
            clock::nanos,
            Runnable::run,
            agent::opener,
            new ResumeSettings(secret, Duration.ofMinutes(15)),
            user,
            user);
  }

  /** How often the stream went on; for tests that want to know that something happened. */
  long run() {
    clock.passMillis(10);
    while (!choices.exhausted() && user.why == null) {
      event();
      check();
    }
    say("quiet");
    calm();
    boolean tooLong = user.why != null;
    if (tooLong) {
      Expect.that(user.reason().contains("for 15 min"), "over: %s", user.reason());
    } else {
      clock.pass(Duration.ofSeconds(90));
      Expect.that(user.why == null, "over: %s", user.reason());
      Expect.that(!carrier.isSuspended() && carrier.isWritable(), "it should go on");
      Expect.that(open() == 1, "%d carriers are open", open());
      int atAgent = agent.stream().fromClient.size();
      Expect.that(atAgent == up, "the agent has %d of %d", atAgent, up);
      Expect.that(
          user.received.size() == down, "the client has %d of %d", user.received.size(), down);
      Expect.that(carrier.keptBytes() == 0, "%d bytes are kept", carrier.keptBytes());
      Expect.that(agent.stream().confirmed == down, "the agent keeps bytes");
    }
    check();
    long resumed = carrier.resumed();
    carrier.close();
    clock.pass(Duration.ofMinutes(1));
    Expect.that(user.ends == 1, "ended %d times", user.ends);
    Expect.that(open() == 0, "%d carriers are open", open());
    for (ByteBuf each : written) {
      Expect.that(each.refCnt() == 0, "a buffer is kept");
    }
    return resumed;
  }

  private void event() {
    switch (choices.below(17)) {
      case 0, 1, 2 -> write(length());
      case 3, 4 -> agentSays(length());
      case 5, 6 -> pass(choices.below(40));
      case 7 -> pass(choices.below(4000));
      case 8 -> cut();
      case 9 -> cutSoon(choices.below(60));
      case 10 -> silence();
      case 11 -> slow(choices.below(4) == 0 ? choices.below(256) : choices.below(8));
      case 12 -> cutToPieces(choices.below(4));
      case 13 -> refuse(choices.below(3));
      case 14 -> probe();
      case 15 -> move(choices.below(4));
      default -> read(!reading);
    }
  }

  private int open() {
    return agent.conditions.open + direct.open;
  }

  private int length() {
    return switch (choices.below(4)) {
      case 0 -> 1 + choices.below(LONG_PIECE);
      case 1 -> 1 + choices.below(4000);
      default -> 1 + choices.below(100);
    };
  }

  private void write(int length) {
    if (!carrier.isWritable() || up + length > MOST_BYTES) {
      return;
    }
    say("write %d", length);
    ByteBuf bytes = ByteBufAllocator.DEFAULT.buffer(length).writeBytes(values(up, length, 1));
    up += length;
    written.add(bytes);
    carrier.write(bytes);
    if (!choices.oneIn(4)) {
      carrier.flush();
    }
  }

  private void agentSays(int length) {
    if (agent.streams.isEmpty() || down + length > MOST_BYTES) {
      return;
    }
    say("agent %d", length);
    byte[] bytes = values(down, length, 2);
    down += length;
    agent.stream().say(bytes);
  }

  private void pass(int millis) {
    say("pass %d ms", millis);
    clock.passMillis(millis);
  }

  private void cut() {
    if (!agent.connections.isEmpty()) {
      say("cut");
      agent.last().wire.cut();
    }
  }

  private void cutSoon(int millis) {
    say("cut in %d ms", millis);
    pass(millis);
    cut();
  }

  private void silence() {
    say("silence");
    agent.connections.forEach(each -> each.wire.silence());
  }

  private void slow(int millis) {
    say("%d ms each way", millis);
    agent.conditions.delayMillis = millis;
  }

  private void cutToPieces(int how) {
    say("pieces %d", how);
    agent.conditions.piece =
        switch (how) {
          case 0 -> left -> left;
          case 1 -> left -> 16 * 1024;
          case 2 -> left -> left > 2000 ? left - 1000 : 1 + choices.below(7);
          default -> left -> 1 + choices.below(Math.min(left, 60_000));
        };
  }

  /**
   * A hole swallows the wires that there are for good: they are TCP's, and lose nothing between.
   */
  private void refuse(int how) {
    say("refuse %d", how);
    agent.conditions.refuses = how == 1;
    agent.conditions.blackHole = how == 2;
    if (how == 2) {
      silence();
    }
  }

  private void probe() {
    say("probe");
    carrier.probe();
  }

  /** The other way may be refused, or a hole; what is on it is cut and silenced like all else. */
  private void move(int how) {
    say("move %d", how);
    direct.refuses = how == 1;
    direct.blackHole = how == 2;
    direct.piece = agent.conditions.piece;
    direct.delayMillis = agent.conditions.delayMillis;
    carrier.move(agent.opener(direct));
  }

  private void read(boolean now) {
    say("reading %s", now);
    reading = now;
    carrier.setReading(now);
  }

  private void calm() {
    agent.conditions.refuses = false;
    agent.conditions.blackHole = false;
    direct.blackHole = false;
    agent.conditions.delayMillis = 1;
    agent.conditions.piece = left -> left;
    read(true);
    carrier.flush();
  }

  /** What came is what was sent, as far as it came. */
  private void check() {
    Expect.that(agent.faults.isEmpty(), "the agent saw %s", agent.faults);
    Expect.that(open() <= 2, "%d carriers are open", open());
    Expect.that(user.ends <= 1, "ended %d times", user.ends);
    checkUp();
    checkDown();
  }

  private int checkedUp;
  private int checkedDown;

  private void checkUp() {
    if (agent.streams.size() == 1 && agent.stream().fromClient.size() > checkedUp) {
      byte[] all = agent.stream().fromClient.toByteArray();
      checkedUp = compare(all, checkedUp, 1);
    }
  }

  private void checkDown() {
    if (user.received.size() > checkedDown) {
      byte[] all = user.received.toByteArray();
      checkedDown = compare(all, checkedDown, 2);
    }
  }

  private static int compare(byte[] all, int from, int seed) {
    for (int at = from; at < all.length; at++) {
      Expect.that(all[at] == value(at, seed), "byte %d is %d", at, all[at]);
    }
    return all.length;
  }

  private static byte[] values(int from, int length, int seed) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = value(from + i, seed);
    }
    return bytes;
  }

  private static byte value(int at, int seed) {
    return (byte) (at * 7 + (at >> 8) * 13 + (at >> 16) + seed * 101);
  }

  @SuppressWarnings("AnnotateFormatMethod") // The annotation would be one more dependency.
  private void say(String what, Object... with) {
    if (trace) {
      System.out.printf("%8d ms  %s%n", clock.nanos() / 1_000_000, String.format(what, with));
    }
  }
}
