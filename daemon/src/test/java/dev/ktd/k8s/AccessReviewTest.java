package dev.ktd.k8s;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AccessReviewTest {
  private final FakeApiServer server = new FakeApiServer();

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void nothingIsMissingForOneWhoMayAll() {
    assertThat(AccessReview.requireForUp(server.connect()).missingOptional()).isEmpty();
  }

  @Test
  void exactlyTheMissingVerbsAreNamed() {
    server
        .deny("create jobs")
        .deny("delete jobs")
        .deny("create pods/portforward")
        .deny("list nodes");
    Cluster cluster = server.connect();

    KtdException failure =
        catchThrowableOfType(KtdException.class, () -> AccessReview.requireForUp(cluster));

    assertThat(failure.code()).isEqualTo(ErrorCode.FORBIDDEN);
    assertThat(failure)
        .hasMessage(
            "ana@example.com may not create, delete jobs.batch; create pods/portforward in"
                + " namespace shop.");
  }

  @Test
  void optionalRightsOnlyDegrade() {
    server.deny("list nodes").deny("list servicecidrs").deny("watch events");

    assertThat(AccessReview.requireForUp(server.connect()).missingOptional())
        .containsExactly(
            "watch events",
            "list servicecidrs.networking.k8s.io in the whole cluster",
            "list nodes in the whole cluster");
  }

  @Test
  void serverWithoutReviewsIsNotJudged() {
    server.refuse(
        "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", 403, "forbidden");

    assertThat(AccessReview.requireForUp(server.connect()).missingOptional()).isEmpty();
  }
}
