package dev.ktd.dns;

/**
 * What the resolver did since it was made; a snapshot for {@code ktd status}.
 *
 * @param queries well-formed queries taken from local programs
 * @param cluster of these, asked of the cluster's servers (cached answers not counted)
 * @param cached of these, answered from the cache
 * @param host of these, passed on to the host's own servers
 * @param failed of these, answered with SERVFAIL by us
 * @param malformed queries that were refused or dropped before they were looked at
 */
public record DnsCounters(
    long queries, long cluster, long cached, long host, long failed, long malformed) {}
