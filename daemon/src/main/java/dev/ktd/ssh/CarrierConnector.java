package dev.ktd.ssh;

import dev.ktd.carrier.Carrier;
import io.netty.channel.EventLoop;
import java.net.SocketAddress;
import java.util.Map;
import org.apache.sshd.common.AttributeRepository;
import org.apache.sshd.common.Factory;
import org.apache.sshd.common.FactoryManager;
import org.apache.sshd.common.io.DefaultIoConnectFuture;
import org.apache.sshd.common.io.IoAcceptor;
import org.apache.sshd.common.io.IoConnectFuture;
import org.apache.sshd.common.io.IoConnector;
import org.apache.sshd.common.io.IoHandler;
import org.apache.sshd.common.io.IoServiceEventListener;
import org.apache.sshd.common.io.IoServiceFactory;
import org.apache.sshd.common.io.IoServiceFactoryFactory;
import org.apache.sshd.common.io.IoSession;
import org.apache.sshd.common.util.closeable.AbstractCloseable;
import org.apache.sshd.common.util.threads.CloseableExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * What MINA asks for connections: the one carrier that is already open. Factory of factories,
 * factory and connector at once, since there is nothing to choose.
 */
final class CarrierConnector extends AbstractCloseable
    implements IoServiceFactoryFactory, IoServiceFactory, IoConnector {
  private final EventLoop loop;
  private final Runnable drained;
  private @Nullable IoHandler handler;
  private @Nullable Carrier carrier;
  private @Nullable CarrierSession session;
  private @Nullable IoServiceEventListener listener;

  CarrierConnector(EventLoop loop, Runnable drained) {
    this.loop = loop;
    this.drained = drained;
  }

  /** The carrier that the next connection is made on. */
  void carrier(Carrier open) {
    carrier = open;
  }

  /** The connection; null before MINA asked for it. */
  @Nullable CarrierSession session() {
    return session;
  }

  @Override
  public IoServiceFactory create(FactoryManager manager) {
    return this;
  }

  @Override
  public void setExecutorServiceFactory(Factory<CloseableExecutorService> factory) {
    // All work is on the event loop.
  }

  @Override
  public IoConnector createConnector(IoHandler sessions) {
    handler = sessions;
    return this;
  }

  @Override
  public IoAcceptor createAcceptor(IoHandler sessions) {
    throw new UnsupportedOperationException("a client accepts nothing");
  }

  @Override
  public IoConnectFuture connect(
      SocketAddress address, AttributeRepository context, SocketAddress local) {
    DefaultIoConnectFuture future = new DefaultIoConnectFuture(address, null);
    IoHandler sessions = handler;
    Carrier open = carrier;
    if (sessions == null || open == null) {
      future.setException(new IllegalStateException("no carrier"));
      return future;
    }
    CarrierSession made = new CarrierSession(loop, open, this, sessions, drained);
    session = made;
    try {
      sessions.sessionCreated(made);
      future.setSession(made);
    } catch (Exception e) {
      future.setException(e);
      made.close(true);
    }
    return future;
  }

  @Override
  public Map<Long, IoSession> getManagedSessions() {
    CarrierSession made = session;
    return made == null ? Map.of() : Map.of(made.getId(), made);
  }

  @Override
  public @Nullable IoServiceEventListener getIoServiceEventListener() {
    return listener;
  }

  @Override
  public void setIoServiceEventListener(@Nullable IoServiceEventListener events) {
    listener = events;
  }
}
