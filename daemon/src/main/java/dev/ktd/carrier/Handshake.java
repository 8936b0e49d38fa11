package dev.ktd.carrier;

import dev.ktd.error.KtdException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;

/**
 * What is said on one plain carrier before frames, as the client says it and believes it: greeting,
 * hello, answer, with proofs that both know the session's secret. Bytes in, bytes out; no clock.
 */
final class Handshake {
  static final int GREETING = 40;
  static final int HELLO = 92;
  static final int ANSWER = 44;
  static final int ID = 16;
  static final int NONCE = 32;

  private static final byte VERSION = 1;
  private static final int VERSION_AT = 4;
  private static final int ANSWER_PROOF_AT = 12;
  private static final byte[] MAGIC = ascii("KTDC");
  private static final byte[] CLIENT = ascii("ktd carrier client 1");
  private static final byte[] SERVER = ascii("ktd carrier server 1");

  private static final AgentInfo NO_INFO = new AgentInfo(0, List.of(), List.of(), 0);

  private final SessionSecret secret;
  private final byte[] stream;
  private byte[] greeting = {};
  private byte[] hello = {};

  /** What a client asks for. */
  enum Kind {
    NEW,
    RESUME
  }

  /** What an agent answers; the order is that of the numbers on the wire. */
  enum Status {
    OPENED,
    RESUMED,
    UNKNOWN,
    LOST,
    BUSY
  }

  /**
   * An agent's answer.
   *
   * @param received the agent's position in the client's bytes
   * @param info what the agent says of itself; {@link #NO_INFO} when it refuses
   */
  record Answer(Status status, long received, AgentInfo info) {
    /** Whether the stream is carried from here on. */
    boolean accepts() {
      return status == Status.OPENED || status == Status.RESUMED;
    }
  }

  /**
   * @param stream id of the stream, {@value #ID} bytes
   */
  Handshake(SessionSecret secret, byte[] stream) {
    this.secret = secret;
    this.stream = stream;
  }

  static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new SecureRandom().nextBytes(bytes);
    return bytes;
  }

  /**
   * Takes the agent's greeting.
   *
   * @param bytes {@value #GREETING} of them, kept
   * @throws KtdException if no agent speaks, or one of another version
   */
  void greeted(byte[] bytes) {
    if (!Arrays.equals(bytes, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
      throw StreamFailures.noAgent();
    }
    if (bytes[VERSION_AT] != VERSION) {
      throw StreamFailures.otherVersion(bytes[VERSION_AT] & 0xff, VERSION);
    }
    greeting = bytes;
  }

  /**
   * The hello that answers the greeting.
   *
   * @param received the client's position in the agent's bytes; 0 for a new stream
   */
  byte[] hello(Kind kind, long received) {
    return hello(kind, received, random(NONCE));
  }

  /** With a nonce that is not random: tests only. */
  byte[] hello(Kind kind, long received, byte[] nonce) {
    byte[] head =
        ByteBuffer.allocate(HELLO - SessionSecret.LENGTH)
            .put(VERSION)
            .put((byte) (kind == Kind.NEW ? 1 : 2))
            .putShort((short) 0)
            .put(stream)
            .putLong(received)
            .put(nonce)
            .array();
    byte[] proof = secret.sign(CLIENT, greeting, head);
    hello = ByteBuffer.allocate(HELLO).put(head).put(proof).array();
    return hello.clone();
  }

  /** Length of the info that follows an answer's first {@value #ANSWER} bytes: 0 to 65535. */
  static int infoLength(byte[] answer) {
    return ByteBuffer.wrap(answer).getShort(2) & 0xffff;
  }

  /**
   * Takes the answer to the hello.
   *
   * @param answer its first {@value #ANSWER} bytes
   * @throws KtdException if it does not come from who knows the secret, or makes no sense
   */
  Answer answer(byte[] answer, byte[] info) {
    byte[] head = Arrays.copyOf(answer, ANSWER_PROOF_AT);
    byte[] proof = Arrays.copyOfRange(answer, ANSWER_PROOF_AT, ANSWER);
    if (!MessageDigest.isEqual(proof, secret.sign(SERVER, greeting, hello, head, info))) {
      throw StreamFailures.wrongProof();
    }
    Status[] known = Status.values();
    if (head[0] < 0 || head[0] >= known.length) {
      throw StreamFailures.malformed("an answer with status " + (head[0] & 0xff));
    }
    long received = ByteBuffer.wrap(head).getLong(4);
    Answer refusal = new Answer(known[head[0]], received, NO_INFO);
    if (!refusal.accepts()) {
      return refusal;
    }
    try {
      AgentInfo said = AgentInfo.parse(new String(info, StandardCharsets.UTF_8));
      return new Answer(refusal.status(), received, said);
    } catch (IllegalArgumentException e) {
      throw StreamFailures.malformed("its introduction: " + e.getMessage());
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
