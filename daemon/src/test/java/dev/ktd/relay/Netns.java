package dev.ktd.relay;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Native;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/**
 * A network namespace for one test. {@link #inside} runs code on a thread of its own that has
 * entered it: its sockets, and the programs it starts, are inside.
 */
final class Netns implements AutoCloseable {
  private static final int CLONE_NEWNET = 0x40000000;
  private static final int O_CLOEXEC = 0x80000;

  private final String name = "ktd-relay-" + ProcessHandle.current().pid();

  /** setns(2) works on the calling thread. */
  interface Namespaces extends Library {
    int open(String path, int flags, Object... mode) throws LastErrorException;

    int setns(int descriptor, int type) throws LastErrorException;

    int close(int descriptor) throws LastErrorException;
  }

  Netns() throws Exception {
    assumeTrue(System.getProperty("user.name").equals("root"), "needs root");
    assumeTrue(Files.exists(Path.of("/dev/net/tun")), "needs /dev/net/tun");
    run("ip", "netns", "add", name);
  }

  /** Runs a program where the calling thread is; gives its output, and its status if not 0. */
  static String run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int status = process.onExit().orTimeout(60, TimeUnit.SECONDS).join().exitValue();
    return status == 0 ? output : output + "exit " + status + "\n";
  }

  <T> T inside(Callable<T> work) throws Exception {
    var task =
        new FutureTask<T>(
            () -> {
              Namespaces libc = Native.load("c", Namespaces.class);
              int descriptor = libc.open("/run/netns/" + name, O_CLOEXEC);
              libc.setns(descriptor, CLONE_NEWNET);
              libc.close(descriptor);
              return work.call();
            });
    Thread.ofPlatform().name(name).start(task).join();
    return task.get();
  }

  @Override
  public void close() throws IOException {
    run("ip", "netns", "delete", name);
  }
}
