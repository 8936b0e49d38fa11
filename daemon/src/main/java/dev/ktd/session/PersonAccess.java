package dev.ktd.session;

import dev.ktd.control.Request;
import dev.ktd.error.KtdException;
import dev.ktd.k8s.FileSource;
import dev.ktd.k8s.PluginRunner;
import dev.ktd.k8s.ProxyVariables;
import dev.ktd.os.CommandRunner;
import dev.ktd.os.Person;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads files and runs credential plug-ins with the rights of the person, never with root's: a
 * kubeconfig may name any file and any program (docs/adr/0004).
 */
final class PersonAccess implements FileSource, PluginRunner {
  private static final Duration FILE_LIMIT = Duration.ofSeconds(10);

  private final CommandRunner commands;
  private final Person person;
  private final ProxyVariables proxies;

  PersonAccess(CommandRunner commands, Person person, ProxyVariables proxies) {
    this.commands = commands;
    this.person = person;
    this.proxies = proxies;
  }

  /** As the caller's command line has them. */
  static PersonAccess of(CommandRunner commands, Request.Caller caller) {
    Request.Proxies told = caller.proxies();
    return new PersonAccess(
        commands,
        new Person(caller.uid(), caller.gid(), caller.name(), caller.home(), caller.path()),
        told == null
            ? ProxyVariables.NONE
            : new ProxyVariables(told.https(), told.http(), told.none()));
  }

  /** The person's variables about HTTP proxies. */
  ProxyVariables proxies() {
    return proxies;
  }

  @Override
  public byte[] read(Path path) throws IOException {
    CommandRunner.Result result =
        runAsPerson(List.of("cat", "--", path.toString()), Map.of(), "", FILE_LIMIT);
    if (result.exitStatus() == 0) {
      return result.output().getBytes(StandardCharsets.UTF_8);
    }
    // cat(1) with LC_ALL=C says: "cat: PATH: reason".
    if (result.errors().contains("No such file or directory")) {
      throw new NoSuchFileException(path.toString());
    }
    if (result.errors().contains("Permission denied")) {
      throw new AccessDeniedException(path.toString());
    }
    throw new IOException(result.errors().strip());
  }

  @Override
  public PluginRunner.Result run(
      List<String> command, Map<String, String> environment, String input, Duration limit)
      throws IOException {
    // A plug-in asks servers of its own, by the person's proxies as kubectl's would.
    Map<String, String> all = new HashMap<>(proxies.variables());
    all.putAll(environment);
    CommandRunner.Result result = runAsPerson(command, Map.copyOf(all), input, limit);
    // 127 is env(1)'s and setpriv(1)'s own word for a program that is not there.
    if (result.exitStatus() == 127) {
      throw new NoSuchFileException(command.getFirst());
    }
    return new PluginRunner.Result(result.exitStatus(), result.output(), result.errors());
  }

  private CommandRunner.Result runAsPerson(
      List<String> command, Map<String, String> environment, String input, Duration limit)
      throws IOException {
    try {
      return commands.runAs(person, command, environment, input, limit);
    } catch (KtdException e) {
      throw new IOException(e.getMessage(), e);
    }
  }
}
