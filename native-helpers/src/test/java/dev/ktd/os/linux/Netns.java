package dev.ktd.os.linux;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import dev.ktd.os.CommandRunner;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * A network namespace for one test, ktd-PURPOSE-PID. {@link #inside} runs code on a thread of its
 * own that has entered it, with its own mounts: its sockets, and the programs it starts, are
 * inside. Needs root. See network_namespaces(7).
 */
public final class Netns implements AutoCloseable {
  private static final int CLONE_NEWNS = 0x20000;
  private static final int CLONE_NEWNET = 0x40000000;
  private static final long MS_REC_AND_PRIVATE = 0x4000 | 1 << 18;
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final String name;

  /** setns(2), unshare(2) and so mount(2) work on the calling thread. */
  private interface Namespaces extends Library {
    int setns(int descriptor, int type) throws LastErrorException;

    int unshare(int flags) throws LastErrorException;

    int mount(
        String source, String target, @Nullable String type, long flags, @Nullable Pointer data)
        throws LastErrorException;
  }

  private Netns(String name) {
    this.name = name;
  }

  /**
   * Makes a namespace. What killed processes left for the same purpose is deleted.
   *
   * @param purpose a short word, part of the name; one namespace of a process for each
   * @throws IllegalStateException if ip(8) fails, e.g. without root
   */
  public static Netns create(String purpose) {
    String prefix = "ktd-" + purpose + "-";
    run("ip", "netns", "list")
        .lines()
        .map(line -> line.split(" ", 2)[0])
        .filter(name -> name.matches(prefix + "\\d+"))
        .filter(name -> !Files.exists(Path.of("/proc", name.substring(prefix.length()))))
        .forEach(name -> attempt("ip", "netns", "delete", name));
    String name = prefix + ProcessHandle.current().pid();
    run("ip", "netns", "add", name);
    return new Netns(name);
  }

  /** As {@link #create}; skips the calling JUnit test where it cannot be done. */
  public static Netns forTest(String purpose) {
    assumeTrue(System.getProperty("user.name").equals("root"), "needs root");
    assumeTrue(Files.exists(Path.of("/dev/net/tun")), "needs /dev/net/tun");
    return create(purpose);
  }

  /** As {@code ip netns} shows it. */
  public String name() {
    return name;
  }

  /** Runs the work on a thread that is inside, and waits for it. */
  public <T> T inside(Callable<T> work) throws Exception {
    var task =
        new FutureTask<T>(
            () -> {
              enter();
              return work.call();
            });
    Thread.ofPlatform().name(name).start(task).join();
    return task.get();
  }

  private void enter() {
    LibC libc = LibC.load();
    Namespaces namespaces = Native.load("c", Namespaces.class);
    int descriptor = libc.open("/run/netns/" + name, LibC.O_CLOEXEC);
    namespaces.setns(descriptor, CLONE_NEWNET);
    libc.close(descriptor);
    namespaces.unshare(CLONE_NEWNS);
    namespaces.mount("none", "/", null, MS_REC_AND_PRIVATE, null);
  }

  /** Runs a program where the calling thread is, and gives what it prints; it must succeed. */
  public static String run(String... command) {
    CommandRunner.Result result = new LinuxCommands().run(List.of(command), "", PATIENCE);
    if (result.exitStatus() != 0) {
      throw new IllegalStateException(List.of(command) + ": " + result.errors());
    }
    return result.output();
  }

  /** Runs a program where the calling thread is; it may fail. */
  public static CommandRunner.Result attempt(String... command) {
    return new LinuxCommands().run(List.of(command), "", PATIENCE);
  }

  /** Deletes it; devices in it go with it, once nobody holds them. */
  @Override
  public void close() {
    run("ip", "netns", "delete", name);
  }
}
