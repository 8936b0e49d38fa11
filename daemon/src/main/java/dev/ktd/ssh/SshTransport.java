package dev.ktd.ssh;

import dev.ktd.carrier.Carrier;
import dev.ktd.carrier.CarrierOpener;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.relay.Datagrams;
import dev.ktd.relay.Dialer;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.security.PublicKey;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.kex.KexState;
import org.apache.sshd.common.session.ConnectionService;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionListener;
import org.apache.sshd.common.util.threads.ThreadUtils;
import org.jspecify.annotations.Nullable;

/**
 * One SSH connection over one {@link Carrier}, and all that goes through it.
 *
 * <p>Everything runs on the event loop given to {@link #start}. Only {@link #start} and {@link
 * #close} may be called from any thread, and the figures ({@link #openChannels} to {@link
 * #bytesDown}) may be read from any. Whether the other end still lives is the carrier's to say.
 */
public final class SshTransport {
  private final EventLoop loop;
  private final SshSettings settings;
  private final Listener listener;
  private final CarrierConnector connector;
  private final SshClient client;
  private final SshDialer dialer;
  private final DatagramChannel datagrams;
  private final Set<DirectChannel> flows = new LinkedHashSet<>();
  private final FlowLine line = new FlowLine();
  private final ReceiveBudget receiveBudget = new ReceiveBudget();
  private @Nullable Carrier carrier;
  private @Nullable ClientSession session;
  private @Nullable ConnectionService connection;
  private @Nullable Future<?> authenticationTimeout;
  private @Nullable KtdException reason;
  private boolean turnScheduled;
  private boolean dead;

  /** Packets that MINA keeps until keys are exchanged and its own queue is flushed. */
  private int keptByMina;

  private volatile int openChannels;
  private volatile int keyExchanges;

  private SshTransport(EventLoop loop, SshSettings settings, Listener listener) {
    this.loop = loop;
    this.settings = settings;
    this.listener = listener;
    this.connector = new CarrierConnector(loop, this::scheduleTurn);
    this.client = MinaClient.build(loop, connector, settings, (s, address, key) -> isPinned(key));
    this.dialer = new SshDialer(this, settings.openTimeout().toMillis());
    this.datagrams = new DatagramChannel(this);
  }

  /** What a transport tells its owner. All calls on the event loop. */
  public interface Listener {
    /** Authenticated: flows may be dialled. Called at most once. */
    void ready(SshTransport transport);

    /**
     * The transport is gone, or never came up; every flow has heard of it already. Called exactly
     * once, and last.
     */
    void closed(SshTransport transport, KtdException why);
  }

  /**
   * Opens a carrier and an SSH connection on it. Takes some hundred milliseconds the first time
   * (class loading), so not on the loop.
   */
  public static SshTransport start(
      EventLoop loop, SshSettings settings, CarrierOpener opener, Listener listener) {
    SshTransport transport = new SshTransport(loop, settings, listener);
    transport.client.start();
    Runnable open =
        () -> {
          if (transport.dead) {
            return;
          }
          try {
            transport.carrier = opener.open(loop, transport.new Wire());
          } catch (RuntimeException e) {
            transport.failed(e);
          }
        };
    loop.execute(open);
    return transport;
  }

  /**
   * Opens TCP flows by {@code direct-tcpip}. Fails with NO_TUNNEL before ready and after closed.
   */
  public Dialer dialer() {
    return dialer;
  }

  /** UDP and ping through the agent; its subsystem is opened with the first use. */
  public Datagrams datagrams() {
    return datagrams;
  }

  /** TCP flows being opened or open. */
  public int openChannels() {
    return openChannels;
  }

  /** Bytes given to the carrier, SSH's own included. */
  public long bytesUp() {
    CarrierSession io = connector.session();
    return io == null ? 0 : io.bytesUp();
  }

  /** Bytes that came from the carrier, SSH's own included. */
  public long bytesDown() {
    CarrierSession io = connector.session();
    return io == null ? 0 : io.bytesDown();
  }

  /** From now on bytes travel another way, which is so long there and back. On the loop. */
  public void rerouted(Duration roundTrip) {
    receiveBudget.roundTrip().rerouted(roundTrip.toNanos(), System.nanoTime());
  }

  /** Ends the connection and every flow on it. Any thread, repeatable. */
  public void close() {
    later(new KtdException(ErrorCode.NOT_CONNECTED, "the tunnel was closed", null));
  }

  /** How often keys were exchanged since authentication. */
  int keyExchanges() {
    return keyExchanges;
  }

  EventLoop loop() {
    return loop;
  }

  boolean isReady() {
    return connection != null && !dead;
  }

  /** False without a usable transport: nothing was registered then. */
  boolean register(SshChannel channel) {
    ConnectionService service = connection;
    if (service == null || dead) {
      return false;
    }
    try {
      service.registerChannel(channel);
    } catch (IOException | RuntimeException e) {
      failed(e);
      return false;
    }
    if (channel instanceof DirectChannel flow) {
      flows.add(flow);
      openChannels = flows.size();
    }
    return true;
  }

  void forget(DirectChannel flow) {
    flows.remove(flow);
    openChannels = flows.size();
  }

  /** MINA threw: the connection's state is unknown, so it ends. */
  void failed(Exception cause) {
    later(
        new KtdException(
            ErrorCode.TUNNEL,
            "the SSH connection failed: " + words(cause),
            "See the proxy's log, or connect again:  ktd up",
            cause));
  }

  ReceiveBudget receiveBudget() {
    return receiveBudget;
  }

  FlowLine line() {
    return line;
  }

  /** Data may go out now: both queues have room, and no keys are being exchanged. */
  boolean mayWrite() {
    CarrierSession io = connector.session();
    return mayQueue() && io != null && io.isWritable();
  }

  /** The connection takes data, at least a little: no keys are being exchanged. */
  boolean mayQueue() {
    ClientSession open = session;
    return !dead && keptByMina == 0 && open != null && keysAreThere(open.getKexState());
  }

  /**
   * From our NEWKEYS on packets go out (RFC 4253, 7.3). MINA tells that keys are established in the
   * state KEYS and not when it becomes DONE: who waited for that would wait for ever.
   */
  private static boolean keysAreThere(KexState state) {
    return state == KexState.DONE || state == KexState.KEYS;
  }

  /**
   * Keys are being exchanged, or MINA's thread still sends what came meanwhile: without a bound, so
   * there shall be no more of it.
   */
  void keptByMina(IoWriteFuture written, PooledPacket packet) {
    keptByMina++;
    written.addListener(
        done ->
            loop.execute(
                () -> {
                  keptByMina--;
                  if (!done.isWritten()) {
                    packet.discard();
                  }
                  scheduleTurn();
                }));
  }

  /** For a flow that could not write all: it hears of its turn. */
  void waitForTurn(FlowLine.Place flow) {
    line.await(flow);
    if (mayWrite()) {
      scheduleTurn();
    }
  }

  // Only the loop writes it.
  @SuppressWarnings("NonAtomicVolatileUpdate")
  private void newKeys() {
    keyExchanges++;
    scheduleTurn();
  }

  private void scheduleTurn() {
    if (line.isEmpty()) {
      if (mayWrite()) {
        line.nextRound();
      }
    } else if (!turnScheduled) {
      turnScheduled = true;
      loop.execute(this::turn);
    }
  }

  private void turn() {
    turnScheduled = false;
    line.turn(this::mayWrite);
    if (!line.isEmpty() && mayWrite()) {
      scheduleTurn();
    }
  }

  private boolean isPinned(PublicKey shown) {
    if (KeyUtils.compareKeys(settings.hostKey(), shown)) {
      return true;
    }
    because(
        new KtdException(
            ErrorCode.TUNNEL,
            "the proxy's SSH host key "
                + KeyUtils.getFingerPrint(shown)
                + " is not the one made for this session, "
                + KeyUtils.getFingerPrint(settings.hostKey()),
            "Something else answers in the proxy's place. Make a new one:  ktd down && ktd up"));
    return false;
  }

  /** The first reason is the true one; what follows is its consequence. */
  private void because(KtdException why) {
    if (reason == null) {
      reason = why;
    }
  }

  /** Dies after the current turn: MINA or a flow may be on the stack. */
  private void later(KtdException why) {
    loop.execute(
        () -> {
          because(why);
          die();
        });
  }

  private void connect(Carrier open) {
    connector.carrier(open);
    authenticationTimeout =
        loop.schedule(
            () ->
                later(
                    new KtdException(
                        ErrorCode.TUNNEL,
                        "the proxy's sshd did not answer within "
                            + settings.authenticationTimeout().toSeconds()
                            + " s",
                        "See the proxy's log, or connect again:  ktd up")),
            settings.authenticationTimeout().toMillis(),
            TimeUnit.MILLISECONDS);
    try {
      ThreadUtils.runAsInternal(
          () ->
              client
                  .connect(settings.user(), CarrierSession.PEER)
                  .addListener(
                      done -> {
                        if (done.isConnected()) {
                          authenticate(done.getSession());
                        } else {
                          failed(new IOException(words(done.getException())));
                        }
                      }));
    } catch (Exception e) {
      failed(e);
    }
  }

  private void authenticate(Session connected) {
    if (!(connected instanceof ClientSession ours)) {
      return;
    }
    session = ours;
    ours.addSessionListener(new Events());
    ours.addPublicKeyIdentity(settings.userKey());
    try {
      ours.auth()
          .addListener(
              done -> {
                if (done.isSuccess()) {
                  loop.execute(this::authenticated);
                } else {
                  later(
                      new KtdException(
                          ErrorCode.TUNNEL,
                          "the proxy's sshd does not let us in: " + words(done.getException()),
                          "Make a new proxy:  ktd down && ktd up",
                          done.getException()));
                }
              });
    } catch (IOException e) {
      failed(e);
    }
  }

  private void authenticated() {
    ClientSession open = session;
    if (dead || open == null || connection != null) {
      return;
    }
    connection = open.getService(ConnectionService.class);
    if (authenticationTimeout != null) {
      authenticationTimeout.cancel(false);
    }
    listener.ready(this);
  }

  /** Ends everything. On the loop, with neither MINA nor a flow on the stack. */
  private void die() {
    if (dead) {
      return;
    }
    dead = true;
    if (authenticationTimeout != null) {
      authenticationTimeout.cancel(false);
    }
    line.clear();
    for (DirectChannel flow : List.copyOf(flows)) {
      flow.transportGone();
    }
    flows.clear();
    openChannels = 0;
    datagrams.transportGone();
    client.close(true);
    CarrierSession io = connector.session();
    if (io != null) {
      io.carrierClosed();
    }
    if (carrier != null) {
      carrier.close();
    }
    KtdException why = reason;
    listener.closed(
        this,
        why == null ? new KtdException(ErrorCode.TUNNEL, "the SSH connection ended", null) : why);
  }

  private static String words(@Nullable Throwable cause) {
    if (cause == null) {
      return "unknown";
    }
    return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
  }

  /** The carrier below. */
  private final class Wire implements Carrier.Listener {
    @Override
    public void ready(Carrier open) {
      if (dead) {
        open.close();
        return;
      }
      carrier = open;
      connect(open);
    }

    @Override
    public void data(ByteBuf bytes) {
      CarrierSession io = connector.session();
      if (io == null || dead) {
        bytes.release();
      } else {
        io.received(bytes);
      }
    }

    @Override
    public void readComplete() {
      CarrierSession io = connector.session();
      if (io != null && !dead) {
        io.drain();
      }
    }

    @Override
    public void writabilityChanged(boolean writable) {
      if (writable) {
        scheduleTurn();
      }
    }

    @Override
    public void closed(Throwable why) {
      because(
          why instanceof KtdException known
              ? known
              : new KtdException(
                  ErrorCode.TUNNEL, "the tunnel's carrier ended: " + words(why), null, why));
      die();
    }
  }

  /** What MINA tells of the session; mostly on the loop, but not promised. */
  private final class Events implements SessionListener {
    @Override
    public void sessionEvent(Session of, Event event) {
      if (event == Event.KeyEstablished) { // KexCompleted: only the algorithms are agreed
        loop.execute(SshTransport.this::newKeys);
      }
    }

    @Override
    public void sessionException(Session of, Throwable cause) {
      failed(cause instanceof Exception e ? e : new IOException(cause));
    }

    @Override
    public void sessionDisconnect(
        Session of, int code, String text, String language, boolean initiator) {
      if (!initiator) {
        later(
            new KtdException(
                ErrorCode.TUNNEL,
                "the proxy's sshd ended the connection: " + text,
                "See the proxy's log, or connect again:  ktd up"));
      }
    }

    @Override
    public void sessionClosed(Session of) {
      later(new KtdException(ErrorCode.TUNNEL, "the SSH connection ended", null));
    }
  }
}
