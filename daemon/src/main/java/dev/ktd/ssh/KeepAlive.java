package dev.ktd.ssh;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.threads.ThreadUtils;
import org.jspecify.annotations.Nullable;

/**
 * Asks sshd for a sign of life (the global request {@code keepalive@openssh.com}, which OpenSSH
 * answers with a failure): the round trip, and the end of a transport whose peer is silent. Any
 * byte counts as life, since an answer may stand behind a long download.
 */
final class KeepAlive {
  private static final String REQUEST = "keepalive@openssh.com";
  private static final long MAX_INTERVAL_MILLIS = 5000;

  private final SshTransport transport;
  private final ClientSession session;
  private final CarrierSession io;
  private final Duration silence;
  private @Nullable Future<?> timer;
  private boolean unanswered;
  private long askedAt;
  private long seenBytes;
  private long aliveAt;
  private volatile double rttMillis = Double.NaN;

  KeepAlive(SshTransport transport, ClientSession session, CarrierSession io, Duration silence) {
    this.transport = transport;
    this.session = session;
    this.io = io;
    this.silence = silence;
  }

  void start() {
    long interval = Math.clamp(silence.toMillis() / 3, 1, MAX_INTERVAL_MILLIS);
    aliveAt = System.nanoTime();
    timer = transport.loop().scheduleAtFixedRate(this::tick, 0, interval, TimeUnit.MILLISECONDS);
  }

  void stop() {
    if (timer != null) {
      timer.cancel(false);
    }
  }

  double rttMillis() {
    return rttMillis;
  }

  private void tick() {
    long now = System.nanoTime();
    if (io.bytesDown() != seenBytes) {
      seenBytes = io.bytesDown();
      aliveAt = now;
    }
    if (unanswered && now - aliveAt > silence.toNanos()) {
      stop();
      transport.failed(
          new IOException("nothing was heard of the proxy for " + silence.toSeconds() + " s"));
      return;
    }
    if (!unanswered) {
      ask(now);
    }
  }

  private void ask(long now) {
    unanswered = true;
    askedAt = now;
    try {
      ThreadUtils.runAsInternal(
          () -> {
            Buffer request =
                session.createBuffer(SshConstants.SSH_MSG_GLOBAL_REQUEST, REQUEST.length() + 8);
            request.putString(REQUEST);
            request.putBoolean(true);
            session.request(request, REQUEST, (command, answer) -> answered());
            return null;
          });
    } catch (Exception e) {
      transport.failed(e);
    }
  }

  /** Called by MINA as the answer is decoded, on the loop. */
  private void answered() {
    unanswered = false;
    rttMillis = (System.nanoTime() - askedAt) / 1e6;
  }
}
