package dev.ktd.ssh;

import java.util.List;

/**
 * What the agent in the proxy pod says of itself in the first line of the heartbeat.
 *
 * @param version of the protocol, 1
 * @param nameservers addresses in the pod's resolv.conf, in their order
 * @param search search list in the pod's resolv.conf
 * @param limitSeconds the pod ends itself when it hears no beat for so long
 */
public record AgentInfo(
    int version, List<String> nameservers, List<String> search, int limitSeconds) {}
