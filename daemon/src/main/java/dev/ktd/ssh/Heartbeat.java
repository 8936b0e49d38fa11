package dev.ktd.ssh;

import dev.ktd.carrier.AgentInfo;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the proxy pod alive and tells whether its agent answers: one byte there and back, at least
 * every third of the agent's limit (docs/agent-protocol.md). Made by {@link
 * SshTransport#heartbeat}; on the event loop.
 */
public final class Heartbeat {
  private static final Logger LOG = LoggerFactory.getLogger(Heartbeat.class);
  private static final byte BEAT = '.';

  /** Longest first line of an agent that is believed. */
  private static final int LINE_LIMIT = 16 * 1024;

  /** More often than the agent asks for: the round trip is shown to people. */
  private static final long MAX_INTERVAL_MILLIS = 5000;

  private final SshTransport transport;
  private final Duration silence;
  private final Listener listener;
  private final SubsystemChannel channel;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private @Nullable Future<?> timer;
  private boolean introduced;
  private boolean over;
  private long unansweredSince;
  private long sentAt;
  private int unanswered;
  private volatile double rttMillis = Double.NaN;

  Heartbeat(SshTransport transport, Duration silence, Listener listener) {
    this.transport = transport;
    this.silence = silence;
    this.listener = listener;
    this.channel = new SubsystemChannel(transport, "heartbeat", new Agent());
  }

  /** What a heartbeat tells. All calls on the event loop. */
  public interface Listener {
    /** The agent has introduced itself. Called at most once. */
    void introduced(AgentInfo agent);

    /** No answer for so long; called again after each further beat that is not answered. */
    void unanswered(Duration silence);

    /** The subsystem ended: the agent is gone, or the transport. Called at most once, and last. */
    void ended(String why);
  }

  /** Last round trip to the agent in milliseconds; NaN before the first. Any thread. */
  public double rttMillis() {
    return rttMillis;
  }

  /** Sends no more beats; the pod ends itself when its limit has passed. On the loop. */
  public void stop() {
    if (!over) {
      over = true;
      stopTimer();
      channel.abandon();
    }
  }

  void start() {
    if (transport.register(channel)) {
      channel.request();
    } else {
      end("the tunnel is not there");
    }
  }

  void transportGone() {
    end("the tunnel ended");
  }

  private void end(String why) {
    if (!over) {
      over = true;
      stopTimer();
      listener.ended(why);
    }
  }

  private void stopTimer() {
    if (timer != null) {
      timer.cancel(false);
    }
  }

  private void introduce() {
    AgentInfo agent;
    try {
      agent = AgentInfo.parse(line.toString(StandardCharsets.UTF_8));
    } catch (IllegalArgumentException e) {
      channel.abandon();
      end("the agent's first line makes no sense: " + e.getMessage());
      return;
    }
    introduced = true;
    long third = agent.limitSeconds() * 1000L / 3;
    timer =
        transport
            .loop()
            .scheduleAtFixedRate(
                this::beat, 0, Math.clamp(third, 1, MAX_INTERVAL_MILLIS), TimeUnit.MILLISECONDS);
    listener.introduced(agent);
  }

  private void beat() {
    long now = System.nanoTime();
    Duration since = Duration.ofNanos(now - unansweredSince);
    if (unanswered > 0 && since.compareTo(silence) > 0) {
      listener.unanswered(since);
      if (over) {
        return;
      }
    }
    if (channel.sendWhole(ByteBuffer.wrap(new byte[] {BEAT}))) {
      if (unanswered == 0) {
        unansweredSince = now;
      }
      unanswered++;
      sentAt = now;
    }
  }

  private void answered(int beats) {
    unanswered = Math.max(0, unanswered - beats);
    long now = System.nanoTime();
    if (unanswered == 0) {
      rttMillis = (now - sentAt) / 1e6;
    }
    unansweredSince = now;
  }

  /** The other end of the channel. */
  private final class Agent implements SubsystemChannel.User {
    @Override
    public void started() {
      // The agent speaks first.
    }

    @Override
    public void received(ByteBuffer bytes) {
      while (!introduced && bytes.hasRemaining() && !over) {
        byte b = bytes.get();
        if (b == '\n') {
          introduce();
        } else if (line.size() >= LINE_LIMIT) {
          channel.abandon();
          end("the agent's first line is too long");
        } else {
          line.write(b);
        }
      }
      if (bytes.hasRemaining() && !over) {
        answered(bytes.remaining());
      }
    }

    @Override
    public void writable() {
      // The next beat is not far.
    }

    @Override
    public void ended(String why) {
      LOG.info("the heartbeat has stopped: {}", why);
      end(why);
    }
  }
}
