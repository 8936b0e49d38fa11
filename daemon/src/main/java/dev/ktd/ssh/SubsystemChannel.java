package dev.ktd.ssh;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.util.buffer.Buffer;

/** A session channel that asks for a subsystem (RFC 4254, 6.1 and 6.5) and carries its bytes. */
final class SubsystemChannel extends SshChannel {
  /** In bytes. The agent prints one line when it ends in error; more is not kept. */
  private static final int WORDS_LIMIT = 1024;

  private final StringBuilder words = new StringBuilder();
  private final String subsystem;
  private final User user;

  /** Who uses the subsystem. All calls on the event loop. */
  interface User {
    /** The subsystem runs. */
    void started();

    /** Valid during the call; the credit is given back after it. */
    void received(ByteBuffer bytes);

    void writable();

    /**
     * It was refused, or ended; the reason includes what the agent printed on stderr. Called at
     * most once, and last; not after a stop of our own.
     */
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
      user.ended(withWords(why));
    }
  }

  @Override
  protected void doWriteExtendedData(byte[] data, int offset, long length) {
    int kept = (int) Math.min(length, WORDS_LIMIT - words.length());
    words.append(new String(data, offset, kept, StandardCharsets.UTF_8));
    super.doWriteExtendedData(data, offset, length);
  }

  private String withWords(String why) {
    String clean = words.toString().replaceAll("\\p{Cntrl}+", " ").strip();
    return clean.isEmpty() ? why : why + ": " + clean;
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
    user.ended(withWords("the subsystem " + subsystem + " ended"));
  }

  @Override
  void writableAgain() {
    user.writable();
  }
}
