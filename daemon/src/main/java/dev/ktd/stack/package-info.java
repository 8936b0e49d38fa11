/**
 * The userspace TCP, UDP and ICMP stack: a pure core. Bytes in, bytes out, time passed in. First
 * type to read: {@link dev.ktd.stack.Stack}. Imports {@code packet}; single-threaded: its owner
 * calls it.
 */
@NullMarked
package dev.ktd.stack;

import org.jspecify.annotations.NullMarked;
