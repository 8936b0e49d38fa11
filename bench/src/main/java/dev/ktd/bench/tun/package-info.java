/**
 * The stack through a real TUN device, beside ceilings and a peer in the same run. Start at {@link
 * dev.ktd.bench.tun.StackFigures}. Linux, root, a network namespace of its own. Traffic is made by
 * {@link dev.ktd.bench.tun.Program}, a process of its own; everything that ends at the device is on
 * one event loop, as in the daemon.
 */
@NullMarked
package dev.ktd.bench.tun;

import org.jspecify.annotations.NullMarked;
