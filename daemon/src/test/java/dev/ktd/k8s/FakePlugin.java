package dev.ktd.k8s;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Answers plug-in calls in order, the last answer for ever, and keeps what was asked. */
final class FakePlugin implements PluginRunner {
  record Call(List<String> command, Map<String, String> environment, String input) {}

  final List<Call> calls = new ArrayList<>();
  private final Deque<Result> answers = new ArrayDeque<>();
  private @Nullable IOException failure;

  FakePlugin prints(String output) {
    answers.add(new Result(0, output, ""));
    return this;
  }

  FakePlugin fails(int status, String errors) {
    answers.add(new Result(status, "", errors));
    return this;
  }

  FakePlugin breaks(IOException failure) {
    this.failure = failure;
    return this;
  }

  @Override
  public Result run(
      List<String> command, Map<String, String> environment, String input, Duration limit)
      throws IOException {
    calls.add(new Call(command, environment, input));
    if (failure != null) {
      throw failure;
    }
    return answers.size() > 1 ? answers.removeFirst() : answers.getFirst();
  }
}
