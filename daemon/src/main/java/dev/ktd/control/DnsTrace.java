package dev.ktd.control;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The contract of {@code ktd dns trace -o json}: component names are the JSON keys.
 *
 * @param name as it was typed
 * @param search the search list that programs on this machine use, ktd's first
 * @param programs what a program finds, by the C library
 * @param looks what ktd's resolver answers, for each full name that a program tries, in order; the
 *     last one is the one that is found
 */
public record DnsTrace(String name, List<String> search, List<Program> programs, List<Look> looks) {
  /**
   * @param by how the program asks, e.g. {@code libc (getent)}
   * @param answers addresses; none when the name is not found
   * @param detail what it says besides; null when nothing
   */
  public record Program(String by, List<String> answers, @Nullable String detail, double millis) {}

  /**
   * @param name full, without trailing dot
   * @param type e.g. {@code A}
   * @param rule why ktd asks where it asks
   * @param server whose answer it is; absent when nobody answered
   * @param cached it was kept from an earlier question
   * @param rcode e.g. {@code NXDOMAIN}
   * @param records e.g. {@code A 10.43.12.7}
   * @param ttl seconds that the answer may be kept; absent without records
   */
  public record Look(
      String name,
      String type,
      String rule,
      @Nullable String server,
      boolean cached,
      String rcode,
      List<String> records,
      @Nullable Long ttl,
      double millis) {}
}
