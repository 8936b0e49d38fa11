package dev.ktd.packet;

/** What {@link Packet#parse} found. */
public enum ParseResult {
  /** TCP, UDP or ICMP with complete headers. */
  OK,
  /** A piece of a packet; {@link Packet#transportOffset} and -Length are the piece. */
  FRAGMENT,
  /** Shorter than its headers say. */
  TRUNCATED,
  /** Neither IPv4 nor IPv6. */
  NOT_IP,
  /** Lengths or options that contradict each other. */
  MALFORMED,
  /** The IPv4 header's own checksum is wrong. */
  HEADER_CHECKSUM,
  /** A protocol that is neither TCP, UDP nor ICMP. */
  UNSUPPORTED
}
