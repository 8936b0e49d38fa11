/**
 * What the packet code and the stack cost without a device (JMH). Start at {@link
 * dev.ktd.bench.StackBenchmark}. One thread; may import all of ours.
 */
@NullMarked
package dev.ktd.bench;

import org.jspecify.annotations.NullMarked;
