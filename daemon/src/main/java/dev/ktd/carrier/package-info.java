/**
 * Byte streams to the proxy pod: by port-forward or TCP, and one on top that outlives them ({@link
 * dev.ktd.carrier.ResumableCarrier}). First type to read: {@link dev.ktd.carrier.Carrier}. Imports
 * {@code error} and Netty; runs on the event loop it is given.
 */
@NullMarked
package dev.ktd.carrier;

import org.jspecify.annotations.NullMarked;
