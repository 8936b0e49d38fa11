package dev.ktd.session;

import dev.ktd.carrier.ProtocolMemory;
import dev.ktd.control.Event;
import dev.ktd.control.Request;
import dev.ktd.control.RequestHandler;
import dev.ktd.control.StatusReport;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.Host;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The daemon's one session, or none: at most one machine can be inside one cluster. */
public final class Sessions implements RequestHandler {
  private static final Logger LOG = LoggerFactory.getLogger(Sessions.class);

  /** A library may have swallowed the interrupt of a connect; it is told again after so long. */
  private static final long INTERRUPT_AGAIN_MILLIS = 2000;

  private static final String LEFT_HINT =
      "On this machine:  sudo ktd recover    In the cluster all goes by itself when the time of"
          + " --resume has passed.";
  private static final String LOG_HINT =
      "Read the log:  sudo tail -n 50 /var/log/ktd/daemon.log   or:  journalctl -u ktd";

  private final Host host;
  private final Runnable whenIdle;
  private final ProtocolMemory protocols = new ProtocolMemory();
  private @Nullable Session current;
  private @Nullable Thread connecting;
  private boolean closed;

  /**
   * @param whenIdle called each time a session has ended or did not come about; must not block
   */
  public Sessions(Host host, Runnable whenIdle) {
    this.host = host;
    this.whenIdle = whenIdle;
  }

  @Override
  public String up(Request.Up request, Consumer<Event> events) {
    long began = System.nanoTime();
    Session session = claim(request);
    if (session == null) {
      return "Already connected to " + title() + ". Try:  ktd status    ktd down";
    }
    try {
      session.connect(events);
      settle();
      return String.format(
          Locale.ROOT,
          "Connected in %.1f s. Try:  ktd status    ktd down",
          (System.nanoTime() - began) / 1e9);
    } catch (Throwable failure) { // also an Error: nobody else would undo and make room
      throw giveUp(session, failure);
    }
  }

  /** A new session, or null when the one that is there is what the caller asks for. */
  private synchronized @Nullable Session claim(Request.Up request) {
    if (closed) {
      throw new KtdException(ErrorCode.NOT_CONNECTED, "the daemon is about to end", "Try again.");
    }
    Session there = current;
    if (there == null) {
      Session fresh = new Session(host, request, protocols);
      current = fresh;
      connecting = Thread.currentThread();
      return fresh;
    }
    if (there.isEnding()) {
      throw new KtdException(
          ErrorCode.CONFLICT,
          "this machine is being disconnected from " + there.title(),
          "Try again when it is done; see:  ktd status");
    }
    if (connecting == null && there.sameAs(request)) {
      there.requireSameFlags(request);
      return null;
    }
    throw new KtdException(
        ErrorCode.CONFLICT,
        (connecting == null
                ? "this machine is already connected to "
                : "this machine is being connected to ")
            + there.title(),
        "End that first:  ktd down");
  }

  private synchronized String title() {
    return current == null ? "a cluster" : current.title();
  }

  /** From here on the session is ended by down, not by an interrupt of the connecting thread. */
  private synchronized void settle() throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException("told to end while connecting");
    }
    connecting = null;
    notifyAll();
  }

  /** Undoes a session that failed to connect and says in one failure what the person must know. */
  private KtdException giveUp(Session session, Throwable failure) {
    synchronized (this) {
      session.ending();
      connecting = null;
      notifyAll();
    }
    // Libraries turn an interrupt into errors of their own: the flag they leave tells.
    boolean interrupted = Thread.interrupted() || failure instanceof InterruptedException;
    List<String> left = finish(session);
    if (left.isEmpty() && interrupted) {
      return new KtdException(
          ErrorCode.INTERRUPTED, "interrupted; everything was undone.", null, failure);
    }
    KtdException told = told(failure, interrupted);
    if (left.isEmpty()) {
      return told;
    }
    return new KtdException(
        told.code(),
        told.getMessage() + "\nNot all could be undone: " + String.join("; ", left),
        told.hint() == null ? LEFT_HINT : told.hint() + "\n" + LEFT_HINT,
        told);
  }

  private static KtdException told(Throwable failure, boolean interrupted) {
    if (interrupted) {
      return new KtdException(ErrorCode.INTERRUPTED, "interrupted.", null, failure);
    }
    if (failure instanceof KtdException known) {
      return known;
    }
    LOG.error("connecting failed by a defect", failure);
    return new KtdException(
        ErrorCode.INTERNAL, "connecting failed by a defect: " + failure, LOG_HINT, failure);
  }

  /** Undoes {@code session}, whoever else is at it, and makes room for the next. */
  private List<String> finish(Session session) {
    List<String> left = session.close();
    boolean ours;
    synchronized (this) {
      ours = current == session;
      if (ours) {
        current = null;
        notifyAll();
      }
    }
    if (ours) {
      whenIdle.run();
    }
    return left;
  }

  @Override
  public String down(Consumer<Event> events) throws InterruptedException {
    Session session;
    synchronized (this) {
      session = current;
    }
    if (session == null) {
      throw new KtdException(ErrorCode.NOT_CONNECTED, "not connected", "Connect:  sudo ktd up");
    }
    Steps steps = new Steps(events);
    steps.begin("down");
    steps.update("undoing routes and names, removing the proxy");
    stopConnecting(session);
    List<String> left = finish(session);
    if (!left.isEmpty()) {
      throw new KtdException(
          ErrorCode.INTERNAL,
          "disconnected from "
              + session.title()
              + ", but not all could be undone: "
              + String.join("; ", left),
          LEFT_HINT);
    }
    return "Disconnected from " + session.title() + ".";
  }

  /** A session that is still connecting is told to give up until its thread no longer works on. */
  private synchronized void stopConnecting(Session session) throws InterruptedException {
    while (current == session && connecting != null) {
      connecting.interrupt();
      wait(INTERRUPT_AGAIN_MILLIS);
    }
  }

  @Override
  public StatusReport status() {
    Session session;
    synchronized (this) {
      session = current;
    }
    return session == null ? StatusReport.idle() : session.status();
  }

  /** Whether there is no session, nor one being made or ended. */
  public synchronized boolean isIdle() {
    return current == null;
  }

  /** Ends the session, if there is one; none begins afterwards. For the end of the daemon. */
  public void close() throws InterruptedException {
    Session session;
    synchronized (this) {
      closed = true;
      session = current;
    }
    if (session != null) {
      stopConnecting(session);
      finish(session).forEach(failure -> LOG.warn("not undone: {}", failure));
    }
  }
}
