package dev.ktd.cli;

/** What a command sees of the process it runs in; tests give their own. */
public final class Surroundings {
  private Surroundings() {}

  /** Those of this process. */
  public static Surroundings ofThisProcess() {
    return new Surroundings();
  }
}
