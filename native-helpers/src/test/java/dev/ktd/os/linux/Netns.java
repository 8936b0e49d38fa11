package dev.ktd.os.linux;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Native;
import dev.ktd.os.CommandRunner;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;

/**
 * A network namespace for one test. {@link #inside} runs code on a thread of its own that has
 * entered it, with its own mounts; programs started from there are inside too.
 */
final class Netns implements AutoCloseable {
  private static final int CLONE_NEWNS = 0x20000;
  private static final int CLONE_NEWNET = 0x40000000;

  private final CommandRunner commands = new LinuxCommands();
  private final String name = "ktd-os-" + ProcessHandle.current().pid();

  /** setns(2) and unshare(2) work on the calling thread. */
  interface Namespaces extends Library {
    int setns(int descriptor, int type) throws LastErrorException;

    int unshare(int flags) throws LastErrorException;
  }

  Netns() {
    assumeTrue(System.getProperty("user.name").equals("root"), "needs root");
    assumeTrue(Files.exists(Path.of("/dev/net/tun")), "needs /dev/net/tun");
    host("ip", "netns", "add", name);
  }

  void host(String... command) {
    CommandRunner.Result result = commands.run(List.of(command), "", Duration.ofSeconds(20));
    if (result.exitStatus() != 0) {
      throw new IllegalStateException(List.of(command) + ": " + result.errors());
    }
  }

  /** Runs a command from inside and gives its output; from a thread that is inside. */
  String run(String... command) {
    CommandRunner.Result result = commands.run(List.of(command), "", Duration.ofSeconds(20));
    if (result.exitStatus() != 0) {
      throw new IllegalStateException(List.of(command) + ": " + result.errors());
    }
    return result.output();
  }

  <T> T inside(Callable<T> work) throws Exception {
    var task =
        new FutureTask<T>(
            () -> {
              enter();
              return work.call();
            });
    Thread thread = Thread.ofPlatform().name(name).start(task);
    thread.join();
    return task.get();
  }

  private void enter() {
    LibC libc = LibC.load();
    Namespaces namespaces = Native.load("c", Namespaces.class);
    int descriptor = libc.open("/run/netns/" + name, LibC.O_CLOEXEC);
    namespaces.setns(descriptor, CLONE_NEWNET);
    libc.close(descriptor);
    namespaces.unshare(CLONE_NEWNS);
    run("mount", "--make-rprivate", "/");
  }

  @Override
  public void close() {
    host("ip", "netns", "delete", name);
  }
}
