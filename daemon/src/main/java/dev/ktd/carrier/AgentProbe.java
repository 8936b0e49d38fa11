package dev.ktd.carrier;

import dev.ktd.carrier.Handshake.Answer;
import dev.ktd.error.KtdException;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * Finds out whether this session's agent is at the end of a way, and not another one or a stranger:
 * asks to go on with a stream that does not exist. The refusal carries the proof that the agent
 * knows the secret, and nothing is left at either end.
 */
public final class AgentProbe implements Leg.Owner {
  private final CompletableFuture<CarrierOpener> outcome = new CompletableFuture<>();
  private final CarrierOpener way;
  private final Duration limit;

  private AgentProbe(CarrierOpener way, Duration limit) {
    this.way = way;
    this.limit = limit;
  }

  /**
   * Starts one. Any thread.
   *
   * @param limit for the agent's greeting, and again for its answer
   * @return completed on the loop: with {@code way} when the agent has proven itself, else with a
   *     {@link KtdException}. Who cancels it ends the probe
   */
  public static CompletableFuture<CarrierOpener> start(
      EventLoop loop, CarrierOpener way, SessionSecret secret, Duration limit) {
    AgentProbe probe = new AgentProbe(way, limit);
    byte[] nobody = Handshake.random(Handshake.ID);
    Leg leg = new Leg(loop, new Handshake(secret, nobody), probe);
    loop.execute(() -> leg.open(way, limit));
    var _ = probe.outcome.whenComplete((_, _) -> loop.execute(leg::drop));
    return probe.outcome;
  }

  @Override
  public void greeted(Leg leg) {
    leg.hello(Handshake.Kind.RESUME, 0, limit);
  }

  /** Whatever it says: its proof is right. */
  @Override
  public void answered(Leg leg, Answer answer) {
    leg.drop();
    outcome.complete(way);
  }

  @Override
  public void ended(Leg leg, KtdException why) {
    outcome.completeExceptionally(why);
  }

  @Override
  public void heard(Leg leg) {}

  @Override
  public void readComplete(Leg leg) {}

  @Override
  public void writabilityChanged(Leg leg) {}

  // Frames come after an answer only, and then the leg is dropped.

  @Override
  public void data(ByteBuf bytes) {
    bytes.release();
  }

  @Override
  public void acknowledged(long received) {}

  @Override
  public void pong(long token, long received) {}

  @Override
  public void closed(int code, String text) {}

  @Override
  public void malformed(String what) {}
}
