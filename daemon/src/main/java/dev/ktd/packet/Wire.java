package dev.ktd.packet;

/** Numbers of the protocols, as the RFCs and linux/virtio_net.h give them. */
public final class Wire {
  private Wire() {}

  public static final int ICMP = 1;
  public static final int TCP = 6;
  public static final int UDP = 17;
  public static final int ICMPV6 = 58;

  public static final int FIN = 0x01;
  public static final int SYN = 0x02;
  public static final int RST = 0x04;
  public static final int PSH = 0x08;
  public static final int ACK = 0x10;
  public static final int URG = 0x20;
  public static final int ECE = 0x40;
  public static final int CWR = 0x80;

  public static final int IPV4_HEADER = 20;
  public static final int IPV6_HEADER = 40;
  public static final int IPV6_FRAGMENT_HEADER = 8;
  public static final int TCP_HEADER = 20;
  public static final int UDP_HEADER = 8;
  public static final int ICMP_HEADER = 8;

  /** Length of {@code struct virtio_net_hdr}. */
  public static final int VNET_HEADER = 10;

  public static final int VNET_NEEDS_CSUM = 1;
  public static final int VNET_DATA_VALID = 2;
  public static final int VNET_GSO_NONE = 0;
  public static final int VNET_GSO_TCPV4 = 1;
  public static final int VNET_GSO_TCPV6 = 4;
  public static final int VNET_GSO_UDP_L4 = 5;
  public static final int VNET_GSO_ECN = 0x80;

  public static final int ICMP_ECHO_REPLY = 0;
  public static final int ICMP_UNREACHABLE = 3;
  public static final int ICMP_ECHO_REQUEST = 8;
  public static final int ICMPV6_UNREACHABLE = 1;
  public static final int ICMPV6_TOO_BIG = 2;
  public static final int ICMPV6_ECHO_REQUEST = 128;
  public static final int ICMPV6_ECHO_REPLY = 129;

  /** Codes of {@link #ICMP_UNREACHABLE}, and of ICMPv6's. */
  public static final int ICMP_PORT = 3;

  public static final int ICMP_FRAGMENTATION_NEEDED = 4;
  public static final int ICMPV6_PORT = 4;
}
