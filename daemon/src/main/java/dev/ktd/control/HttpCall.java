package dev.ktd.control;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/1.1 exchange with {@code Connection: close}: the answer's body ends with the connection
 * (RFC 9112, 6.3), so neither lengths nor chunks are needed. Any server that chunks is not ours.
 */
final class HttpCall implements ControlClient.Call {
  private static final int MAX_LINE = 1024 * 1024;
  private static final int MAX_HEADERS = 64;

  private final SocketChannel channel;
  private final InputStream input;
  private boolean headRead;

  /** Sends the request; owns {@code channel} from now on. */
  HttpCall(SocketChannel channel, String method, String path, byte[] body) {
    this.channel = channel;
    this.input = new BufferedInputStream(Channels.newInputStream(channel));
    String head =
        method
            + " "
            + path
            + " HTTP/1.1\r\nHost: ktd\r\nContent-Type: application/json\r\nContent-Length: "
            + body.length
            + "\r\nConnection: close\r\n\r\n";
    try {
      byte[] start = head.getBytes(StandardCharsets.US_ASCII);
      ByteBuffer message = ByteBuffer.allocate(start.length + body.length).put(start).put(body);
      message.flip();
      while (message.hasRemaining()) {
        channel.write(message);
      }
    } catch (IOException _) {
      // The daemon may have answered and closed before it read all: the answer says why.
    }
  }

  @Override
  public String await(Consumer<Event> events) {
    try {
      readHead();
      String line = readLine();
      while (line != null) {
        switch (ControlJson.readEvent(line)) {
          case Event.Finished finished -> {
            return finished.text();
          }
          case Event.Failed failed -> throw failed.toException();
          case Event.Progress progress -> events.accept(progress);
          case Event.Warning warning -> events.accept(warning);
        }
        line = readLine();
      }
      throw gone(null);
    } catch (IOException failed) {
      throw gone(failed);
    }
  }

  /** The whole body of an answer that is one object. */
  String body() {
    try {
      readHead();
      String line = readLine();
      if (line == null) {
        throw gone(null);
      }
      return line;
    } catch (IOException failed) {
      throw gone(failed);
    }
  }

  private void readHead() throws IOException {
    if (headRead) {
      return;
    }
    headRead = true;
    String status = readLine();
    if (status == null) {
      // The head comes before the work, so the request was not taken.
      throw new KtdException(
          ErrorCode.NOT_CONNECTED, "not connected: the ktd daemon is ending.", "Try again.");
    }
    if (!status.startsWith("HTTP/1.1 ")) {
      throw gone(null);
    }
    String header = readLine();
    for (int count = 0; header != null && !header.isEmpty(); count++) {
      if (count == MAX_HEADERS) {
        throw gone(null);
      }
      header = readLine();
    }
    if (!status.startsWith("HTTP/1.1 200 ")) {
      String body = readLine();
      if (body != null && ControlJson.readEvent(body) instanceof Event.Failed failed) {
        throw failed.toException();
      }
      throw gone(null);
    }
  }

  /** The next line without its end, or null at the end of the answer. */
  private @Nullable String readLine() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream(256);
    int next = input.read();
    while (next >= 0 && next != '\n') {
      if (line.size() == MAX_LINE) {
        throw new IOException("a line of the answer is longer than " + MAX_LINE + " bytes");
      }
      line.write(next);
      next = input.read();
    }
    if (next < 0) {
      return null; // half a line is the last breath of a dying daemon
    }
    String text = line.toString(StandardCharsets.UTF_8);
    return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
  }

  private static KtdException gone(@Nullable IOException cause) {
    return new KtdException(
        ErrorCode.INTERNAL,
        "the ktd daemon went away before it had answered.",
        "Read its log:  sudo tail -n 50 /var/log/ktd/daemon.log   or:  journalctl -u ktd\n"
            + "Then undo what it left:  sudo ktd recover",
        cause);
  }

  @Override
  public void cancel() {
    try {
      channel.shutdownOutput();
    } catch (IOException _) {
      // Already closed: there is nothing left to stop.
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException _) {
      // The kernel frees it with the process.
    }
  }
}
