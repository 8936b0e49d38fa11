package dev.ktd.carrier;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ktd.carrier.Handshake.Answer;
import dev.ktd.carrier.Handshake.Kind;
import dev.ktd.carrier.Handshake.Status;
import dev.ktd.error.KtdException;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The vectors that the agent's tests check as well. */
final class HandshakeTest {
  private static final Path VECTORS =
      Path.of("../proxy-image/agent/internal/carrier/testdata/vectors.properties");

  private final Properties vectors = new Properties();

  HandshakeTest() throws IOException {
    try (Reader in = Files.newBufferedReader(VECTORS, UTF_8)) {
      vectors.load(in);
    }
  }

  private byte[] hex(String key) {
    return HexFormat.of().parseHex(String.valueOf(vectors.getProperty(key)));
  }

  private Handshake of(byte[] hello) {
    return new Handshake(new SessionSecret(hex("secret")), Arrays.copyOfRange(hello, 4, 20));
  }

  private Handshake afterHello(String name) {
    byte[] hello = hex(name + ".hello");
    Handshake handshake = of(hello);
    handshake.greeted(hex(name + ".greeting"));
    Kind kind = hello[1] == 1 ? Kind.NEW : Kind.RESUME;
    long received = Long.parseUnsignedLong(vectors.getProperty(name + ".received"));
    byte[] made = handshake.hello(kind, received, Arrays.copyOfRange(hello, 28, 60));
    assertThat(made).isEqualTo(hello);
    return handshake;
  }

  @ParameterizedTest
  @CsvSource({"new, OPENED", "resumed, RESUMED", "lost, LOST"})
  void hellosAndAnswersAreThoseOfTheVectors(String name, Status status) {
    Handshake handshake = afterHello(name);
    byte[] answer = hex(name + ".answer");
    byte[] head = Arrays.copyOf(answer, Handshake.ANSWER);
    byte[] info = Arrays.copyOfRange(answer, Handshake.ANSWER, answer.length);
    assertThat(Handshake.infoLength(head)).isEqualTo(info.length);
    Answer understood = handshake.answer(head, info);
    assertThat(understood.status()).isEqualTo(status);
    assertThat(understood.received())
        .isEqualTo(Long.parseUnsignedLong(vectors.getProperty(name + ".answered")));
    if (understood.accepts()) {
      AgentInfo said = AgentInfo.parse(vectors.getProperty(name + ".info"));
      assertThat(understood.info()).isEqualTo(said);
    }
  }

  @Test
  void eachByteOfAnAnswerIsGuarded() {
    Handshake handshake = afterHello("new");
    byte[] answer = hex("new.answer");
    for (int i = 0; i < answer.length; i++) {
      byte[] changed = answer.clone();
      changed[i] ^= 1;
      byte[] head = Arrays.copyOf(changed, Handshake.ANSWER);
      byte[] info = Arrays.copyOfRange(changed, Handshake.ANSWER, changed.length);
      assertThatThrownBy(() -> handshake.answer(head, info))
          .as("byte %d", i)
          .isInstanceOf(KtdException.class)
          .hasMessageContaining("does not know this session's secret");
    }
  }

  @Test
  void anAnswerToAnotherGreetingIsNotBelieved() {
    byte[] hello = hex("new.hello");
    Handshake handshake = of(hello);
    handshake.greeted(hex("resumed.greeting"));
    handshake.hello(Kind.NEW, 0, Arrays.copyOfRange(hello, 28, 60));
    byte[] answer = hex("new.answer");
    byte[] head = Arrays.copyOf(answer, Handshake.ANSWER);
    byte[] info = Arrays.copyOfRange(answer, Handshake.ANSWER, answer.length);
    assertThatThrownBy(() -> handshake.answer(head, info)).isInstanceOf(KtdException.class);
  }

  @Test
  void twoHellosToOneGreetingDiffer() {
    Handshake handshake = of(hex("new.hello"));
    handshake.greeted(hex("new.greeting"));
    assertThat(handshake.hello(Kind.NEW, 0)).isNotEqualTo(handshake.hello(Kind.NEW, 0));
  }

  @Test
  void aSecretDoesNotShowItself() {
    SessionSecret secret = new SessionSecret(hex("secret"));
    assertThat(secret.base64()).isEqualTo(vectors.getProperty("secret.base64"));
    assertThat(secret.toString()).isEqualTo("SessionSecret");
    assertThat(new ResumeSettings(secret, ResumeSettings.DEFAULT_LIMIT).toString())
        .doesNotContain(secret.base64());
    assertThat(SessionSecret.generate().base64()).isNotEqualTo(SessionSecret.generate().base64());
  }
}
