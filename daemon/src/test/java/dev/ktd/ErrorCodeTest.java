package dev.ktd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.error.ErrorCode;
import org.junit.jupiter.api.Test;

final class ErrorCodeTest {
  @Test
  void exitStatusesAreThoseOfTheContract() {
    assertThat(ErrorCode.values())
        .extracting(ErrorCode::exitStatus)
        .allMatch(status -> java.util.Set.of(1, 2, 3, 4, 5, 6, 7, 124, 130).contains(status));
  }
}
