package dev.ktd.bench.transport;

import dev.ktd.testbed.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A pod with Debian's sshd for those candidates that go by {@code ssh} over {@code kubectl
 * port-forward}. With ktd's first cipher, and forwarding as ktd's pod has it.
 */
final class SshServer {
  static final String POD = "ktd-bench-sshd";

  /** Of all objects that the benchmark makes. */
  static final String LABEL = "app.kubernetes.io/part-of=ktd-bench";

  private static final String CIPHER = "aes128-gcm@openssh.com";
  private static final int PORT = 2222;
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Pattern FORWARDING =
      Pattern.compile("Forwarding from 127\\.0\\.0\\.1:(\\d+)");

  private static final String CONFIG =
      """
      ListenAddress 127.0.0.1:2222
      PidFile none
      UsePAM no
      UseDNS no
      HostKey /etc/bench/host_key
      AuthorizedKeysFile /etc/bench/authorized_keys
      StrictModes no
      PasswordAuthentication no
      KbdInteractiveAuthentication no
      AllowTcpForwarding yes
      MaxStartups 100
      MaxSessions 64
      IPQoS none
      Compression no
      """;

  private static final String MANIFEST =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: ktd-bench-sshd, labels: {app.kubernetes.io/part-of: ktd-bench}}
      spec:
        automountServiceAccountToken: false
        enableServiceLinks: false
        terminationGracePeriodSeconds: 1
        securityContext: {runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, seccompProfile: {type: RuntimeDefault}}
        containers:
          - name: sshd
            image: docker.io/ktd-testbed/sshd:1
            imagePullPolicy: Never
            command: [/usr/sbin/sshd, -D, -e, -f, /etc/bench/sshd_config]
            securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
            resources: {requests: {cpu: 10m, memory: 32Mi}, limits: {cpu: "2", memory: 256Mi}}
            volumeMounts:
              - {name: keys, mountPath: /etc/bench, readOnly: true}
              - {name: keys, mountPath: /etc/passwd, subPath: passwd, readOnly: true}
              - {name: tmp, mountPath: /tmp}
        volumes:
          - {name: keys, secret: {secretName: ktd-bench-sshd, defaultMode: 292}}
          - {name: tmp, emptyDir: {medium: Memory, sizeLimit: 4Mi}}
      """;

  private final Bed bed;

  /** Makes keys and the pod; both are undone by the bed. */
  SshServer(Bed bed) throws IOException {
    this.bed = bed;
    for (String name : List.of("host_key", "client_key")) {
      bed.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file(name).toString());
    }
    Files.copy(file("client_key.pub"), file("authorized_keys"));
    Files.writeString(file("sshd_config"), CONFIG);
    Files.writeString(file("passwd"), "ktd:*:65532:65532:ktd:/tmp:/bin/sh\n");
    Files.writeString(file("known_hosts"), "bench " + Files.readString(file("host_key.pub")));
    Files.writeString(file("pod.yaml"), MANIFEST);
    remove();
    bed.undoLater(this::remove);
    List<String> secret = new ArrayList<>(List.of("create", "secret", "generic", POD));
    for (String name : List.of("host_key", "authorized_keys", "sshd_config", "passwd")) {
      secret.add("--from-file=" + file(name));
    }
    bed.kubectl(secret.toArray(String[]::new));
    bed.kubectl("label", "secret", POD, LABEL);
    bed.kubectl("apply", "-f", file("pod.yaml").toString());
    bed.kubectl("wait", "pod/" + POD, "--for=condition=Ready", "--timeout=60s");
  }

  private Path file(String name) {
    return bed.folder.resolve(name);
  }

  private void remove() {
    bed.kubectl("delete", "pod,secret", POD, "--ignore-not-found", "--wait=true");
  }

  /** {@code kubectl port-forward} under way, and its port on loopback. */
  record Forward(Running kubectl, int port) {
    static Forward open(Bed bed, Path kubeconfig, String what, int port) {
      List<String> command = bed.kubectlBy(kubeconfig);
      command.addAll(List.of("port-forward", "--address=127.0.0.1", what, ":" + port));
      Running kubectl = bed.start(command);
      kubectl.awaitOutput(PATIENCE, text -> FORWARDING.matcher(text).find());
      Matcher said = FORWARDING.matcher(kubectl.output());
      if (!said.find()) {
        throw new IllegalStateException("kubectl said no port: " + kubectl.output());
      }
      return new Forward(kubectl, Integer.parseInt(said.group(1)));
    }
  }

  Forward forward(Path kubeconfig) {
    return Forward.open(bed, kubeconfig, "pod/" + POD, PORT);
  }

  /** {@code ssh} to it by a port on loopback, without a destination. */
  List<String> command(int port) {
    return new ArrayList<>(
        List.of(
            "ssh",
            "-F",
            "none",
            "-c",
            CIPHER,
            "-i",
            file("client_key").toString(),
            "-o",
            "UserKnownHostsFile=" + file("known_hosts"),
            "-o",
            "HostKeyAlias=bench",
            "-o",
            "StrictHostKeyChecking=yes",
            "-o",
            "BatchMode=yes",
            "-o",
            "ExitOnForwardFailure=yes",
            "-p",
            Integer.toString(port)));
  }
}
