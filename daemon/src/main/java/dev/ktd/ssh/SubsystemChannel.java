package dev.ktd.ssh;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.util.buffer.Buffer;

/** A session channel that asks for a subsystem (RFC 4254, 6.1 and 6.5) and carries its bytes. */
final class SubsystemChannel extends SshChannel {
  private final String subsystem;
  private final User user;

  /** Who uses the subsystem. All calls on the event loop. */
  interface User {
    /** The subsystem runs. */
    void started();

    /** Valid during the call; the credit is given back after it. */
    void received(ByteBuffer bytes);

    void writable();

    /** It was refused, or ended. Called at most once, and last; not after a stop of our own. */
    void ended(String why);
  }

  SubsystemChannel(SshTransport transport, String subsystem, User user) {
    super(transport, "session");
    this.subsystem = subsystem;
    this.user = user;
  }

  void request() {
    internally(this::open);
  }

  @Override
  void opened() {
    internally(
        () -> {
          Buffer request =
              getSession()
                  .createBuffer(SshConstants.SSH_MSG_CHANNEL_REQUEST, subsystem.length() + 32);
          request.putUInt(getRecipient());
          request.putString("subsystem");
          request.putBoolean(true);
          request.putString(subsystem);
          writePacket(request);
        });
  }

  @Override
  public void handleSuccess() throws IOException {
    super.handleSuccess();
    if (!isOver()) {
      user.started();
    }
  }

  @Override
  public void handleFailure() throws IOException {
    super.handleFailure();
    finish("the proxy has no subsystem " + subsystem);
  }

  /** {@link User#writable} follows when the window or the carrier has opened. */
  void whenWritable() {
    awaitRoom();
  }

  private void finish(String why) {
    if (!isOver()) {
      abandon();
      user.ended(why);
    }
  }

  @Override
  void refused(int reason, String text) {
    user.ended("the proxy opens no channel for " + subsystem + ": " + text);
  }

  @Override
  void received(ByteBuffer bytes) {
    int n = bytes.remaining();
    user.received(bytes);
    credit(n);
  }

  @Override
  void ended() {
    finish("the subsystem " + subsystem + " ended");
  }

  @Override
  void closedByPeer() {
    user.ended("the subsystem " + subsystem + " ended");
  }

  @Override
  void writableAgain() {
    user.writable();
  }
}
