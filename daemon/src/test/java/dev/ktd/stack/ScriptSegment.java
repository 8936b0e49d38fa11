package dev.ktd.stack;

import dev.ktd.packet.Packet;
import dev.ktd.packet.PacketPrinter;
import dev.ktd.packet.Wire;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A segment in the words of a script; what is null was not said.
 *
 * @param from first sequence number, relative to the SYN of its sender
 * @param gso size of segments; 0 for none
 */
record ScriptSegment(
    String flags,
    long from,
    long to,
    int length,
    @Nullable String ack,
    @Nullable String window,
    @Nullable String options,
    @Nullable String gso,
    int urgent,
    boolean badChecksum) {
  private static final Pattern SEGMENT =
      Pattern.compile(
          "(\\S+)\\s+(\\d+):(\\d+)\\((\\d+)\\)(?:\\s+ack\\s+(\\d+))?(?:\\s+win\\s+(\\d+))?"
              + "(?:\\s+<([^>]*)>)?(?:\\s+gso\\s+(\\d+))?(?:\\s+urg\\s+(\\d+))?(\\s+bad-checksum)?");

  static ScriptSegment parse(String text) {
    Matcher match = SEGMENT.matcher(text);
    if (!match.matches()) {
      throw new AssertionError("not a segment: " + text);
    }
    ScriptSegment segment =
        new ScriptSegment(
            match.group(1),
            Long.parseLong(match.group(2)),
            Long.parseLong(match.group(3)),
            Integer.parseInt(match.group(4)),
            match.group(5),
            match.group(6),
            match.group(7),
            match.group(8),
            match.group(9) == null ? 0 : Integer.parseInt(match.group(9)),
            match.group(10) != null);
    if ((int) (segment.from + segment.length) != (int) segment.to) {
      throw new AssertionError("start, end and length do not fit: " + text);
    }
    return segment;
  }

  /** The byte of the flags S, F, R, P, U, E, W and dot; {@code none} for none. */
  int flagBits() {
    int bits = 0;
    for (int i = 0; i < flags.length() && !flags.equals("none"); i++) {
      bits |=
          switch (flags.charAt(i)) {
            case 'S' -> Wire.SYN;
            case 'F' -> Wire.FIN;
            case 'R' -> Wire.RST;
            case 'P' -> Wire.PSH;
            case 'E' -> Wire.ECE;
            case 'W' -> Wire.CWR;
            case 'U' -> Wire.URG;
            case '.' -> Wire.ACK;
            default -> throw new AssertionError("unknown flag in " + flags);
          };
    }
    return bits;
  }

  /** This segment as {@link #describe} would put it. */
  String text() {
    return flags
        + (" " + from + ":" + to + "(" + length + ")")
        + (ack == null ? "" : " ack " + ack)
        + (window == null ? "" : " win " + window)
        + (options == null ? "" : " <" + options + ">")
        + (gso == null ? "" : " gso " + gso);
  }

  /**
   * What the stack has sent, as far as {@code asked} says something about it.
   *
   * @param own initial sequence number of the stack
   * @param remote initial sequence number of the program
   */
  static String describe(Packet packet, ScriptSegment asked, int own, int remote) {
    // The RST for a SYN has the sequence number 0 itself, not one relative to a SYN of ours.
    boolean absolute = packet.has(Wire.RST) && asked.from == 0;
    int sequence = packet.sequence() - (absolute ? 0 : own);
    long from = Integer.toUnsignedLong(sequence);
    int length = packet.payloadLength();
    StringBuilder text = new StringBuilder(PacketPrinter.flags(packet.flags()));
    text.append(' ').append(from).append(':').append(from + length);
    text.append('(').append(length).append(')');
    if (packet.has(Wire.ACK)) {
      text.append(" ack ").append(Integer.toUnsignedString(packet.acknowledgment() - remote));
    }
    if (asked.window != null) {
      text.append(" win ").append(packet.window());
    }
    if (asked.options != null) {
      text.append(" <").append(ScriptOptions.decode(options(packet), remote)).append('>');
    }
    if (asked.gso != null) {
      text.append(" gso ").append(packet.gsoType() == 0 ? 0 : packet.gsoSize());
    }
    return text.toString();
  }

  private static byte[] options(Packet packet) {
    int start = packet.transportOffset() + Wire.TCP_HEADER;
    byte[] bytes = new byte[packet.payloadOffset() - start];
    packet.buffer().get(start, bytes);
    return bytes;
  }
}
