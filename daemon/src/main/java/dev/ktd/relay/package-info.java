/**
 * Between the stack and the far side: the event loop that reads the TUN device, and the pumps that
 * couple the windows of both sides. First type to read: Relay. Everything here runs on one event
 * loop.
 */
@NullMarked
package dev.ktd.relay;

import org.jspecify.annotations.NullMarked;
