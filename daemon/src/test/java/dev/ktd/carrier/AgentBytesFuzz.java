package dev.ktd.carrier;

import dev.ktd.packet.Choices;
import dev.ktd.packet.Expect;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;

/**
 * Bytes in the agent's place, in any cutting: instead of a greeting, of an answer, or as frames.
 * Frames have to be understood as a slow, obvious reader understands them. The first three bytes
 * choose what and how; the rest is what is sent.
 */
public final class AgentBytesFuzz {
  private static final int CHOICES = 3;
  private static final int LONGEST = 131_072;

  private final TwinClock clock = new TwinClock();
  private final SessionSecret secret = SessionSecret.generate();
  private final AgentTwin agent = new AgentTwin(clock, secret);
  private final TwinUser user = new TwinUser();

  private AgentBytesFuzz() {}

  /** One input. */
  public static void fuzzerTestOneInput(byte[] input) {
    byte[] head = Arrays.copyOf(input, CHOICES);
    byte[] bytes = Arrays.copyOfRange(input, Math.min(CHOICES, input.length), input.length);
    new AgentBytesFuzz().run(Choices.ofBytes(head), bytes);
  }

  private void run(Choices choices, byte[] bytes) {
    int instead = choices.below(4);
    int piece = 1 + choices.below(256);
    agent.conditions.piece = left -> piece;
    if (instead == 0) {
      agent.greetings = greeting -> bytes;
    } else if (instead == 1) {
      agent.answers = answer -> bytes;
    }
    ResumableCarrier carrier =
        ResumableCarrier.open(
            clock.loop(),
            clock::nanos,
            Runnable::run,
            agent::opener,
            new ResumeSettings(secret, Duration.ofMinutes(15)),
            user,
            user);
    clock.passMillis(20);
    if (instead > 1) {
      frames(bytes);
    } else if (instead == 1 || !isGreeting(bytes)) {
      clock.pass(Duration.ofSeconds(40));
      Expect.that(user.ends == 1 && user.agents.isEmpty(), "a stranger is believed");
    }
    carrier.close();
    clock.pass(Duration.ofSeconds(1));
    Expect.that(user.ends == 1, "ended %d times", user.ends);
    Expect.that(agent.conditions.open == 0, "%d carriers are open", agent.conditions.open);
  }

  /** Any nonce will do. */
  private static boolean isGreeting(byte[] bytes) {
    byte[] start = {'K', 'T', 'D', 'C', 1};
    return bytes.length == Handshake.GREETING
        && Arrays.equals(bytes, 0, start.length, start, 0, start.length);
  }

  private void frames(byte[] bytes) {
    Expect.that(user.agents.size() == 1, "not opened");
    agent.last().send(bytes);
    clock.passMillis(20);
    Model model = new Model();
    model.read(ByteBuffer.wrap(bytes));
    Expect.that(
        Arrays.equals(user.received.toByteArray(), model.data.toByteArray()),
        "%d bytes instead of %d",
        user.received.size(),
        model.data.size());
    Expect.that(
        (user.ends == 1) == model.ended, "ended: %s, but should: %s", user.reason(), model.ended);
  }

  /** Reads whole frames from a whole array. */
  private static final class Model {
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();
    private boolean ended;

    private void read(ByteBuffer in) {
      while (!ended && in.remaining() >= 4) {
        int head = in.getInt();
        int type = head >>> 24;
        int length = head & 0xffffff;
        ended = !fits(type, length);
        if (ended) {
          return;
        }
        byte[] body = new byte[Math.min(length, in.remaining())];
        in.get(body);
        if (type == 0) {
          data.writeBytes(body);
        } else if (body.length == length) {
          // Nothing but PINGs was sent, so the agent has received nothing.
          ended = type == 4 || ByteBuffer.wrap(body).getLong(length - 8) != 0;
        } else {
          return;
        }
      }
    }

    private static boolean fits(int type, int length) {
      return switch (type) {
        case 0 -> length >= 1 && length <= LONGEST;
        case 1 -> length == 8;
        case 3 -> length == 16;
        case 4 -> length >= 1 && length <= 513;
        default -> false;
      };
    }
  }
}
