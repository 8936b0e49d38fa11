package dev.ktd.k8s;

/**
 * The running proxy.
 *
 * @param name of the pod
 * @param ip the pod's first address as text; may be empty when the server did not say
 * @param node the node it runs on
 */
public record ProxyPod(String namespace, String name, String uid, String ip, String node) {}
