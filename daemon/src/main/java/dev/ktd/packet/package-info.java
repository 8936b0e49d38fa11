/**
 * IP, TCP, UDP and ICMP as bytes: views, builders, checksums, a printer. First type to read:
 * Packet. Imports the JDK only; no threads, clocks, I/O or loggers.
 */
@NullMarked
package dev.ktd.packet;

import org.jspecify.annotations.NullMarked;
