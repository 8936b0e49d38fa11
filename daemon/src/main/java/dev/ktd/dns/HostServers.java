package dev.ktd.dns;

import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;

/** Passes questions on to the host's own DNS servers. Answers come on the given executor. */
public final class HostServers implements AutoCloseable {
  /**
   * @param loop the relay's event loop, where answers arrive
   * @param own our own addresses: a server that is one of them is never asked, it would be a loop
   */
  public HostServers(Executor loop, Set<InetAddress> own) {}

  /** The host's servers, in order, port 53. Any thread. None: every question gets SERVFAIL. */
  public void servers(List<InetAddress> servers) {}

  @Override
  public void close() {}
}
