package dev.ktd.stack;

/** How a flow is refused on the wire. */
public enum Refusal {
  /** TCP: RST. UDP: ICMP port unreachable. The program sees ECONNREFUSED. */
  REFUSED,
  /** ICMP host unreachable: EHOSTUNREACH. */
  HOST_UNREACHABLE,
  /** ICMP administratively prohibited: EACCES or EHOSTUNREACH. */
  PROHIBITED,
  /** Nothing is sent: the program runs into its own time-out. */
  SILENT
}
