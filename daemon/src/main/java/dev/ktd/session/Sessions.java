package dev.ktd.session;

import dev.ktd.control.Event;
import dev.ktd.control.Request;
import dev.ktd.control.RequestHandler;
import dev.ktd.control.StatusReport;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.Host;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The daemon's one session, or none: at most one machine can be inside one cluster. */
public final class Sessions implements RequestHandler {
  private static final Logger LOG = LoggerFactory.getLogger(Sessions.class);

  /** A library may have swallowed the interrupt of a connect; it is told again after so long. */
  private static final long INTERRUPT_AGAIN_MILLIS = 2000;

  private final Host host;
  private final Runnable whenIdle;
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
  public String up(Request.Up request, Consumer<Event> events) throws InterruptedException {
    long began = System.nanoTime();
    Session session = claim(request);
    if (session == null) {
      return "Already connected. End it with:  ktd down";
    }
    try {
      session.connect(events);
      settle();
      return String.format(Locale.ROOT, "Connected in %.1f s.", (System.nanoTime() - began) / 1e9);
    } catch (RuntimeException | InterruptedException e) {
      end(session, e);
      throw e;
    }
  }

  /** A new session, or null when the one that is there is what the caller asks for. */
  private synchronized @Nullable Session claim(Request.Up request) {
    if (closed) {
      throw new KtdException(ErrorCode.NOT_CONNECTED, "the daemon is about to end", "Try again.");
    }
    Session there = current;
    if (there == null) {
      Session fresh = new Session(host, request);
      current = fresh;
      connecting = Thread.currentThread();
      return fresh;
    }
    if (connecting == null && there.sameAs(request)) {
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

  /** From here on the session is ended by down, not by an interrupt of the connecting thread. */
  private synchronized void settle() throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException("told to end while connecting");
    }
    connecting = null;
  }

  /** Undoes a session that failed to connect; what cannot be undone is added to the failure. */
  private void end(Session session, Exception why) {
    // The undo must run to its end, whoever has lost interest.
    boolean interrupted = Thread.interrupted();
    try {
      for (String failure : session.close()) {
        why.addSuppressed(new IllegalStateException("not undone: " + failure));
      }
    } finally {
      release(session);
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void release(Session session) {
    synchronized (this) {
      if (current == session) {
        current = null;
        connecting = null;
        notifyAll();
      }
    }
    whenIdle.run();
  }

  @Override
  public String down(Consumer<Event> events) throws InterruptedException {
    Session session = settled();
    if (session == null) {
      throw new KtdException(ErrorCode.NOT_CONNECTED, "not connected", "Connect:  sudo ktd up");
    }
    String title = session.title();
    Steps steps = new Steps(events);
    steps.begin("down");
    steps.update("undoing routes and names, removing the proxy");
    List<String> failures = session.close();
    release(session);
    if (!failures.isEmpty()) {
      throw new KtdException(
          ErrorCode.INTERNAL,
          "disconnected from "
              + title
              + ", but not all could be undone: "
              + String.join("; ", failures),
          "On this machine:  sudo ktd recover    In the cluster all goes by itself when the pod's"
              + " heartbeat limit has passed.");
    }
    return "Disconnected from " + title + ".";
  }

  /**
   * The session that is there to be ended, or null. One that is still connecting is told to give up
   * and has undone itself when this returns.
   */
  private synchronized @Nullable Session settled() throws InterruptedException {
    while (current != null && connecting != null) {
      connecting.interrupt();
      wait(INTERRUPT_AGAIN_MILLIS);
    }
    return current;
  }

  @Override
  public StatusReport status() {
    Session session;
    synchronized (this) {
      session = current;
    }
    return session == null ? idle() : session.status();
  }

  private static StatusReport idle() {
    return new StatusReport(
        SessionState.IDLE.name(),
        null,
        null,
        null,
        null,
        null,
        List.of(),
        List.of(),
        null,
        List.of(),
        new StatusReport.Flows(0, 0, 0, 0, 0),
        Map.of(),
        List.of());
  }

  /** Ends the session, if there is one; none begins afterwards. For the end of the daemon. */
  public void close() throws InterruptedException {
    synchronized (this) {
      closed = true;
    }
    Session session = settled();
    if (session != null) {
      session.close().forEach(failure -> LOG.warn("not undone: {}", failure));
      release(session);
    }
  }
}
