package dev.ktd.stack;

import java.net.InetSocketAddress;

/**
 * A flow's two ends, as the local program sees them.
 *
 * @param source the local program's end
 * @param destination where it wants to go
 */
public record FlowKey(InetSocketAddress source, InetSocketAddress destination) {}
