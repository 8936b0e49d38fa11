package dev.ktd.cli;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.PropertiesDefaultProvider;

/**
 * The command line: {@code ktd VERB ...}. Each verb is a class of this package. Nothing here
 * touches Netty, SSH or Kubernetes, so that short commands start fast.
 */
public final class Cli {
  private static final int HELP_WIDTH = 96;
  private static final int SUGGESTIONS = 3;

  private final Surroundings surroundings;
  private final GlobalOptions options = new GlobalOptions();
  private final CommandLine commandLine;
  private List<String> arguments = List.of();
  private @Nullable Output output;

  /**
   * Wires the command line.
   *
   * @param version of this program, e.g. {@code 0.1.0}
   */
  public Cli(Surroundings surroundings, String version, DaemonRunner daemon, Recovery recovery) {
    this.surroundings = surroundings;
    commandLine =
        new CommandLine(new RootCommand(options))
            .addSubcommand(new UpCommand(this))
            .addSubcommand(new DownCommand(this))
            .addSubcommand(new StatusCommand(this))
            .addSubcommand(new RecoverCommand(this, recovery))
            .addSubcommand(new DaemonCommand(this, daemon, recovery))
            .addSubcommand(new VersionCommand(this, version));
    commandLine.addSubcommand(new CompletionCommand(this, commandLine));
    commandLine.getCommandSpec().version("ktd " + version);
    commandLine
        .setOut(writer(surroundings.out()))
        .setErr(writer(surroundings.err()))
        .setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF))
        .setUsageHelpWidth(HELP_WIDTH)
        .setParameterExceptionHandler(this::misused)
        .setExecutionExceptionHandler((failure, _, _) -> failed(failure));
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(new OutputStreamWriter(stream, stream.charset()), true);
  }

  /** Runs one command; returns the exit status, 0 to 130. Never throws. */
  public int run(String... arguments) {
    this.arguments = List.of(arguments);
    int exitStatus;
    try {
      commandLine.setDefaultValueProvider(
          new PropertiesDefaultProvider(
              known(defaults(surroundings.configuration()), surroundings.configuration())));
      exitStatus = commandLine.execute(arguments);
    } catch (KtdException unreadable) {
      Output.show(surroundings, unreadable);
      exitStatus = unreadable.code().exitStatus();
    }
    surroundings.out().flush();
    surroundings.err().flush();
    surroundings.interrupts().ended(exitStatus);
    return exitStatus;
  }

  /** Picocli takes what it knows and is silent about the rest, such as a typing error. */
  private Properties known(Properties defaults, Path file) {
    Set<String> flags =
        Stream.concat(Stream.of(commandLine), commandLine.getSubcommands().values().stream())
            .map(CommandLine::getCommandSpec)
            .flatMap(
                command ->
                    command.optionsMap().keySet().stream()
                        .map(name -> name.replaceFirst("^--?", ""))
                        .flatMap(name -> Stream.of(name, command.qualifiedName(".") + "." + name)))
            .collect(Collectors.toSet());
    for (String name : new TreeSet<>(defaults.stringPropertyNames())) {
      if (!flags.contains(name)) {
        throw new KtdException(
            ErrorCode.USAGE,
            "there is no flag --%s, which %s gives a value.".formatted(name, file),
            "The flags that it may have:  ktd up --help");
      }
    }
    return defaults;
  }

  /** Read here: picocli itself complains of a file that is not there, which is the usual case. */
  private static Properties defaults(Path file) {
    Properties defaults = new Properties();
    try (Reader reader = Files.newBufferedReader(file)) {
      defaults.load(reader);
    } catch (NoSuchFileException _) {
      // Nobody has to have defaults.
    } catch (IOException | IllegalArgumentException e) { // a broken escape
      throw new KtdException(
          ErrorCode.USAGE,
          "the defaults in %s cannot be read: %s".formatted(file, e),
          "Look:  ls -l " + file,
          e);
    }
    return defaults;
  }

  Surroundings surroundings() {
    return surroundings;
  }

  /** As typed, for suggestions. */
  List<String> arguments() {
    return arguments;
  }

  GlobalOptions options() {
    return options;
  }

  /** Made late: only now the flags are known. */
  Output output() {
    if (output == null) {
      output = new Output(surroundings, options.output);
    }
    return output;
  }

  private int misused(CommandLine.ParameterException misuse, String[] typed) {
    String name = misuse.getCommandLine().getCommandSpec().qualifiedName();
    String help = "See:  " + name + " --help";
    if (misuse instanceof CommandLine.UnmatchedArgumentException unknown) {
      String similar =
          unknown.getSuggestions().stream()
              .limit(SUGGESTIONS)
              .map(word -> name + " " + word)
              .collect(Collectors.joining("    "));
      if (!similar.isEmpty()) {
        help = "Perhaps:  " + similar + "\n" + help;
      }
    }
    Output.show(
        surroundings, new KtdException(ErrorCode.USAGE, String.valueOf(misuse.getMessage()), help));
    return ErrorCode.USAGE.exitStatus();
  }

  private int failed(Exception failure) {
    if (failure instanceof KtdException told) {
      return output().failure(told);
    }
    if (failure instanceof InterruptedException) {
      return ErrorCode.INTERRUPTED.exitStatus();
    }
    if (surroundings.environment().containsKey("KTD_DEBUG")) {
      failure.printStackTrace(surroundings.err());
    }
    return output()
        .failure(
            new KtdException(
                ErrorCode.INTERNAL,
                "this is a defect of ktd: " + failure,
                "Type the command again with KTD_DEBUG=1 and report what it prints.",
                failure));
  }
}
