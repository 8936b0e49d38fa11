package dev.ktd.session;

import dev.ktd.dns.DnsPlan;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.HostResolver;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the names right while a session lasts, on a virtual thread of its own: another program
 * writes resolv.conf, the host gets other servers, the cluster other namespaces, the network
 * changes or the machine wakes up.
 */
final class NameKeeper {
  private static final Logger LOG = LoggerFactory.getLogger(NameKeeper.class);
  private static final Duration LOOK_EVERY = Duration.ofSeconds(1);

  /** A changed network has new addresses and servers a moment later. */
  private static final Duration SETTLING = Duration.ofSeconds(2);

  /** More often in a minute, and another program is at war with us: then only so seldom. */
  private static final int OFTEN = 10;

  private static final Duration TRUCE = Duration.ofSeconds(30);

  /** The plan for a host and the cluster's namespaces. */
  interface Planner {
    DnsPlan plan(HostResolver.Current host, Set<String> namespaces);
  }

  /**
   * Where it begins.
   *
   * @param plan what was applied for {@code namespaces}
   */
  record Start(Set<String> namespaces, DnsPlan plan, HostNames.Before before) {}

  private final HostResolver resolver;
  private final NameSetup setup;
  private final Planner planner;
  private final HostNames.Before before;
  private final StatusBoard board;
  private final Thread thread;
  private final Deque<Long> reasserted = new ArrayDeque<>();
  private Set<String> namespaces;
  private volatile DnsPlan plan;
  private @Nullable Long verifyAt;
  private boolean planIsOld;

  NameKeeper(
      HostResolver resolver, NameSetup setup, Planner planner, Start start, StatusBoard board) {
    this.resolver = resolver;
    this.setup = setup;
    this.planner = planner;
    this.before = start.before();
    this.board = board;
    this.namespaces = start.namespaces();
    this.plan = start.plan();
    this.thread = Thread.ofVirtual().name("ktd-names").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** The cluster has these namespaces now. Any thread. */
  synchronized void namespaces(Set<String> now) {
    if (!namespaces.equals(now)) {
      namespaces = now;
      planIsOld = true;
    }
  }

  /** The network changed or the machine slept: the names are checked again. Any thread. */
  synchronized void disturbed() {
    verifyAt = System.nanoTime() + SETTLING.toNanos();
  }

  /** What was applied last. Any thread. */
  DnsPlan plan() {
    return plan;
  }

  /** Ends it and waits for that. */
  void close() throws InterruptedException {
    thread.interrupt();
    thread.join();
  }

  private void run() {
    try {
      while (true) {
        Thread.sleep(LOOK_EVERY);
        if (takePlanIsOld() || !resolver.stands()) {
          renew();
        }
        if (takeVerification()) {
          verify();
        }
      }
    } catch (InterruptedException _) {
      LOG.debug("names are not watched any more");
    }
  }

  private synchronized boolean takePlanIsOld() {
    boolean old = planIsOld;
    planIsOld = false;
    return old;
  }

  private synchronized boolean takeVerification() {
    boolean due =
        verifyAt != null
            && System.nanoTime() - verifyAt >= 0
            && board.state() == SessionState.CONNECTED;
    if (due) {
      verifyAt = null;
    }
    return due;
  }

  private synchronized Set<String> namespaces() {
    return namespaces;
  }

  private void renew() throws InterruptedException {
    try {
      HostResolver.Current current = resolver.current();
      DnsPlan next = planner.plan(current, namespaces());
      boolean rewritten = !resolver.stands();
      setup.apply(next);
      plan = next;
      board.dns(current.mode(), next);
      if (rewritten) {
        LOG.info("names are set again: something else has changed them");
        holdBack();
      }
      disturbed();
    } catch (KtdException e) {
      LOG.warn("names could not be set again: {}", e.getMessage());
      Thread.sleep(TRUCE);
    }
  }

  private void holdBack() throws InterruptedException {
    long now = System.nanoTime();
    reasserted.add(now);
    while (now - reasserted.getFirst() > Duration.ofMinutes(1).toNanos()) {
      reasserted.removeFirst();
    }
    if (reasserted.size() > OFTEN) {
      LOG.warn(
          "another program changes this host's names again and again: ktd sets them every {} s",
          TRUCE.toSeconds());
      Thread.sleep(TRUCE);
    }
  }

  private void verify() throws InterruptedException {
    try {
      setup.verify(plan, before);
      board.dnsVerified(true);
    } catch (KtdException e) {
      if (e.code() == ErrorCode.INTERRUPTED) {
        throw new InterruptedException("told to end while names were checked");
      }
      board.dnsVerified(false);
      LOG.warn("names do not work as they should: {}", e.getMessage());
    }
  }
}
