package dev.ktd.os;

import java.net.InetAddress;

/**
 * A network: address and prefix length. Host bits are zero.
 *
 * <p>PLACEHOLDER for the os author: parse, contains, overlaps, toString pairs.
 */
public record Cidr(InetAddress network, int prefixLength) {}
