/**
 * A byte stream to the proxy pod through the Kubernetes API (port-forward). First type to read:
 * {@link dev.ktd.carrier.Carrier}. Imports {@code error} and Netty; runs on the event loop it is
 * given.
 */
@NullMarked
package dev.ktd.carrier;

import org.jspecify.annotations.NullMarked;
