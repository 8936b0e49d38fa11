package dev.ktd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** For whom a command works, and with which kubeconfig: one line a case. */
final class CallerResolverTest {
  /** uid, gid | environment | flag -> what the daemon is asked, or the failure. */
  private static final String TABLE =
      """
      0 0       |                                                             |           | 0 0 root /root /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin /root/.kube/config
      0 0       | HOME=/root PATH=/bin                                        |           | 0 0 root /root /bin /root/.kube/config
      1000 1000 | HOME=/home/ana PATH=/bin                                    |           | 1000 1000 ana /home/ana /bin /home/ana/.kube/config
      1000 27   | HOME=/elsewhere PATH=/bin                                   |           | 1000 27 ana /elsewhere /bin /elsewhere/.kube/config
      1000 1000 | HOME=relative PATH=/bin                                     |           | 1000 1000 ana /home/ana /bin /home/ana/.kube/config
      54321 0   | HOME=/ PATH=/bin                                            |           | 54321 0 54321 / /bin /.kube/config
      0 0       | HOME=/root PATH=/bin SUDO_UID=1000 SUDO_GID=1000 SUDO_USER=ana |        | 1000 1000 ana /home/ana /bin /home/ana/.kube/config
      0 0       | HOME=/root PATH=/bin SUDO_UID=1000                          |           | 1000 1000 ana /home/ana /bin /home/ana/.kube/config
      0 0       | HOME=/root PATH=/bin SUDO_UID=0 SUDO_GID=0 SUDO_USER=root   |           | 0 0 root /root /bin /root/.kube/config
      0 0       | HOME=/root PATH=/bin SUDO_UID=77 SUDO_GID=78 SUDO_USER=ldap |           | 77 78 ldap / /bin /.kube/config
      0 0       | HOME=/root PATH=/bin SUDO_UID=77                            |           | exit 2
      0 0       | HOME=/root PATH=/bin SUDO_UID=ana                           |           | exit 2
      0 0       | HOME=/root PATH=/bin SUDO_UID=-5                            |           | exit 2
      1000 1000 | HOME=/home/ana PATH=/bin SUDO_UID=0 SUDO_USER=root          |           | 1000 1000 ana /home/ana /bin /home/ana/.kube/config
      1000 1000 | HOME=/home/ana PATH=/bin KUBECONFIG=a:/b::../c              |           | 1000 1000 ana /home/ana /bin /work/dir/a,/b,/work/c
      1000 1000 | HOME=/home/ana PATH=/bin KUBECONFIG=:                       |           | 1000 1000 ana /home/ana /bin /home/ana/.kube/config
      1000 1000 | HOME=/home/ana PATH=/bin KUBECONFIG=a:/b                    | /my/conf  | 1000 1000 ana /home/ana /bin /my/conf
      0 0       | HOME=/root PATH=/bin SUDO_UID=1000 SUDO_GID=1000 SUDO_USER=ana | conf    | 1000 1000 ana /home/ana /bin /work/dir/conf
      """;

  @TempDir private Path directory;

  @TestFactory
  Stream<DynamicTest> personIsResolved() {
    return TABLE.lines().map(line -> DynamicTest.dynamicTest(line, () -> check(line)));
  }

  private void check(String line) {
    String[] cells = line.split("\\|", -1);
    String[] ids = cells[0].strip().split(" ", 2);
    try (CliHarness ktd = new CliHarness(directory)) {
      ktd.startDaemon();
      ktd.uid = Integer.parseInt(ids[0]);
      ktd.gid = Integer.parseInt(ids[1]);
      ktd.environment.clear();
      for (String variable : cells[1].strip().split(" ", -1)) {
        int equals = variable.indexOf('=');
        if (equals > 0) {
          ktd.environment.put(variable.substring(0, equals), variable.substring(equals + 1));
        }
      }
      List<String> arguments = new ArrayList<>(List.of("up"));
      String flag = cells[2].strip();
      if (!flag.isEmpty()) {
        arguments.addAll(List.of("--kubeconfig", flag));
      }
      int status = ktd.run(arguments.toArray(String[]::new));
      assertThat(status == 0 ? describe(ktd) : "exit " + status)
          .as(ktd.err())
          .isEqualTo(cells[3].strip());
    }
  }

  private static String describe(CliHarness ktd) {
    var request = ktd.ups.getFirst();
    var caller = request.caller();
    return "%d %d %s %s %s %s"
        .formatted(
            caller.uid(),
            caller.gid(),
            caller.name(),
            caller.home(),
            caller.path(),
            String.join(",", request.kubeconfigs()));
  }
}
