package dev.ktd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.os.fake.FakeHost;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class DaemonTest {
  @TempDir private Path directory;

  @Test
  void aDaemonOnDemandWithoutSessionEndsByItselfAndLeavesNothing() throws InterruptedException {
    FakeHost host = new FakeHost();
    Path socket = directory.resolve("ktd.sock");
    new Daemon(host, socket, "test", Duration.ofMillis(50)).run(true);
    assertThat(host.log()).containsExactly("claim", "recover");
    assertThat(socket).doesNotExist();
  }
}
