package dev.ktd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.Host;
import java.util.List;
import org.junit.jupiter.api.Test;

final class KtdTest {
  @Test
  void aRecoverThatLeavesSomethingIsAFailureThatNamesIt() {
    assertThatThrownBy(
            () -> Ktd.allOrFailure(List.of("removed 3 routes", Host.NOT_UNDONE + "cannot write X")))
        .isInstanceOfSatisfying(
            KtdException.class,
            told -> {
              assertThat(told.code()).isEqualTo(ErrorCode.STATE);
              assertThat(told).hasMessageContainingAll("removed 3 routes", "cannot write X");
            });
  }

  @Test
  void aRecoverThatUndidAllSaysWhat() {
    assertThat(Ktd.allOrFailure(List.of("removed 3 routes"))).containsExactly("removed 3 routes");
  }
}
