package dev.ktd.testbed;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/**
 * A command under way, its output captured as it comes. Close it to end it: first SIGTERM, then,
 * after {@link #GRACE}, SIGKILL, to it and to what it started. Safe for use by many threads.
 */
public final class Running implements AutoCloseable {
  /** At most so many bytes are kept of each stream; what comes after them is read and dropped. */
  public static final int CAPTURE_LIMIT = 16 << 20;

  /** What {@link #close} waits between SIGTERM and SIGKILL. */
  public static final Duration GRACE = Duration.ofSeconds(10);

  private final String command;
  private final Process process;
  private final Capture output;
  private final Capture errors;
  private final long started = System.nanoTime();

  Running(String command, Process process) {
    this.command = command;
    this.process = process;
    this.output = new Capture(process.getInputStream());
    this.errors = new Capture(process.getErrorStream());
  }

  public long pid() {
    return process.pid();
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /** Standard output so far. */
  public String output() {
    return output.text();
  }

  /** Standard error so far. */
  public String errors() {
    return errors.text();
  }

  /** Waits for the end; after the limit the command is killed. */
  public Result await(Duration limit) {
    boolean ended = waitFor(limit);
    if (!ended) {
      killAll();
      waitFor(GRACE);
    }
    // A grandchild may hold the pipes open beyond the command's end: the streams get a moment only.
    output.finish();
    errors.finish();
    int status = ended ? process.exitValue() : Result.TIMED_OUT;
    return new Result(
        command, status, output(), errors(), Duration.ofNanos(System.nanoTime() - started));
  }

  /**
   * Waits until what was written to either stream satisfies the condition.
   *
   * @throws AssertionError if the command ends, or the limit passes, before it does
   */
  public void awaitOutput(Duration limit, Predicate<String> condition) {
    long deadline = System.nanoTime() + limit.toNanos();
    BooleanSupplier holds = () -> condition.test(output() + errors());
    while (!holds.getAsBoolean()) {
      boolean ended = waitFor(Duration.ofMillis(20));
      if (ended) {
        output.finish();
        errors.finish();
      }
      if ((ended || System.nanoTime() > deadline) && !holds.getAsBoolean()) {
        throw new AssertionError(
            (ended ? "ended" : "still runs after " + limit)
                + " without the expected output: "
                + await(Duration.ZERO));
      }
    }
  }

  /** Sends a signal by its name, such as INT or HUP, to the command itself. */
  public void signal(String name) {
    try {
      int status =
          new ProcessBuilder("kill", "-s", name, Long.toString(pid()))
              .inheritIO()
              .start()
              .waitFor();
      if (status != 0 && isAlive()) {
        throw new IllegalStateException("cannot send SIG" + name + " to " + command);
      }
    } catch (IOException e) {
      throw new IllegalStateException("cannot send SIG" + name + " to " + command, e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  @Override
  public void close() {
    if (isAlive()) {
      process.descendants().forEach(ProcessHandle::destroy);
      process.destroy();
      if (!waitFor(GRACE)) {
        killAll();
        waitFor(GRACE);
      }
    }
  }

  private void killAll() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }

  private boolean waitFor(Duration limit) {
    try {
      return process.waitFor(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      killAll();
      throw interrupted(e);
    }
  }

  private IllegalStateException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new IllegalStateException("interrupted while " + command + " ran", e);
  }

  /**
   * One stream, read by a thread of its own so that the command never blocks on it. No virtual one:
   * a read of a pipe blocks the thread below it, of which there are as many as cores.
   */
  private static final class Capture {
    private final java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream();
    private final Thread reader;

    Capture(InputStream stream) {
      reader = Thread.ofPlatform().daemon().start(() -> read(stream));
    }

    private void read(InputStream stream) {
      byte[] block = new byte[8192];
      try (stream) {
        for (int count = stream.read(block); count >= 0; count = stream.read(block)) {
          append(block, count);
        }
      } catch (IOException e) {
        append(("\n(" + e + ")\n").getBytes(StandardCharsets.UTF_8));
      }
    }

    private void append(byte[] block) {
      append(block, block.length);
    }

    private synchronized void append(byte[] block, int count) {
      bytes.write(block, 0, Math.min(count, CAPTURE_LIMIT - Math.min(CAPTURE_LIMIT, bytes.size())));
    }

    synchronized String text() {
      return bytes.toString(StandardCharsets.UTF_8);
    }

    void finish() {
      try {
        reader.join(Duration.ofSeconds(2));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
