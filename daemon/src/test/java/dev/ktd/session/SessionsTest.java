package dev.ktd.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ktd.control.Request;
import dev.ktd.control.StatusReport;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.CommandRunner;
import dev.ktd.os.fake.FakeHost;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The order of up, down and the daemon's end, as far as no cluster is needed. */
@Timeout(60)
final class SessionsTest {
  private final FakeHost host = new FakeHost();
  private final AtomicInteger idle = new AtomicInteger();
  private final Sessions sessions = new Sessions(host, idle::incrementAndGet);
  private final CountDownLatch reading = new CountDownLatch(1);

  private static Request.Up request() {
    return new Request.Up(
        new Request.Caller(1000, 1000, "ana", "/home/ana", "/usr/bin", null),
        List.of("/home/ana/.kube/config"),
        null,
        null,
        List.of(),
        List.of(),
        List.of(),
        2,
        null,
        null,
        60,
        60);
  }

  private String up() {
    return sessions.up(request(), _ -> {});
  }

  private static void assertFails(ErrorCode code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            KtdException.class, told -> assertThat(told.code()).isEqualTo(code));
  }

  /** Reading the kubeconfig takes until it is interrupted, as LinuxCommands reports it. */
  private void readForever() {
    host.programs(
        _ -> {
          reading.countDown();
          try {
            new CountDownLatch(1).await();
            throw new AssertionError("nobody opens that latch");
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KtdException(ErrorCode.INTERRUPTED, "cat was interrupted", null, e);
          }
        });
  }

  private FutureTask<String> upThatReadsForever() throws InterruptedException {
    readForever();
    FutureTask<String> up = new FutureTask<>(this::up);
    Thread.ofVirtual().start(up);
    reading.await();
    return up;
  }

  private static ErrorCode failureOf(FutureTask<String> up) throws Exception {
    try {
      throw new AssertionError("connected: " + up.get(30, TimeUnit.SECONDS));
    } catch (ExecutionException e) {
      if (e.getCause() instanceof KtdException told) {
        return told.code();
      }
      throw e;
    }
  }

  @Test
  void missingKubeconfigEndsWith3AndLeavesNothing() {
    host.programs(_ -> new CommandRunner.Result(1, "", "cat: config: No such file or directory\n"));
    assertFails(ErrorCode.KUBECONFIG, this::up);
    assertThat(ErrorCode.KUBECONFIG.exitStatus()).isEqualTo(3);
    assertThat(host.state()).isEmpty();
    assertThat(host.log()).containsExactly("run as ana cat -- /home/ana/.kube/config");
    assertThat(sessions.status()).isEqualTo(StatusReport.idle());
    assertThat(idle).hasValue(1);
  }

  @Test
  void downWithoutSessionSaysSo() {
    assertFails(ErrorCode.NOT_CONNECTED, () -> sessions.down(_ -> {}));
    assertThat(idle).hasValue(0);
  }

  @Test
  void statusWithoutSessionIsIdle() {
    assertThat(sessions.status().state()).isEqualTo("IDLE");
  }

  @Test
  void secondUpWhileConnectingConflictsAndLeavesTheFirstAlone() throws Exception {
    FutureTask<String> first = upThatReadsForever();
    assertThat(sessions.status().state()).isEqualTo("CONNECTING");
    assertFails(ErrorCode.CONFLICT, this::up);
    assertThat(first.isDone()).isFalse();
    sessions.down(_ -> {});
  }

  @Test
  void downWhileConnectingEndsItAndSaysSo() throws Exception {
    FutureTask<String> up = upThatReadsForever();
    assertThat(sessions.down(_ -> {})).startsWith("Disconnected");
    assertThat(failureOf(up)).isEqualTo(ErrorCode.INTERRUPTED);
    assertThat(sessions.status()).isEqualTo(StatusReport.idle());
    assertThat(host.state()).isEmpty();
    assertThat(idle).as("told once").hasValue(1);
  }

  @Test
  void interruptIsToldAsSuchEvenWhenAStepMakesAnErrorOfItsOwnOfIt() throws Exception {
    readForever();
    FutureTask<String> up = new FutureTask<>(this::up);
    Thread connecting = Thread.ofVirtual().start(up);
    reading.await();
    connecting.interrupt(); // the client went away; the kubeconfig then "cannot be read"
    assertThat(failureOf(up)).isEqualTo(ErrorCode.INTERRUPTED);
  }

  @Test
  void endOfTheDaemonEndsAConnectAndAllowsNoOther() throws Exception {
    FutureTask<String> up = upThatReadsForever();
    sessions.close();
    assertThat(failureOf(up)).isEqualTo(ErrorCode.INTERRUPTED);
    assertFails(ErrorCode.NOT_CONNECTED, this::up);
  }

  @Test
  void anErrorWhileConnectingMakesRoomForTheNext() throws Exception {
    host.programs(
        _ -> {
          throw new NoClassDefFoundError("dev/ktd/Gone");
        });
    assertFails(ErrorCode.INTERNAL, this::up);
    assertFails(ErrorCode.INTERNAL, this::up);
    assertThat(idle).hasValue(2);
    sessions.close(); // does not wait for the dead
  }
}
