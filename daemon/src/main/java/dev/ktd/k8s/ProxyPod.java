package dev.ktd.k8s;

import java.net.InetAddress;
import java.util.List;

/**
 * The running proxy.
 *
 * @param name of the pod
 * @param addresses the pod's own, IPv4 and IPv6; empty when the server did not say
 * @param node the node it runs on
 */
public record ProxyPod(
    String namespace, String name, String uid, List<InetAddress> addresses, String node) {}
