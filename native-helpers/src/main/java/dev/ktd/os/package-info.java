/**
 * What ktd asks of the operating system, as interfaces: a TUN device, routes, the host's resolver,
 * processes. First type to read: {@link dev.ktd.os.Host}. Imports the JDK and {@code error}; the
 * implementations live in {@code os.linux} and, for tests, {@code os.fake}.
 */
@NullMarked
package dev.ktd.os;

import org.jspecify.annotations.NullMarked;
