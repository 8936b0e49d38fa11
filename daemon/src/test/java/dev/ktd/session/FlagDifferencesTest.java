package dev.ktd.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.ktd.control.Request;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class FlagDifferencesTest {
  private static Request.Up up(
      List<String> excludes, int carriers, @Nullable String image, int timeoutSeconds) {
    return new Request.Up(
        new Request.Caller(1000, 1000, "ana", "/home/ana", "/usr/bin", null),
        List.of("/home/ana/.kube/config"),
        null,
        "shop",
        List.of(),
        excludes,
        List.of(),
        carriers,
        image,
        null,
        900,
        timeoutSeconds);
  }

  @Test
  void theSameFlagsAreNoDifferenceInWhateverOrder() {
    FlagDifferences.refuse(
        "lab, namespace shop",
        up(List.of("10.0.0.0/8", "10.1.0.0/16"), 2, "proxy:1", 60),
        up(List.of("10.1.0.0/16", "10.0.0.0/8"), 2, "proxy:1", 60));
  }

  @Test
  void flagsThatAreNotGivenAndTheTimeoutAreNoDifference() {
    FlagDifferences.refuse(
        "lab, namespace shop",
        up(List.of("10.0.0.0/8"), 2, "proxy:1", 60),
        up(List.of(), 2, null, 120));
  }

  @Test
  void eachFlagThatDiffersIsNamedWithTheCommandThatChangesIt() {
    assertThatExceptionOfType(KtdException.class)
        .isThrownBy(
            () ->
                FlagDifferences.refuse(
                    "lab, namespace shop",
                    up(List.of(), 2, null, 60),
                    up(List.of("10.0.0.0/8", "10.64.0.0/16"), 4, "proxy:2", 60)))
        .withMessage(
            "already connected to lab, namespace shop, but with other flags: --exclude is not"
                + " given, not 10.0.0.0/8, 10.64.0.0/16; --carriers is 2, not 4; --image is not"
                + " given, not proxy:2")
        .satisfies(
            told -> {
              assertThat(told.code()).isEqualTo(ErrorCode.CONFLICT);
              assertThat(told.hint())
                  .isEqualTo(
                      "Change them:  ktd down && ktd up --namespace shop --exclude 10.0.0.0/8 --exclude"
                          + " 10.64.0.0/16 --carriers 4 --image proxy:2");
            });
  }
}
