package dev.ktd.stack;

import dev.ktd.packet.Choices;

/** Any bytes as the decisions of {@link StackEvents}. */
public final class StackEventsFuzz {
  private StackEventsFuzz() {}

  /** One input. */
  public static void fuzzerTestOneInput(byte[] input) {
    StackEvents.run(Choices.ofBytes(input));
  }
}
