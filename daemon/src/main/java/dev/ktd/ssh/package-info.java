/**
 * SSH over a carrier: direct-tcpip channels and the subsystem datagram. First type to read:
 * SshTransport. The only package that may import MINA SSHD.
 */
@NullMarked
package dev.ktd.ssh;

import org.jspecify.annotations.NullMarked;
