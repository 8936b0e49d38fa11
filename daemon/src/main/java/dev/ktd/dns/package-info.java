/**
 * Split DNS: cluster names from the cluster, all others from the machine's own servers. First type
 * to read: SplitRules. The only package that may import dnsjava.
 */
@NullMarked
package dev.ktd.dns;

import org.jspecify.annotations.NullMarked;
