package dev.ktd.carrier;

import dev.ktd.packet.Choices;

/** An input is decisions: what is written, and what becomes of the plain carriers. */
public final class CarrierEventsFuzz {
  private CarrierEventsFuzz() {}

  /** Each byte has to come once, see {@link CarrierEvents}. */
  public static void fuzzerTestOneInput(byte[] input) {
    new CarrierEvents(Choices.ofBytes(input), Boolean.getBoolean("ktd.trace")).run();
  }
}
