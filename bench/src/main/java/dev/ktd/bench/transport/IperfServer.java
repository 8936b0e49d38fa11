package dev.ktd.bench.transport;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A pod with {@code iperf3 --server} that can be set free: after a test by {@code kubectl
 * port-forward} containerd keeps the control connection, and the server would be busy for ever.
 */
final class IperfServer {
  private static final String POD = "ktd-bench-iperf3";

  private static final String MANIFEST =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: ktd-bench-iperf3, labels: {app: ktd-bench-iperf3, app.kubernetes.io/part-of: ktd-bench}}
      spec:
        automountServiceAccountToken: false
        enableServiceLinks: false
        terminationGracePeriodSeconds: 1
        securityContext: {runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, seccompProfile: {type: RuntimeDefault}}
        containers:
          - name: iperf3
            image: docker.io/ktd-testbed/tools:1
            imagePullPolicy: Never
            command: [/bin/busybox, sh, -c, "while :; do iperf3 --server; done"]
            readinessProbe: {exec: {command: [/bin/busybox, grep, -q, ":1451 ", /proc/net/tcp, /proc/net/tcp6]}, periodSeconds: 1}
            securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
            resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 256Mi}}
            volumeMounts: [{name: tmp, mountPath: /tmp}]
        volumes: [{name: tmp, emptyDir: {}}]
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: ktd-bench-iperf3, labels: {app.kubernetes.io/part-of: ktd-bench}}
      spec:
        selector: {app: ktd-bench-iperf3}
        ports: [{name: iperf3, port: 5201, targetPort: 5201, protocol: TCP}]
      """;

  private IperfServer() {}

  /** Makes it; undone by the bed. */
  static void start(Bed bed) throws IOException {
    Path manifest = Files.writeString(bed.folder.resolve("iperf3.yaml"), MANIFEST);
    remove(bed);
    bed.undoLater(() -> remove(bed));
    bed.kubectl("apply", "-f", manifest.toString());
    bed.kubectl("wait", "pod/" + POD, "--for=condition=Ready", "--timeout=60s");
  }

  private static void remove(Bed bed) {
    bed.kubectl("delete", "pod,service", POD, "--ignore-not-found", "--wait=true");
  }

  /** Ends the server's process; the next one starts at once. */
  static void free(Bed bed) {
    bed.kubectl("exec", POD, "--", "/bin/busybox", "killall", "-KILL", "iperf3");
  }
}
