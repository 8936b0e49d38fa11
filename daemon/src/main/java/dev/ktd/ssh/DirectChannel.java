package dev.ktd.ssh;

import dev.ktd.relay.DialFailure;
import dev.ktd.relay.Downstream;
import dev.ktd.relay.Upstream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.sshd.client.future.DefaultOpenFuture;
import org.apache.sshd.client.future.OpenFuture;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/** A TCP flow as a {@code direct-tcpip} channel (RFC 4254, 7.2). */
final class DirectChannel extends SshChannel implements Upstream {
  private final InetSocketAddress destination;
  private final Downstream downstream;
  private @Nullable Future<?> openTimeout;
  private boolean open;
  private boolean endReceived;
  private boolean endSent;

  DirectChannel(SshTransport transport, InetSocketAddress destination, Downstream downstream) {
    super(transport, "direct-tcpip");
    this.destination = destination;
    this.downstream = downstream;
  }

  /** Sends the request; the timer starts. */
  void request(long timeoutMillis) {
    openTimeout =
        transport()
            .loop()
            .schedule(
                () -> {
                  if (!open && !isOver()) {
                    abort();
                    downstream.failed(DialFailure.TIMED_OUT);
                  }
                },
                timeoutMillis,
                TimeUnit.MILLISECONDS);
    internally(this::open);
  }

  @Override
  public synchronized OpenFuture open() throws IOException {
    openFuture = new DefaultOpenFuture(destination, futureLock);
    String host = host(destination);
    Buffer request =
        getSession().createBuffer(SshConstants.SSH_MSG_CHANNEL_OPEN, host.length() + 64);
    request.putString(getChannelType());
    request.putUInt(getChannelId());
    request.putUInt(getLocalWindow().getSize());
    request.putUInt(getLocalWindow().getPacketSize());
    request.putString(host);
    request.putUInt(destination.getPort());
    // Where the flow comes from is nobody's business in the cluster.
    request.putString("127.0.0.1");
    request.putUInt(0);
    writePacket(request);
    return openFuture;
  }

  private static String host(InetSocketAddress destination) {
    InetAddress address = destination.getAddress();
    if (address == null) {
      return destination.getHostString();
    }
    String text = address.getHostAddress();
    int scope = text.indexOf('%');
    return scope < 0 ? text : text.substring(0, scope);
  }

  private void stopTimer() {
    if (openTimeout != null) {
      openTimeout.cancel(false);
      openTimeout = null;
    }
  }

  @Override
  void opened() {
    stopTimer();
    open = true;
    downstream.opened();
  }

  @Override
  void refused(int reason, String text) {
    stopTimer();
    transport().forget(this);
    downstream.failed(failure(reason, text));
  }

  /**
   * OpenSSH says CONNECT_FAILED for all that connect(2) and getaddrinfo(3) may answer; only the
   * text, always English, tells them apart.
   */
  static DialFailure failure(int reason, String text) {
    if (reason == SshConstants.SSH_OPEN_ADMINISTRATIVELY_PROHIBITED) {
      return DialFailure.PROHIBITED;
    }
    String said = text.toLowerCase(Locale.ROOT);
    if (said.contains("refused")) {
      return DialFailure.REFUSED;
    }
    if (said.contains("timed out")) {
      return DialFailure.TIMED_OUT;
    }
    if (said.contains("not permitted") || said.contains("permission denied")) {
      return DialFailure.PROHIBITED;
    }
    return DialFailure.UNREACHABLE;
  }

  /** The transport is gone. */
  void transportGone() {
    if (isOver()) {
      return;
    }
    drop();
    stopTimer();
    if (open) {
      downstream.closed(false);
    } else {
      downstream.failed(DialFailure.NO_TUNNEL);
    }
  }

  @Override
  void received(ByteBuffer bytes) {
    downstream.data(bytes);
  }

  @Override
  void ended() {
    endReceived = true;
    downstream.end();
    closeIfDone();
  }

  @Override
  void closedByPeer() {
    transport().forget(this);
    boolean clean = endReceived && endSent;
    if (!clean) {
      window().abandon();
    }
    downstream.closed(clean);
  }

  @Override
  void writableAgain() {
    downstream.writable();
  }

  @Override
  public int write(ByteBuffer data) {
    return open && !endSent ? send(data) : 0;
  }

  @Override
  public void shutdownOutput() {
    if (open && !endSent && !isOver()) {
      endSent = true;
      endOutput();
      closeIfDone();
    }
  }

  /** Both directions have ended: there is nothing left to wait for. */
  private void closeIfDone() {
    if (endReceived && endSent && !isOver()) {
      transport().forget(this);
      abandon();
      downstream.closed(true);
    }
  }

  @Override
  public void consumed(int bytes) {
    credit(bytes);
  }

  @Override
  public void abort() {
    window().abandon();
    if (!isOver()) {
      stopTimer();
      transport().forget(this);
      abandon();
    }
  }
}
