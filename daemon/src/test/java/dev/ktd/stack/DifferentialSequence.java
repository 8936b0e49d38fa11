package dev.ktd.stack;

import dev.ktd.packet.Packet;
import dev.ktd.packet.PacketPrinter;
import dev.ktd.packet.ParseResult;
import dev.ktd.packet.Wire;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A sequence of events, and what a server answers to each: flags but PSH, relative numbers, length
 * and options. Window fields, the shift of the window scale and the order of options are left out:
 * both may choose them.
 */
record DifferentialSequence(String name, List<String> steps) {
  private static final int PROGRAM_INITIAL = 1_000_000;

  /** A step, and the answers and events it brought, joined by commas; {@code -} for none. */
  record Answer(String step, String answers) {}

  /** All sequences of a file. */
  static List<DifferentialSequence> parse(List<String> lines) {
    List<DifferentialSequence> sequences = new ArrayList<>();
    for (String line : lines) {
      if (line.startsWith("== ")) {
        sequences.add(new DifferentialSequence(line.substring(3).strip(), new ArrayList<>()));
      } else if (!line.isBlank() && !line.startsWith("#")) {
        sequences.getLast().steps.add(line.strip());
      }
    }
    return sequences;
  }

  /** Plays it from a port that the server has not seen. */
  List<Answer> play(DifferentialServer server, int port) throws Exception {
    List<Answer> answers = new ArrayList<>();
    int serverInitial = 0;
    for (String step : steps) {
      List<String> texts = new ArrayList<>();
      for (ByteBuffer frame : step(server, step, port, serverInitial)) {
        Packet packet = new Packet();
        ParseResult result = packet.parse(frame, false);
        if (result == ParseResult.OK
            && packet.protocol() == Wire.TCP
            && packet.destinationPort() == port) {
          if (packet.has(Wire.SYN)) {
            serverInitial = packet.sequence();
          }
          texts.add(describe(packet, serverInitial));
        }
      }
      texts.addAll(joined(server.told()));
      answers.add(new Answer(step, texts.isEmpty() ? "-" : String.join(", ", texts)));
    }
    server.forget();
    return answers;
  }

  /** How the bytes were cut into calls is nobody's business. */
  private static List<String> joined(List<String> told) {
    List<String> events = new ArrayList<>();
    int bytes = 0;
    for (String event : told) {
      if (event.matches("read \\d+")) {
        bytes += Integer.parseInt(event.substring(5));
      } else {
        if (bytes > 0) {
          events.add("read " + bytes);
          bytes = 0;
        }
        events.add(event);
      }
    }
    if (bytes > 0) {
      events.add("read " + bytes);
    }
    return events;
  }

  private static List<ByteBuffer> step(
      DifferentialServer server, String step, int port, int serverInitial) throws Exception {
    String[] words = step.split(" ", 2);
    return switch (words[0]) {
      case "<" -> {
        var ends = new ScriptFrames.Ends(port, 80, PROGRAM_INITIAL, serverInitial);
        yield server.segment(
            new ScriptFrames(false, false).tcp(ScriptSegment.parse(words[1]), ends));
      }
      case "write" -> server.write(Integer.parseInt(words[1]));
      case "shutdown" -> server.shutdown();
      case "abort" -> server.abort();
      case "stop" -> server.reading(false);
      case "read" -> server.reading(true);
      default -> throw new AssertionError("unknown step " + step);
    };
  }

  private static String describe(Packet packet, int serverInitial) {
    if (!packet.checksumHolds()) {
      return "wrong checksum";
    }
    byte[] bytes = new byte[packet.payloadOffset() - packet.transportOffset() - Wire.TCP_HEADER];
    packet.buffer().get(packet.transportOffset() + Wire.TCP_HEADER, bytes);
    String options = ScriptOptions.decode(bytes, PROGRAM_INITIAL);
    int flags = packet.flags() & ~Wire.PSH;
    // The RST for a segment without ACK has the number 0 itself.
    boolean absolute = packet.has(Wire.RST) && packet.sequence() == 0;
    long from = Integer.toUnsignedLong(packet.sequence() - (absolute ? 0 : serverInitial));
    int ack = packet.acknowledgment() - PROGRAM_INITIAL;
    return "> "
        + PacketPrinter.flags(flags)
        + " %d:%d(%d)".formatted(from, from + packet.payloadLength(), packet.payloadLength())
        + (packet.has(Wire.ACK) ? " ack " + Integer.toUnsignedString(ack) : "")
        + (isPattern(packet, from) ? "" : " wrong bytes")
        + (options.isEmpty() ? "" : " <" + options.replaceAll("wscale \\d+", "wscale") + ">");
  }

  private static boolean isPattern(Packet packet, long from) {
    for (int i = 0; i < packet.payloadLength(); i++) {
      if (packet.buffer().get(packet.payloadOffset() + i) != RecordedEvents.pattern(from + i)) {
        return false;
      }
    }
    return true;
  }
}
