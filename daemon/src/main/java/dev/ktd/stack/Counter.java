package dev.ktd.stack;

/** What a stack counts. */
enum Counter {
  FRAMES_IN("frames.in"),
  FRAMES_OUT("frames.out"),
  DROP_TRUNCATED("drops.truncated"),
  DROP_NOT_IP("drops.not-ip"),
  DROP_MALFORMED("drops.malformed"),
  DROP_CHECKSUM("drops.checksum"),
  DROP_ADDRESS("drops.address"),
  DROP_MULTICAST("drops.multicast"),
  DROP_BROADCAST("drops.broadcast"),
  DROP_LINK_LOCAL("drops.link-local"),
  DROP_LAND("drops.land"),
  DROP_NETBIOS("drops.netbios"),
  DROP_PROTOCOL("drops.protocol"),
  DROP_ICMP("drops.icmp"),
  DROP_ICMP_QUOTE("drops.icmp-quote"),
  DROP_FRAGMENT_SHAPE("drops.fragment-shape"),
  DROP_FRAGMENT_OVERLAP("drops.fragment-overlap"),
  DROP_FRAGMENT_TOO_LONG("drops.fragment-too-long"),
  DROP_FRAGMENT_PIECES("drops.fragment-pieces"),
  DROP_FRAGMENT_TIMEOUT("drops.fragment-timeout"),
  DROP_FRAGMENT_EVICTED("drops.fragment-evicted"),
  DROP_FRAGMENT_BUDGET("drops.fragment-budget"),
  DROP_FRAGMENT_REST("drops.fragment-rest"),
  DROP_FLAGS("drops.tcp-flags"),
  DROP_PENDING("drops.pending-opens"),
  DROP_GAVE_WAY("drops.gave-way"),
  DROP_TCP_FLOWS("drops.tcp-flows"),
  DROP_BUDGET("drops.budget"),
  DROP_WINDOW("drops.window"),
  DROP_ORDER("drops.out-of-order"),
  DROP_TOO_LONG("drops.too-long"),
  DROP_DEVICE("drops.device"),
  TCP_OPENS("tcp.opens"),
  TCP_REPEATED_SYNS("tcp.repeated-syns"),
  TCP_CANCELLED("tcp.cancelled"),

  TCP_REFUSED("tcp.refused"),
  TCP_ESTABLISHED("tcp.established"),
  TCP_RESETS_IN("tcp.resets-in"),
  TCP_RESETS_OUT("tcp.resets-out"),
  TCP_GIVEN_UP("tcp.given-up"),
  TCP_TIMEOUTS("tcp.timeouts"),
  TCP_RETRANSMITS("tcp.retransmits"),
  TCP_PROBES("tcp.window-probes"),
  TCP_KEEP_ALIVES("tcp.keep-alives"),
  TCP_CHALLENGES("tcp.challenge-acks"),
  TCP_OUT_OF_ORDER("tcp.out-of-order"),
  TCP_SACK_IGNORED("tcp.sack-blocks-ignored"),
  UDP_OPENS("udp.opens"),
  UDP_EXPIRED("udp.expired"),
  UDP_EVICTED("udp.evicted"),
  UDP_CLOSED("udp.closed"),
  ICMP_TOO_BIG("icmp.too-big"),
  ICMP_PORT_CLOSED("icmp.port-closed"),
  ICMP_SOFT_ERRORS("icmp.soft-errors"),
  ICMP_ERRORS_OUT("icmp.errors-out"),
  ICMP_SUPPRESSED("icmp.suppressed");

  private final String label;

  Counter(String label) {
    this.label = label;
  }

  String label() {
    return label;
  }
}
