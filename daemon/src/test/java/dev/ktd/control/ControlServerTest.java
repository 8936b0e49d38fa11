package dev.ktd.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
final class ControlServerTest {
  @TempDir private Path directory;
  private final ScriptedHandler handler = new ScriptedHandler();
  private Path socket;
  private ControlServer server;
  private ControlClient client;

  @BeforeEach
  void start() {
    socket = directory.resolve("run/ktd.sock");
    server = ControlServer.start(socket, handler);
    client = new ControlClient(socket);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void upStreamsEventsInOrderAndReturnsTheLastText() {
    handler.up =
        events -> {
          events.accept(new Event.Progress("cluster", "dev", true, 12));
          events.accept(new Event.Warning("careful"));
          events.accept(new Event.Progress("proxy", "scheduled", false, 0));
          return "Connected in 1.9 s.";
        };
    List<Event> seen = new ArrayList<>();
    try (ControlClient.Call call = client.up(Samples.up())) {
      assertThat(call.await(seen::add)).isEqualTo("Connected in 1.9 s.");
    }
    assertThat(seen)
        .containsExactly(
            new Event.Progress("cluster", "dev", true, 12),
            new Event.Warning("careful"),
            new Event.Progress("proxy", "scheduled", false, 0));
    assertThat(handler.ups).containsExactly(Samples.up());
  }

  @Test
  void lastWordOfARequestArrivesThoughTheServerCloses() {
    handler.up =
        events -> {
          Thread.ofVirtual().start(server::close);
          try {
            new CountDownLatch(1).await();
          } catch (InterruptedException _) {
            throw new KtdException(ErrorCode.IMAGE, "no such image.", null);
          }
          return "not reached";
        };
    try (ControlClient.Call call = client.up(Samples.up())) {
      assertThatThrownBy(() -> call.await(event -> {}))
          .isInstanceOfSatisfying(
              KtdException.class, failed -> assertThat(failed.code()).isEqualTo(ErrorCode.IMAGE));
    }
  }

  @Test
  void eachEventArrivesBeforeTheNextIsMade() throws Exception {
    CountDownLatch first = new CountDownLatch(1);
    handler.down =
        events -> {
          events.accept(new Event.Progress("routes", "gone", true, 1));
          first.await();
          return "done";
        };
    try (ControlClient.Call call = client.down()) {
      assertThat(call.await(event -> first.countDown())).isEqualTo("done");
    }
  }

  @Test
  void failureIsTheLastEvent() {
    handler.up =
        events -> {
          throw new KtdException(ErrorCode.FORBIDDEN, "pods is forbidden", "ask");
        };
    try (ControlClient.Call call = client.up(Samples.up())) {
      assertThatThrownBy(() -> call.await(event -> {}))
          .isInstanceOfSatisfying(
              KtdException.class,
              failed -> {
                assertThat(failed.code()).isEqualTo(ErrorCode.FORBIDDEN);
                assertThat(failed).hasMessage("pods is forbidden");
                assertThat(failed.hint()).isEqualTo("ask");
              });
    }
  }

  @Test
  void defectIsAnInternalErrorThatNamesTheLog() {
    handler.down =
        events -> {
          throw new IllegalStateException("boom");
        };
    try (ControlClient.Call call = client.down()) {
      assertThatThrownBy(() -> call.await(event -> {}))
          .isInstanceOfSatisfying(
              KtdException.class,
              failed -> {
                assertThat(failed.code()).isEqualTo(ErrorCode.INTERNAL);
                assertThat(failed.hint()).contains("journalctl -u ktd");
              });
    }
  }

  @Test
  void statusComesBackAsItWas() {
    handler.report = Samples.report();
    assertThat(client.status()).isEqualTo(Samples.report());
  }

  @Test
  void statusIsAnsweredWhileUpRuns() throws Exception {
    handler.up = handler.untilInterrupted();
    try (ControlClient.Call call = client.up(Samples.up())) {
      handler.ups.take();
      assertThat(client.status().state()).isEqualTo("IDLE");
      call.cancel();
      assertThatThrownBy(() -> call.await(event -> {})).isInstanceOf(KtdException.class);
    }
  }

  @Test
  void cancelInterruptsTheHandlerAndStillShowsItsUndo() throws Exception {
    handler.up = handler.untilInterrupted();
    List<Event> seen = new ArrayList<>();
    try (ControlClient.Call call = client.up(Samples.up())) {
      handler.ups.take();
      call.cancel();
      assertThatThrownBy(() -> call.await(seen::add))
          .isInstanceOfSatisfying(
              KtdException.class,
              failed -> assertThat(failed.code()).isEqualTo(ErrorCode.INTERRUPTED));
    }
    assertThat(seen).contains(new Event.Progress("undo", "everything", true, 1));
  }

  @Test
  void clientThatGoesAwayInterruptsTheHandler() throws Exception {
    handler.up = handler.untilInterrupted();
    ControlClient.Call call = client.up(Samples.up());
    handler.ups.take();
    call.close();
    assertThat(handler.interrupted.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void closingTheServerInterruptsAndAnswers() throws Exception {
    handler.up = handler.untilInterrupted();
    try (ControlClient.Call call = client.up(Samples.up())) {
      handler.ups.take();
      server.close();
      assertThatThrownBy(() -> call.await(event -> {}))
          .isInstanceOfSatisfying(
              KtdException.class,
              failed -> assertThat(failed.code()).isEqualTo(ErrorCode.INTERRUPTED));
    }
    assertThat(socket).doesNotExist();
  }

  @Test
  void invalidFieldIsRefusedBeforeTheHandlerSeesIt() {
    Request.Up wrong = Samples.up(List.of("10.0.0.0/33"), 2);
    try (ControlClient.Call call = client.up(wrong)) {
      assertThatThrownBy(() -> call.await(event -> {}))
          .isInstanceOfSatisfying(
              KtdException.class, failed -> assertThat(failed.code()).isEqualTo(ErrorCode.USAGE))
          .hasMessageContaining("--cidr 10.0.0.0/33");
    }
    assertThat(handler.ups).isEmpty();
  }

  @Test
  void invalidJsonIsRefused() throws IOException {
    assertThat(raw(post("/v1/up", "{\"caller\":")))
        .startsWith("HTTP/1.1 400 ")
        .contains("\"event\":\"failed\"", "\"code\":\"USAGE\"", "\"exitStatus\":2");
  }

  @Test
  void unknownKeyIsRefusedRatherThanIgnored() throws IOException {
    assertThat(raw(post("/v1/up", "{\"agentless\":true}")))
        .startsWith("HTTP/1.1 400 ")
        .contains("agentless");
  }

  @Test
  void emptyBodyIsRefused() throws IOException {
    assertThat(raw(post("/v1/up", ""))).startsWith("HTTP/1.1 400 ");
    assertThat(raw(post("/v1/up", "null"))).startsWith("HTTP/1.1 400 ");
  }

  @Test
  void oversizedBodyIsRefused() throws IOException {
    assertThat(raw(post("/v1/up", " ".repeat(64 * 1024 + 1))))
        .startsWith("HTTP/1.1 413 ")
        .contains("larger than 65536 bytes");
    assertThat(raw(post("/v1/up", " ".repeat(8 * 1024 * 1024)))).startsWith("HTTP/1.1 413 ");
  }

  @Test
  void unknownPathAndWrongMethodAreRefused() throws IOException {
    assertThat(raw(post("/v1/swap", ""))).startsWith("HTTP/1.1 404 ").contains("/v1/swap");
    assertThat(raw(post("/v1/status", ""))).startsWith("HTTP/1.1 405 ");
    assertThat(raw("GET /v1/up HTTP/1.1\r\nHost: ktd\r\n\r\n")).startsWith("HTTP/1.1 405 ");
    assertThat(raw("GET /v1/down HTTP/1.1\r\nHost: ktd\r\n\r\n")).startsWith("HTTP/1.1 405 ");
  }

  @Test
  void nonsenseInsteadOfHttpIsRefused() throws IOException {
    assertThat(raw("\0\1\2 what is this\r\n\r\n")).startsWith("HTTP/1.1 400 ");
    assertThat(raw("GET /" + "x".repeat(100_000) + " HTTP/1.1\r\n\r\n"))
        .startsWith("HTTP/1.1 400 ");
  }

  @Test
  void halfARequestEndsWithItsConnection() throws IOException {
    try (SocketChannel channel = connect()) {
      write(channel, "POST /v1/up HTTP/1.1\r\nContent-Length: 10\r\n\r\n{}");
      channel.shutdownOutput();
      assertThat(channel.read(ByteBuffer.allocate(1))).isEqualTo(-1);
    }
    assertThat(handler.ups).isEmpty();
  }

  @Test
  void progressIsDroppedForAClientThatDoesNotRead() throws Exception {
    CountDownLatch sent = new CountDownLatch(1);
    handler.down =
        events -> {
          Event progress = new Event.Progress("proxy", "x".repeat(1000), false, 0);
          for (int i = 0; i < 100_000; i++) {
            events.accept(progress);
          }
          sent.countDown();
          return "done";
        };
    try (ControlClient.Call call = client.down()) {
      assertThat(sent.await(20, TimeUnit.SECONDS)).isTrue();
      assertThat(call.await(event -> {})).isEqualTo("done");
    }
  }

  @Test
  void socketIsNotForOthers() throws IOException {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
        .isIn("rw-------", "rw-rw----");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket.getParent())))
        .isEqualTo("rwxr-xr-x");
  }

  @Test
  void livingDaemonIsAConflict() {
    assertThatThrownBy(() -> ControlServer.start(socket, handler))
        .isInstanceOfSatisfying(
            KtdException.class, failed -> assertThat(failed.code()).isEqualTo(ErrorCode.CONFLICT));
    assertThat(client.status().state()).isEqualTo("IDLE");
  }

  @Test
  void livingSocketWithoutLockIsAConflictToo() throws IOException {
    Path other = directory.resolve("other.sock");
    try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      listener.bind(UnixDomainSocketAddress.of(other));
      assertThatThrownBy(() -> ControlServer.start(other, handler))
          .isInstanceOfSatisfying(
              KtdException.class,
              failed -> assertThat(failed.code()).isEqualTo(ErrorCode.CONFLICT));
    }
  }

  @Test
  void staleSocketIsReplaced() throws IOException {
    Path stale = directory.resolve("stale.sock");
    try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      dead.bind(UnixDomainSocketAddress.of(stale)); // the JDK leaves the file behind
    }
    assertThat(stale).exists();
    try (ControlServer _ = ControlServer.start(stale, handler)) {
      assertThat(new ControlClient(stale).status().state()).isEqualTo("IDLE");
    }
    assertThat(stale).doesNotExist();
  }

  @Test
  void fileInTheWayIsNotRemoved() throws IOException {
    Path file = Files.writeString(directory.resolve("file.sock"), "precious");
    assertThatThrownBy(() -> ControlServer.start(file, handler))
        .isInstanceOfSatisfying(
            KtdException.class, failed -> assertThat(failed.code()).isEqualTo(ErrorCode.STATE));
    assertThat(file).hasContent("precious");
  }

  @Test
  void unwritableDirectoryIsToldWithAHint() throws IOException {
    Path file = Files.createFile(directory.resolve("file"));
    assertThatThrownBy(() -> ControlServer.start(file.resolve("ktd.sock"), handler))
        .isInstanceOfSatisfying(
            KtdException.class,
            failed -> {
              assertThat(failed.code()).isEqualTo(ErrorCode.STATE);
              assertThat(failed.hint()).contains("sudo ktd up");
            });
    assertThatThrownBy(() -> ControlServer.start(Path.of("/proc/ktd/ktd.sock"), handler))
        .isInstanceOfSatisfying(
            KtdException.class, failed -> assertThat(failed.code()).isEqualTo(ErrorCode.STATE));
  }

  @Test
  void directoryThatEverybodyMayWriteIsRefused() throws IOException {
    Path open = Files.createDirectory(directory.resolve("open"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
    assertThatThrownBy(() -> ControlServer.start(open.resolve("ktd.sock"), handler))
        .hasMessageContaining("everybody may write");
  }

  @Test
  void pathTooLongForASocketIsToldAsSuch() {
    assertThatThrownBy(() -> ControlServer.start(directory.resolve("x".repeat(200)), handler))
        .isInstanceOfSatisfying(
            KtdException.class, failed -> assertThat(failed.code()).isEqualTo(ErrorCode.STATE));
  }

  @Test
  void serverCanBeStartedAgainAfterClose() {
    server.close();
    server.close();
    server = ControlServer.start(socket, handler);
    assertThat(client.isRunning()).isTrue();
  }

  private static String post(String path, String body) {
    return "POST %s HTTP/1.1\r\nHost: ktd\r\nContent-Length: %d\r\n\r\n%s"
        .formatted(path, body.length(), body);
  }

  private SocketChannel connect() throws IOException {
    return SocketChannel.open(UnixDomainSocketAddress.of(socket));
  }

  private static void write(SocketChannel channel, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /** Sends bytes as they are; what comes back until the server closes. */
  private String raw(String request) throws IOException {
    try (SocketChannel channel = connect()) {
      try {
        write(channel, request);
      } catch (IOException _) {
        // The server answers and closes without having read everything.
      }
      StringBuilder answer = new StringBuilder();
      try (var reader = Channels.newReader(channel, StandardCharsets.UTF_8)) {
        for (int next = reader.read(); next >= 0; next = reader.read()) {
          answer.append((char) next);
        }
      } catch (IOException _) {
        // Reset after the answer, for the same reason.
      }
      return answer.toString();
    }
  }
}
