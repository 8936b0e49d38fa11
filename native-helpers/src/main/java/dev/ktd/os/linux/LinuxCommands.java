package dev.ktd.os.linux;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.CommandRunner;
import dev.ktd.os.Person;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;

/** Runs programs by their absolute path, without a shell. */
final class LinuxCommands implements CommandRunner {
  /** Where the daemon's own programs are looked for, whatever PATH it was started with. */
  private static final List<String> PROGRAMS =
      List.of(
          "/usr/sbin",
          "/usr/bin",
          "/sbin",
          "/bin",
          "/usr/local/sbin",
          "/usr/local/bin",
          "/run/current-system/sw/bin");

  private static final int MAX_OUTPUT = 4 << 20;

  /**
   * Takes the environment from the head of its input, up to an empty line, and becomes the command.
   * read(1) takes no byte more than its line, so the command finds its own input behind it.
   */
  private static final String WITH_ENVIRONMENT =
      """
      ktd_newline='
      '
      while IFS= read -r ktd_line && [ -n "$ktd_line" ]; do eval "$ktd_line"; done
      unset ktd_newline ktd_line
      exec "$@"
      """;

  private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  @Override
  public Result run(List<String> command, String input, Duration limit) {
    List<String> resolved = new ArrayList<>(command);
    resolved.set(0, program(command.getFirst()));
    // LC_ALL: some answers are matched against English words.
    return start(
        resolved,
        Map.of("PATH", String.join(":", PROGRAMS), "LC_ALL", "C"),
        input,
        resolved.getFirst(),
        limit);
  }

  /**
   * As the person, through setpriv(1). Its {@code --no-new-privs} is left out on purpose:
   * credential plug-ins may call set-user-id programs, as they may in the person's own shell, and
   * the person gains nothing here that the shell does not give.
   *
   * <p>setpriv itself starts as root, so it gets nothing of the person's environment: LD_PRELOAD of
   * a kubeconfig would run in it with root's rights. Nor do values go through arguments, which all
   * users can read: a shell that is the person's already takes them from its input.
   */
  @Override
  public Result runAs(
      Person person,
      List<String> command,
      Map<String, String> environment,
      String input,
      Duration limit) {
    Map<String, String> variables = new LinkedHashMap<>(environment);
    variables.put("HOME", person.home());
    variables.put("USER", person.name());
    variables.put("LOGNAME", person.name());
    variables.put("PATH", person.path());
    List<String> whole = new ArrayList<>();
    if (person.uid() != 0) {
      whole.addAll(
          List.of(
              program("setpriv"),
              "--reuid=" + person.uid(),
              "--regid=" + person.gid(),
              "--init-groups",
              "--inh-caps=-all",
              "--"));
    }
    whole.addAll(List.of("/bin/sh", "-c", WITH_ENVIRONMENT, "ktd"));
    whole.addAll(command);
    return start(
        whole,
        Map.of("PATH", String.join(":", PROGRAMS)),
        exports(variables) + "\n" + input,
        command.getFirst(),
        limit);
  }

  /** One line of sh(1) for each variable. */
  private static String exports(Map<String, String> variables) {
    var lines = new StringBuilder();
    variables.forEach(
        (name, value) -> {
          if (!VARIABLE.matcher(name).matches() || value.indexOf('\0') >= 0) {
            throw new KtdException(
                ErrorCode.CREDENTIALS,
                "the environment variable \"" + name + "\" cannot be set: no name or no text",
                "Correct the kubeconfig.");
          }
          String quoted = value.replace("'", "'\\''").replace("\n", "'\"$ktd_newline\"'");
          lines.append("export ").append(name).append("='").append(quoted).append("'\n");
        });
    return lines.toString();
  }

  private static String program(String name) {
    if (name.startsWith("/")) {
      return name;
    }
    return PROGRAMS.stream()
        .map(directory -> Path.of(directory, name))
        .filter(Files::isExecutable)
        .findFirst()
        .map(Path::toString)
        .orElseThrow(
            () ->
                new KtdException(
                    ErrorCode.INTERNAL,
                    "the program " + name + " is not installed (looked in " + PROGRAMS + ")",
                    packageOf(name)));
  }

  private static String packageOf(String name) {
    return switch (name) {
      case "ip" -> "Install iproute2, e.g.  sudo apt install iproute2";
      case "setpriv" -> "Install util-linux, e.g.  sudo apt install util-linux";
      default -> "Install " + name + ".";
    };
  }

  /**
   * @param name of the program that is meant, for messages: arguments may hold secrets
   */
  private static Result start(
      List<String> command,
      Map<String, String> environment,
      String input,
      String name,
      Duration limit) {
    var builder = new ProcessBuilder(command);
    builder.directory(Path.of("/").toFile());
    builder.environment().clear();
    builder.environment().putAll(environment);
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new KtdException(
          ErrorCode.INTERNAL, "cannot start " + name + ": " + e.getMessage(), null, e);
    }
    try {
      return await(process, name, input, limit);
    } finally {
      // Also what it started and left behind: it holds our pipes.
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private static Result await(Process process, String name, String input, Duration limit) {
    long deadline = System.nanoTime() + limit.toNanos();
    CompletableFuture<String> output = reading(process.getInputStream());
    CompletableFuture<String> errors = reading(process.getErrorStream());
    writing(process.getOutputStream(), input);
    try {
      String out = output.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
      String err = errors.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (!process.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
        throw new TimeoutException();
      }
      return new Result(process.exitValue(), out, err);
    } catch (TimeoutException e) {
      throw new KtdException(
          ErrorCode.TIMEOUT, name + " did not finish within " + limit.toMillis() + " ms", null, e);
    } catch (ExecutionException e) {
      throw new KtdException(
          ErrorCode.INTERNAL, "cannot read the output of " + name + ": " + e.getCause(), null, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new KtdException(ErrorCode.INTERRUPTED, name + " was interrupted", null, e);
    }
  }

  private static CompletableFuture<String> reading(InputStream stream) {
    var text = new CompletableFuture<String>();
    onThreadOfItsOwn(
        "ktd-pipe-read",
        () -> {
          try (stream) {
            byte[] bytes = stream.readNBytes(MAX_OUTPUT + 1);
            if (bytes.length > MAX_OUTPUT) {
              throw new IOException("more than " + MAX_OUTPUT + " bytes");
            }
            text.complete(new String(bytes, UTF_8));
          } catch (IOException e) {
            text.completeExceptionally(e);
          }
        });
    return text;
  }

  private static void writing(OutputStream stream, String input) {
    onThreadOfItsOwn(
        "ktd-pipe-write",
        () -> {
          try (stream) {
            stream.write(input.getBytes(UTF_8));
          } catch (IOException _) {
            // It did not want to read it: its exit status tells.
          }
        });
  }

  /**
   * A platform thread: a read of a pipe blocks the thread below a virtual one. The scheduler has as
   * many of these as cores; it adds others for those that block, but they end when they had nothing
   * to do (seen with JDK 25: after 20 s they were there, after 65 s not). From then on two programs
   * that hang would stop all virtual threads of a machine with two cores.
   */
  private static void onThreadOfItsOwn(String name, Runnable work) {
    Thread.ofPlatform().daemon().name(name).start(work);
  }
}
