package dev.ktd.ssh;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.sshd.client.channel.AbstractClientChannel;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.threads.ThreadUtils;

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
  /** What one channel may send in a row while others wait too. */
  private static final int QUANTUM = 64 * 1024;

  private final SshTransport transport;
  private boolean windowFull;
  private boolean over;

  /** Whether it stands in the transport's line of channels that may not write. */
  boolean waiting;

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
    int allowed = transport.othersWait() ? QUANTUM : Integer.MAX_VALUE;
    while (data.hasRemaining()) {
      if (allowed <= 0 || !transport.mayWrite()) {
        transport.waitForTurn(this);
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
      allowed -= n;
    }
    return before - data.remaining();
  }

  private void packet(ByteBuffer data, int n) {
    getRemoteWindow().consume(n);
    PooledPacket packet = PooledPacket.data(getRecipient(), data, n);
    try {
      ThreadUtils.runAsInternal(
          () -> {
            writePacket(packet)
                .addListener(
                    done -> {
                      if (!done.isWritten()) {
                        packet.discard();
                      }
                    });
            return null;
          });
    } catch (Exception e) {
      packet.discard();
      transport.failed(e);
    }
  }

  /**
   * Sends a whole frame, or nothing when there is no room for all of it. A frame that was begun is
   * finished even if the carrier fills up meanwhile: half a frame would spoil the stream.
   */
  final boolean sendWhole(ByteBuffer frame) {
    if (over || !transport.mayWrite() || getRemoteWindow().getSize() < frame.remaining()) {
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
      transport.waitForTurn(this);
    }
  }

  /** The local side has dealt with so many bytes: the peer may send as many more. */
  final void credit(int bytes) {
    if (over || bytes == 0) {
      return;
    }
    internally(() -> getLocalWindow().release(bytes));
  }

  /** We send no more; the other direction goes on. */
  final void endOutput() {
    if (!over) {
      internally(this::sendEof);
    }
  }

  /** Closes both directions, with the peer's answer still to come; nothing is told any more. */
  final void abandon() {
    over = true;
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

  @Override
  protected void doOpen() {
    // No streams.
  }

  @Override
  public void handleOpenSuccess(long recipient, long window, long packet, Buffer buffer) {
    super.handleOpenSuccess(recipient, window, packet, buffer);
    if (!over) {
      opened();
    }
  }

  @Override
  public void handleOpenFailure(Buffer buffer) {
    super.handleOpenFailure(buffer);
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
    if (!over) {
      over = true;
      closedByPeer();
    }
  }
}
