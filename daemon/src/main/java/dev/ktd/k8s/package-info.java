/**
 * The Kubernetes API: kubeconfig, access review, networks, the proxy's Job. First type to read:
 * Cluster. The only package that may import fabric8. Blocking calls: virtual threads only.
 */
@NullMarked
package dev.ktd.k8s;

import org.jspecify.annotations.NullMarked;
