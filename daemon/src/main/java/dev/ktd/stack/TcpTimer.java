package dev.ktd.stack;

import dev.ktd.stack.Timers.Alarm;
import dev.ktd.stack.Timers.Timer;

/** The one timer of a connection: what it waits for now, how long, and when it is given up. */
final class TcpTimer implements Alarm {
  /** A program repeats its SYN after 64 s at the latest (Linux, macOS); then it has given up. */
  private static final long OPEN_LIFETIME = 75 * RoundTrip.SECOND;

  private static final int SYN_ACK_TRIES = 6;
  private static final int DATA_TRIES = 12;
  private static final long LONGEST_PROBE_INTERVAL = 60 * RoundTrip.SECOND;

  /**
   * Instead of four minutes: nothing on a local path is older than this, and a last ACK that was
   * lost is asked for again within the kernel's 200 ms.
   */
  private static final long TIME_WAIT = RoundTrip.SECOND;

  /** Enough for a device that is full for a moment. */
  private static final long SHORT_TIME_WAIT = 2 * RoundTrip.MILLISECOND;

  /**
   * RFC 9293, section 3.8.4: no less than two hours. There is no other end of it: where the RST of
   * a program's kernel was lost (the TUN's queue was full, a container's network was removed), the
   * flow and the remote connection behind it would stay for ever, in FIN-WAIT-2 above all. A kernel
   * that lives is on the same machine and answers.
   */
  private static final long KEEP_ALIVE = 7200 * RoundTrip.SECOND;

  private static final long KEEP_ALIVE_INTERVAL = 75 * RoundTrip.SECOND;
  private static final int KEEP_ALIVE_TRIES = 9;

  private final StackContext context;
  private final TcpConnection connection;
  private final Timer timer = new Timer(this);
  private Wait wait = Wait.NOTHING;

  /** Probes of a closed window since it was open. */
  private int probes;

  /** Probes, also those of an idle connection, since the program's kernel was last heard. */
  private int unanswered;

  private long heardAt;

  /** What is waited for once the handshake is done. */
  private enum Wait {
    NOTHING,
    /** An ACK of what is on its way. */
    ACK,
    /** A window for what is held back. */
    WINDOW,
    /** Any sign of life of an idle connection. */
    LIFE
  }

  TcpTimer(StackContext context, TcpConnection connection) {
    this.context = context;
    this.connection = connection;
  }

  /** Starts the wait of a pending open for its owner, or for the next repetition of the SYN. */
  void awaitOwner(long now) {
    context.timers.set(timer, now + OPEN_LIFETIME);
  }

  /** Starts the wait for the answer to a SYN-ACK. */
  void awaitHandshake(long now) {
    context.timers.set(timer, now + connection.send.roundTrip().timeout());
  }

  void awaitEndOfTimeWait(long now) {
    context.timers.set(timer, now + TIME_WAIT);
  }

  /**
   * Nothing is left to do in TIME-WAIT. Where many wait, it ends once the last ACK is sent, as
   * Linux has it beyond {@code tcp_max_tw_buckets}: else short connections would keep others out.
   */
  void shortenTimeWait(long now) {
    if (context.timeWaits() > context.config.limits().tcpFlows() / 2) {
      context.timers.set(timer, now + SHORT_TIME_WAIT);
    }
  }

  void cancel() {
    context.timers.cancel(timer);
  }

  /** Any segment but a RST shows that the program's kernel knows the connection. */
  void heard(long now) {
    unanswered = 0;
    heardAt = now;
  }

  /** Sets the timer for what is now on its way or held back. */
  void rearm(long now, boolean restart) {
    if (!connection.state().sends() && connection.state() != TcpState.FIN_WAIT_2) {
      return;
    }
    SendHalf send = connection.send;
    boolean unset = timer.at() == Timers.NEVER;
    if (send.inFlight()) {
      if (restart || wait != Wait.ACK || unset) {
        context.timers.set(timer, now + send.roundTrip().timeout());
      }
      wait = Wait.ACK;
      probes = 0;
    } else if (send.pending()) {
      if (wait != Wait.WINDOW || unset) {
        long interval = send.roundTrip().timeout() << Math.min(probes, 10);
        context.timers.set(timer, now + Math.min(LONGEST_PROBE_INTERVAL, interval));
      }
      wait = Wait.WINDOW;
    } else {
      if (wait != Wait.LIFE || unset) {
        long silent = unanswered > 0 ? now + KEEP_ALIVE_INTERVAL : heardAt + KEEP_ALIVE;
        context.timers.set(timer, silent);
      }
      wait = Wait.LIFE;
    }
  }

  @Override
  public void due(long now) {
    switch (connection.state()) {
      case LISTEN -> connection.cancel();
      case SYN_RECEIVED -> synAckUnanswered();
      case TIME_WAIT -> connection.timeWaitOver(now);
      case ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK -> unanswered(now);
      case CLOSED -> {}
    }
  }

  private void synAckUnanswered() {
    RoundTrip roundTrip = connection.send.roundTrip();
    roundTrip.backOff();
    if (roundTrip.tries() > SYN_ACK_TRIES) {
      connection.giveUp();
      return;
    }
    context.counters.count(Counter.TCP_TIMEOUTS);
    connection.synAckDue = true;
    context.ready(connection);
  }

  private void unanswered(long now) {
    SendHalf send = connection.send;
    if (send.inFlight()) {
      if (send.windowClosed()) {
        // RFC 9293, section 3.8.6.1: who answers that it takes nothing lives, however long.
        unanswered++;
        send.roundTrip().answered();
      }
      if (Math.max(send.roundTrip().tries(), unanswered - 1) >= DATA_TRIES) {
        connection.giveUp();
        return;
      }
      context.counters.count(Counter.TCP_TIMEOUTS);
      send.timeout();
    } else if (send.pending()) {
      if (++unanswered > DATA_TRIES) {
        connection.giveUp();
        return;
      }
      probes++;
      connection.probeDue = true;
      send.override();
    } else {
      silent(now);
      return;
    }
    context.ready(connection);
  }

  private void silent(long now) {
    if (unanswered == 0 && now - heardAt < KEEP_ALIVE) {
      context.timers.set(timer, heardAt + KEEP_ALIVE);
    } else if (++unanswered > KEEP_ALIVE_TRIES) {
      connection.giveUp();
    } else {
      connection.probeDue = true;
      context.ready(connection);
    }
  }
}
