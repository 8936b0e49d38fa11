package dev.ktd.os.linux.names;

import dev.ktd.os.CommandRunner;
import dev.ktd.os.Person;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

/** Programs of a host as a test wants them: notes what is run, and answers by a function. */
final class Programs implements CommandRunner {
  private final List<String> run = new ArrayList<>();
  private final BiFunction<List<String>, String, Result> answers;

  /**
   * @param answers of command and input
   */
  Programs(BiFunction<List<String>, String, Result> answers) {
    this.answers = answers;
  }

  /** All of them succeed in silence. */
  Programs() {
    this((command, input) -> new Result(0, "", ""));
  }

  /** What was run, each as one line. */
  List<String> run() {
    return List.copyOf(run);
  }

  @Override
  public Result run(List<String> command, String input, Duration limit) {
    run.add(String.join(" ", command));
    return answers.apply(command, input);
  }

  @Override
  public Result runAs(
      Person person,
      List<String> command,
      Map<String, String> environment,
      String input,
      Duration limit) {
    throw new AssertionError("names are set by root: " + command);
  }
}
