/**
 * Linux: TUN through JNA, routes through ip(8), /etc/resolv.conf. First type to read: LinuxHost.
 * The only package that may import JNA. Blocking calls: never on the event loop.
 */
@NullMarked
package dev.ktd.os.linux;

import org.jspecify.annotations.NullMarked;
