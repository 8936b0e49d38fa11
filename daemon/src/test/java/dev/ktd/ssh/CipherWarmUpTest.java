package dev.ktd.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

class CipherWarmUpTest {
  @Test
  void whatIsEncryptedIsDecryptedToTheEnd() throws Exception {
    assertThat(CipherWarmUp.run()).isPositive();
  }

  @Test
  void anInterruptEndsIt() throws Exception {
    FutureTask<Integer> interrupted =
        new FutureTask<>(
            () -> {
              Thread.currentThread().interrupt();
              return CipherWarmUp.packets(Integer.MAX_VALUE);
            });
    Thread.ofPlatform().start(interrupted);
    assertThat(interrupted.get()).isZero();
  }
}
