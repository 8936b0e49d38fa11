package dev.ktd.carrier;

import dev.ktd.carrier.Handshake.Status;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The agent's end of docs/carrier-protocol.md in memory, written from the specification alone: it
 * shares no code with the client but the HMAC. What is behind it is a test: {@link Stream#say}.
 */
final class AgentTwin implements TwinWire.Pod {
  static final String INFO =
      "{\"version\":1,\"nameservers\":[\"10.43.0.10\"],\"search\":[\"cluster.local\"],\"limitSeconds\":900}";
  private static final int MOST_KEPT = 8 * 1024 * 1024;
  private static final int LONGEST = 131_072;

  final TwinWire.Conditions conditions = new TwinWire.Conditions();
  final Map<String, Stream> streams = new LinkedHashMap<>();
  final List<Connection> connections = new ArrayList<>();
  final List<String> faults = new ArrayList<>();
  String info = INFO;
  UnaryOperator<byte[]> greetings = greeting -> greeting;
  UnaryOperator<byte[]> answers = answer -> answer;
  boolean greets = true;
  boolean answersHellos = true;
  boolean answersPings = true;
  boolean acknowledges = true;
  boolean busy;
  private final TwinClock clock;
  private final SessionSecret secret;
  private int nonces;

  AgentTwin(TwinClock clock, SessionSecret secret) {
    this.clock = clock;
    this.secret = secret;
  }

  /** A way to this agent. */
  CarrierOpener opener() {
    return opener(conditions);
  }

  /** Another way to it. */
  CarrierOpener opener(TwinWire.Conditions there) {
    return (loop, listener) -> new TwinWire(clock, there, listener, this);
  }

  /** The only stream. */
  Stream stream() {
    if (streams.size() != 1) {
      throw new AssertionError(streams.size() + " streams");
    }
    return streams.values().iterator().next();
  }

  /** The newest connection. */
  Connection last() {
    return connections.getLast();
  }

  @Override
  public void connected(TwinWire wire) {
    byte[] greeting =
        ByteBuffer.allocate(40).put(ascii("KTDC")).put((byte) 1).put(39, (byte) ++nonces).array();
    Connection made = new Connection(wire, greetings.apply(greeting));
    connections.add(made);
    if (greets) {
      wire.send(made.greeting);
    }
  }

  @Override
  public void bytes(TwinWire wire, byte[] bytes) {
    for (Connection each : connections) {
      if (each.wire == wire && !each.over) {
        each.bytes(bytes);
      }
    }
  }

  @Override
  public void disconnected(TwinWire wire) {
    for (Connection each : connections) {
      if (each.wire == wire) {
        each.over();
      }
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  static byte[] frame(int type, byte[] body) {
    return ByteBuffer.allocate(4 + body.length).putInt(type << 24 | body.length).put(body).array();
  }

  private static byte number(Status status) {
    return switch (status) {
      case OPENED -> 0;
      case RESUMED -> 1;
      case UNKNOWN -> 2;
      case LOST -> 3;
      case BUSY -> 4;
    };
  }

  static byte[] position(long received) {
    return ByteBuffer.allocate(8).putLong(received).array();
  }

  /** The resumable pair of byte sequences, with everything that ever went through it. */
  final class Stream {
    final ByteArrayOutputStream fromClient = new ByteArrayOutputStream();
    final ByteArrayOutputStream toClient = new ByteArrayOutputStream();
    final String id;
    @Nullable Connection carrier;
    long confirmed;
    long keptFrom;
    private long sent;
    private long acknowledged;
    private long acknowledgedAt;

    private Stream(String id, Connection carrier) {
      this.id = id;
      this.carrier = carrier;
      this.acknowledgedAt = clock.nanos();
    }

    /** What is behind the agent writes. */
    void say(byte[] bytes) {
      toClient.writeBytes(bytes);
      pump();
    }

    /** The agent forgets bytes although they are not confirmed. */
    void forgetBefore(long position) {
      keptFrom = position;
    }

    long unsent() {
      return toClient.size() - sent;
    }

    private void pump() {
      Connection to = carrier;
      if (to == null || unsent() == 0 || sent - confirmed >= MOST_KEPT) {
        return;
      }
      byte[] all = toClient.toByteArray();
      while (sent < all.length && sent - confirmed < MOST_KEPT) {
        int n = (int) Math.min(Math.min(LONGEST, all.length - sent), MOST_KEPT - sent + confirmed);
        to.wire.send(frame(0, Arrays.copyOfRange(all, (int) sent, (int) sent + n)));
        sent += n;
      }
    }

    private void received(byte[] bytes) {
      fromClient.writeBytes(bytes);
      long unconfirmed = fromClient.size() - acknowledged;
      boolean due = unconfirmed >= LONGEST || clock.nanos() - acknowledgedAt >= 100_000_000;
      if (due && acknowledges) {
        tell(1, new byte[0]);
      }
    }

    private void tell(int type, byte[] token) {
      acknowledged = fromClient.size();
      acknowledgedAt = clock.nanos();
      byte[] body = ByteBuffer.allocate(token.length + 8).put(token).putLong(acknowledged).array();
      Connection to = carrier;
      if (to != null) {
        to.wire.send(frame(type, body));
      }
    }

    private void confirm(long received) {
      if (received > sent) {
        faults.add("position " + received + " of " + sent);
      }
      confirmed = Math.max(confirmed, received);
      keptFrom = Math.max(keptFrom, confirmed);
      pump();
    }
  }

  /** One plain carrier. */
  final class Connection {
    final TwinWire wire;
    final List<String> frames = new ArrayList<>();
    private final byte[] greeting;
    private ByteBuffer in = ByteBuffer.allocate(0);
    private byte[] hello = {};
    private @Nullable Stream stream;
    private int dataLeft;
    boolean over;

    private Connection(TwinWire wire, byte[] greeting) {
      this.wire = wire;
      this.greeting = greeting;
    }

    private void over() {
      over = true;
      if (stream != null && stream.carrier == this) {
        stream.carrier = null;
      }
    }

    /** Bytes to the client, whatever they mean. */
    void send(byte[] bytes) {
      wire.send(bytes);
    }

    private void close() {
      over();
      wire.closeByPod();
    }

    private void bytes(byte[] bytes) {
      in = ByteBuffer.allocate(in.remaining() + bytes.length).put(in).put(bytes).flip();
      boolean more = true;
      while (more && !over) {
        more = hello.length == 0 ? hello() : dataLeft > 0 ? data() : frame();
      }
    }

    private boolean hello() {
      if (in.remaining() < 92) {
        return false;
      }
      hello = new byte[92];
      in.get(hello);
      byte[] proof = Arrays.copyOfRange(hello, 60, 92);
      byte[] wanted =
          secret.sign(ascii("ktd carrier client 1"), greeting, Arrays.copyOf(hello, 60));
      if (!Arrays.equals(proof, wanted) || hello[0] != 1 || hello[2] != 0 || hello[3] != 0) {
        frames.add("stranger");
        close();
        return false;
      }
      String id = HexFormat.of().formatHex(hello, 4, 20);
      long received = ByteBuffer.wrap(hello).getLong(20);
      frames.add("HELLO " + hello[1] + " " + received);
      if (!answersHellos) {
        return true;
      }
      Status status = decide(hello[1], id, received);
      boolean carried = status == Status.OPENED || status == Status.RESUMED;
      Stream found = carried ? streams.get(id) : null;
      stream = found;
      if (found == null) {
        answer(status, 0, "");
        close();
        return false;
      }
      found.acknowledged = found.fromClient.size();
      found.acknowledgedAt = clock.nanos();
      answer(status, found.acknowledged, info);
      found.sent = received;
      found.confirm(received);
      found.pump();
      return true;
    }

    private Status decide(int kind, String id, long received) {
      Stream known = streams.get(id);
      if (kind == 1) {
        if (busy || known != null) {
          return Status.BUSY;
        }
        streams.put(id, new Stream(id, this));
        return Status.OPENED;
      }
      if (known == null) {
        return Status.UNKNOWN;
      }
      if (received < known.keptFrom || received > known.toClient.size()) {
        streams.remove(id);
        return Status.LOST;
      }
      Connection before = known.carrier;
      known.carrier = this;
      if (before != null) {
        before.close();
      }
      return Status.RESUMED;
    }

    private void answer(Status status, long received, String text) {
      byte[] json = text.getBytes(StandardCharsets.UTF_8);
      byte[] head =
          ByteBuffer.allocate(12)
              .put(number(status))
              .put((byte) 0)
              .putShort((short) json.length)
              .putLong(received)
              .array();
      byte[] proof = secret.sign(ascii("ktd carrier server 1"), greeting, hello, head, json);
      byte[] all = ByteBuffer.allocate(44 + json.length).put(head).put(proof).put(json).array();
      wire.send(answers.apply(all));
    }

    /** Also of a part of a frame: the agent answers for each byte that it has written to sshd. */
    private boolean data() {
      byte[] bytes = new byte[Math.min(dataLeft, in.remaining())];
      in.get(bytes);
      dataLeft -= bytes.length;
      Stream to = stream;
      if (bytes.length > 0 && to != null) {
        to.received(bytes);
      }
      return dataLeft == 0;
    }

    private boolean frame() {
      if (in.remaining() < 4) {
        return false;
      }
      int head = in.getInt(in.position());
      int type = head >>> 24;
      int length = head & 0xffffff;
      if (type == 0) {
        if (length < 1 || length > LONGEST) {
          faults.add("DATA of " + length);
        }
        frames.add("DATA " + length);
        in.getInt();
        dataLeft = length;
        return true;
      }
      if (in.remaining() < 4 + length) {
        return false;
      }
      in.getInt();
      byte[] body = new byte[length];
      in.get(body);
      ByteBuffer fields = ByteBuffer.wrap(body);
      Stream its = stream;
      if (its == null) {
        return true;
      }
      switch (type) {
        case 1 -> {
          frames.add("ACK " + fields.getLong(0));
          its.confirm(fields.getLong(0));
        }
        case 2 -> {
          frames.add("PING " + fields.getLong(8));
          if (answersPings) {
            its.tell(3, Arrays.copyOf(body, 8));
          }
          its.confirm(fields.getLong(8));
        }
        case 4 -> {
          frames.add("CLOSE " + body[0]);
          streams.remove(its.id);
          close();
        }
        default -> faults.add("frame of type " + type);
      }
      return true;
    }
  }
}
