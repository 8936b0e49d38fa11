package dev.ktd;

import dev.ktd.cli.DaemonRunner;
import dev.ktd.control.ControlServer;
import dev.ktd.os.Host;
import dev.ktd.session.Sessions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The daemon's life: recover, serve, and on a signal leave the host and the cluster as they were.
 */
final class Daemon implements DaemonRunner {
  private static final Logger LOG = LoggerFactory.getLogger(Daemon.class);

  /**
   * A daemon on demand whose command never asked for a session, being killed, ends after so long.
   */
  private static final Duration FIRST_SESSION_LIMIT = Duration.ofSeconds(60);

  private final Host host;
  private final Path socket;
  private final String version;
  private final Duration firstSessionLimit;

  Daemon(Host host, Path socket, String version) {
    this(host, socket, version, FIRST_SESSION_LIMIT);
  }

  /** For tests: another patience. */
  Daemon(Host host, Path socket, String version, Duration firstSessionLimit) {
    this.host = host;
    this.socket = socket;
    this.version = version;
    this.firstSessionLimit = firstSessionLimit;
  }

  @Override
  public void run(boolean onDemand) throws InterruptedException {
    CountDownLatch told = new CountDownLatch(1);
    CountDownLatch ended = new CountDownLatch(1);
    host.claim().forEach(line -> LOG.info("left by an earlier daemon: {}", line));
    try {
      Sessions sessions = new Sessions(host, onDemand ? told::countDown : () -> {});
      try (ControlServer _ = ControlServer.start(socket, sessions)) {
        // SIGTERM, SIGINT and SIGHUP run the hooks; the JVM goes when this one returns.
        Runtime.getRuntime()
            .addShutdownHook(Thread.ofPlatform().name("ktd-end").unstarted(() -> end(told, ended)));
        LOG.info("ktd {} serves {}", version, socket);
        if (onDemand) {
          awaitEnd(told, sessions);
        } else {
          told.await();
        }
        sessions.close();
      }
    } finally {
      try {
        host.recover().forEach(line -> LOG.info("put back: {}", line));
        LOG.info("ktd {} has ended", version);
      } finally {
        ended.countDown(); // whatever happened: the process must not wait for ever
      }
    }
  }

  private void awaitEnd(CountDownLatch told, Sessions sessions) throws InterruptedException {
    while (!told.await(firstSessionLimit.toMillis(), TimeUnit.MILLISECONDS)) {
      if (sessions.isIdle()) {
        LOG.info("nobody wanted a session for {} s", firstSessionLimit.toSeconds());
        return;
      }
    }
  }

  private static void end(CountDownLatch told, CountDownLatch ended) {
    told.countDown();
    try {
      ended.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
