package dev.ktd.ssh;

import java.io.IOException;
import java.io.StreamCorruptedException;
import java.nio.ByteBuffer;
import org.apache.sshd.client.channel.AbstractClientChannel;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.threads.ThreadUtils;
import org.apache.sshd.core.CoreModuleProperties;
import org.jspecify.annotations.Nullable;

/**
 * A channel whose bytes go both ways without MINA's streams: what comes is handed on during the
 * call, credit goes back only when it is said to, and what goes out is bounded by the peer's window
 * and the carrier. Everything on the event loop.
 *
 * <p>MINA blocks a caller who sends data while keys are exchanged, unless the caller counts as
 * internal; blocked, the loop could not read the very answer it waits for. So each call into MINA
 * from here is internal, and data waits outside of MINA meanwhile.
 */
abstract class SshChannel extends AbstractClientChannel {
  private final SshTransport transport;
  private final FlowLine.Place place = new FlowLine.Place(this::takeTurn);
  private @Nullable ReceiveWindow window;
  private boolean windowFull;
  private boolean over;
  private long requestedAt;

  SshChannel(SshTransport transport, String type) {
    super(type);
    this.transport = transport;
  }

  /** The peer has confirmed; bytes may flow. */
  abstract void opened();

  /** The peer does not open it (RFC 4254, 5.1). */
  abstract void refused(int reason, String text);

  /** Bytes, valid during the call; each must be returned by {@link #credit} in the end. */
  abstract void received(ByteBuffer bytes);

  /** The peer sends no more. */
  abstract void ended();

  /** The peer has closed the channel. */
  abstract void closedByPeer();

  /** A write that was cut short is worth another try. */
  abstract void writableAgain();

  final SshTransport transport() {
    return transport;
  }

  /** True once nothing may be told or sent any more. */
  final boolean isOver() {
    return over;
  }

  /**
   * Sends from the buffer's position on what the window and the carrier allow, in packets of the
   * peer's size.
   *
   * @return bytes taken; {@link #writableAgain} follows when it is fewer than there were
   */
  final int send(ByteBuffer data) {
    if (over) {
      return 0;
    }
    int before = data.remaining();
    while (data.hasRemaining()) {
      int allowed = transport.mayWrite() ? transport.line().allowance(place) : 0;
      if (allowed == 0) {
        transport.waitForTurn(place);
        break;
      }
      long window = getRemoteWindow().getSize();
      if (window == 0) {
        windowFull = true;
        break;
      }
      long limit = Math.min(window, Math.min(allowed, MinaClient.PACKET));
      int n = (int) Math.min(data.remaining(), Math.min(limit, getRemoteWindow().getPacketSize()));
      packet(data, n);
    }
    return before - data.remaining();
  }

  private void packet(ByteBuffer data, int n) {
    getRemoteWindow().consume(n);
    transport.line().sent(place, n);
    PooledPacket packet = PooledPacket.data(getRecipient(), data, n);
    try {
      IoWriteFuture written = ThreadUtils.runAsInternal(() -> writePacket(packet));
      if (!written.isDone()) {
        transport.keptByMina(written, packet);
      } else if (!written.isWritten()) {
        packet.discard();
      }
    } catch (Exception e) {
      packet.discard();
      transport.failed(e);
    }
  }

  private void takeTurn() {
    if (!over) {
      writableAgain();
    }
  }

  /**
   * Sends a whole frame, or nothing when there is no room for all of it. A frame that was begun is
   * finished even if the carrier fills up meanwhile: half a frame would spoil the stream. While
   * others wait, it goes ahead of them as long as the channel has not had its share of the round: a
   * frame cannot wait itself, and would always find a full carrier beside a bulk.
   */
  final boolean sendWhole(ByteBuffer frame) {
    FlowLine line = transport.line();
    boolean room = transport.mayWrite() && line.isEmpty();
    if (over
        || !(room || (transport.mayQueue() && line.share(place) > 0))
        || getRemoteWindow().getSize() < frame.remaining()) {
      return false;
    }
    long most = Math.min(MinaClient.PACKET, getRemoteWindow().getPacketSize());
    while (frame.hasRemaining() && !over) {
      packet(frame, (int) Math.min(frame.remaining(), most));
    }
    return true;
  }

  /** {@link #writableAgain} follows when there is room again; called after a refused frame. */
  final void awaitRoom() {
    if (transport.mayWrite()) {
      windowFull = true;
    } else {
      transport.waitForTurn(place);
    }
  }

  /**
   * The local side has dealt with so many bytes: the peer may send as many more, as far as the
   * budget lets it. Also after the end, as long as something is held.
   */
  final void credit(int bytes) {
    int returned = window().consumed(bytes, System.nanoTime());
    if (returned > 0 && !over) {
      internally(() -> sendWindowAdjust(returned));
    }
  }

  final ReceiveWindow window() {
    if (window == null) {
      throw new IllegalStateException("the channel is not registered");
    }
    return window;
  }

  /** We send no more; the other direction goes on. */
  final void endOutput() {
    if (!over) {
      internally(this::sendEof);
    }
  }

  /**
   * Closes both directions, with the peer's answer still to come; nothing is told any more. What
   * came before may still be held.
   */
  final void abandon() {
    over = true;
    window().close();
    internally(() -> close(false));
  }

  /** The transport is gone, so there is nobody to say goodbye to. */
  final void drop() {
    over = true;
  }

  /** A call into MINA that throws IOException. */
  @FunctionalInterface
  interface MinaCall {
    void run() throws IOException;
  }

  final void internally(MinaCall call) {
    try {
      ThreadUtils.runAsInternal(
          () -> {
            call.run();
            return null;
          });
    } catch (Exception e) {
      transport.failed(e);
    }
  }

  /** Called when it is registered: what the peer may send at first stands in the request. */
  @Override
  protected void configureWindow() {
    ReceiveWindow opened = transport.receiveBudget().open();
    window = opened;
    requestedAt = System.nanoTime();
    CoreModuleProperties.WINDOW_SIZE.set(this, (long) opened.size());
    super.configureWindow();
  }

  /** Instead of MINA's own window, which returns credit by a rule of its own. */
  @Override
  protected long validateIncomingDataSize(int command, long length) throws IOException {
    // As MINA: some peers count the length field as well.
    if (length > MinaClient.PACKET + 4 || !window().received((int) length, System.nanoTime())) {
      throw new StreamCorruptedException("the peer sent " + length + " bytes beyond its window");
    }
    return length;
  }

  @Override
  protected void doOpen() {
    // No streams.
  }

  @Override
  public void handleOpenSuccess(long recipient, long window, long packet, Buffer buffer) {
    super.handleOpenSuccess(recipient, window, packet, buffer);
    long now = System.nanoTime();
    transport.receiveBudget().roundTrip(requestedAt, now);
    if (!over) {
      opened();
    }
  }

  @Override
  public void handleOpenFailure(Buffer buffer) {
    super.handleOpenFailure(buffer);
    window().abandon();
    if (!over) {
      over = true;
      refused(openFailureReason, openFailureMsg == null ? "" : openFailureMsg);
    }
  }

  @Override
  protected void doWriteData(byte[] data, int offset, long length) {
    if (!over) {
      received(ByteBuffer.wrap(data, offset, (int) length).slice());
    }
  }

  @Override
  protected void doWriteExtendedData(byte[] data, int offset, long length) {
    // Credit for stderr goes back at once: whoever cares has copied it.
    credit((int) length);
  }

  @Override
  public void handleWindowAdjust(Buffer buffer) throws IOException {
    super.handleWindowAdjust(buffer);
    if (windowFull && !over) {
      windowFull = false;
      writableAgain();
    }
  }

  @Override
  public void handleEof() throws IOException {
    super.handleEof();
    if (!over) {
      ended();
    }
  }

  @Override
  public void handleClose() throws IOException {
    super.handleClose();
    window().close();
    if (!over) {
      over = true;
      closedByPeer();
    }
  }
}
