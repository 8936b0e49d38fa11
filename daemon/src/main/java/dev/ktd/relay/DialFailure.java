package dev.ktd.relay;

/** Why the far side could not be opened. */
public enum DialFailure {
  REFUSED,
  UNREACHABLE,
  PROHIBITED,
  TIMED_OUT,
  /** The tunnel itself is not there. */
  NO_TUNNEL
}
