package dev.ktd;

import dev.ktd.cli.DaemonRunner;
import dev.ktd.control.ControlServer;
import dev.ktd.os.Host;
import dev.ktd.session.Sessions;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The daemon's life: recover, serve, and on a signal leave the host and the cluster as they were.
 */
final class Daemon implements DaemonRunner {
  private static final Logger LOG = LoggerFactory.getLogger(Daemon.class);

  private final Host host;
  private final Path socket;
  private final String version;

  Daemon(Host host, Path socket, String version) {
    this.host = host;
    this.socket = socket;
    this.version = version;
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
        told.await();
        sessions.close();
      }
    } finally {
      host.recover().forEach(line -> LOG.info("put back: {}", line));
      LOG.info("ktd {} has ended", version);
      ended.countDown();
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
