package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.packet.HeaderBuilder;
import dev.ktd.packet.IpAddress;
import dev.ktd.packet.Packet;
import dev.ktd.packet.PacketPrinter;
import dev.ktd.packet.Wire;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs the scripts of docs/tcp-scripts.md against one stack. */
final class TcpScript {
  private static final long START = 1_000_000_000_000L;
  private static final Pattern STEP = Pattern.compile("\\+([0-9.]+)\\s+(\\S+)\\s*(.*)");
  private static final Pattern SEGMENT =
      Pattern.compile(
          "(\\S+)\\s+(\\d+):(\\d+)\\((\\d+)\\)(?:\\s+ack\\s+(\\d+))?(?:\\s+win\\s+(\\d+))?"
              + "(?:\\s+<([^>]*)>)?(?:\\s+gso\\s+(\\d+))?(?:\\s+port\\s+(\\d+))?");
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);
  private static final int FIRST_PORT = 40_000;

  private final Map<String, String> settings = new HashMap<>();
  private final String name;
  private final RecordedEvents events = new RecordedEvents();
  private RecordedFrames frames;
  private UserspaceStack stack;
  private HeaderBuilder builder;
  private boolean v6;
  private boolean offload;
  private int remoteInitial;
  private int stackInitial;
  private long now = START;
  private long stackWritten;
  private String line = "";

  private TcpScript(String name) {
    this.name = name;
    frames = new RecordedFrames(false, () -> now);
    stack = stack(StackConfig.defaults(1500, 1));
    builder = new HeaderBuilder(false, false);
  }

  /** Runs all lines; the first one that does not hold ends it with an error that quotes it. */
  static void run(String name, List<String> lines) {
    new TcpScript(name).run(lines);
  }

  /** A script inside a test. */
  static void run(String script) {
    run("inline", script.lines().toList());
  }

  private UserspaceStack stack(StackConfig config) {
    return new UserspaceStack(config, events, frames);
  }

  private void run(List<String> lines) {
    boolean started = false;
    for (String raw : lines) {
      line = raw.strip();
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      if (line.startsWith("set ")) {
        String[] words = line.split("\\s+", 3);
        settings.put(words[1], words[2]);
        continue;
      }
      if (!started) {
        start();
        started = true;
      }
      Matcher step = STEP.matcher(line);
      assertThat(step.matches()).as(where("is not a step")).isTrue();
      pass(new BigDecimal(step.group(1)).movePointRight(9).longValueExact());
      step(step.group(2), step.group(3));
    }
    line = "the end";
    stack.poll(now);
    assertThat(frames.isEmpty()).as(where("frames nobody expected:" + frames)).isTrue();
    assertThat(events.events()).as(where("events nobody expected")).isEmpty();
    stack.close();
    assertThat(stack.counters()).as(where("memory left")).containsEntry("buffers.bytes", 0L);
    assertThat(stack.tcpFlows()).as(where("flows left")).isZero();
  }

  private void start() {
    v6 = setting("ip", "4").equals("6");
    offload = setting("offload", "none").equals("full");
    remoteInitial = Integer.parseUnsignedInt(setting("isn", "1000000"));
    int mtu = Integer.parseInt(setting("mtu", "1500"));
    frames = new RecordedFrames(offload, () -> now);
    builder = new HeaderBuilder(offload, offload);
    stack =
        stack(
            StackConfig.defaults(mtu, Long.parseLong(setting("seed", "1")))
                .with(new StackConfig.Offloads(offload, offload, offload, offload))
                .with(
                    new StackConfig.Buffers(
                        Integer.parseInt(setting("receive-buffer", "1048576")),
                        Integer.parseInt(setting("send-buffer", "2359296")),
                        Long.parseLong(setting("budget", "268435456"))))
                .with(
                    new StackConfig.Limits(
                        Integer.parseInt(setting("pending", "16")),
                        Integer.parseInt(setting("pending-per-destination", "16")),
                        Integer.parseInt(setting("flows", "64")),
                        64,
                        Duration.ofMinutes(1))));
  }

  private String setting(String key, String otherwise) {
    return settings.getOrDefault(key, otherwise);
  }

  private String where(String what) {
    return name + ", at `" + line + "`: " + what;
  }

  /** Lets time pass; the stack is polled whenever it asked for it. */
  private void pass(long nanoseconds) {
    if (nanoseconds == 0) {
      return;
    }
    stack.poll(now);
    long target = now + nanoseconds;
    for (long due = stack.nextDeadline(); due < target; due = stack.nextDeadline()) {
      now = Math.max(now, due);
      stack.poll(now);
    }
    now = target;
  }

  private void step(String verb, String rest) {
    switch (verb) {
      case "<" -> inject(segment(rest));
      case ">" -> expect(rest);
      case "?" -> check(rest);
      case "accept" -> events.flow().accept(events);
      case "refuse" -> events.flow().refuse(Refusal.valueOf(rest));
      case "write" -> write(Integer.parseInt(rest));
      case "shutdown" -> events.flow().shutdownOutput();
      case "abort" -> events.flow().abort();
      case "take" -> events.appetite(rest.equals("all") ? Long.MAX_VALUE : Long.parseLong(rest));
      case "resume" -> events.flow().resume();
      case "poll" -> stack.poll(now);
      case "device" -> frames.full(rest.equals("full"));
      default -> throw new AssertionError(where("unknown verb"));
    }
  }

  private Matcher segment(String text) {
    Matcher segment = SEGMENT.matcher(text);
    assertThat(segment.matches()).as(where("is not a segment")).isTrue();
    return segment;
  }

  private void write(int bytes) {
    long from = stackWritten + 1;
    ByteBuffer data = ByteBuffer.allocate(bytes);
    for (int i = 0; i < bytes; i++) {
      data.put(RecordedEvents.pattern(from + i));
    }
    events.flow().write(data.flip());
    stackWritten += bytes;
  }

  private void inject(Matcher segment) {
    int length = Integer.parseInt(segment.group(4));
    long sequence = Long.parseLong(segment.group(2));
    boolean acks = segment.group(5) != null;
    int ack = acks ? stackInitial + (int) Long.parseLong(segment.group(5)) : 0;
    int window = segment.group(6) == null ? 0 : Integer.parseInt(segment.group(6));
    int port = segment.group(9) == null ? FIRST_PORT : Integer.parseInt(segment.group(9));
    builder.ip(
        v6 ? 0xfd00_0000_0000_0000L : 0,
        v6 ? 1 : IpAddress.v4(0xc612_0001),
        v6 ? 0xfd00_0000_0000_0000L : 0,
        v6 ? 2 : IpAddress.v4(0x0a2b_0709),
        Wire.TCP);
    builder.tcp(port, 80, remoteInitial + (int) sequence, ack, flags(segment.group(1)), window);
    options(segment.group(7));
    ByteBuffer payload = ByteBuffer.allocateDirect(length);
    for (int i = 0; i < length; i++) {
      payload.put(RecordedEvents.pattern(sequence + i));
    }
    payload.flip();
    ByteBuffer head = builder.finishTcp(payload, NOTHING, offload ? 1448 : 65_535);
    ByteBuffer frame = ByteBuffer.allocateDirect(head.remaining() + length);
    frame.put(head).put(payload).flip();
    stack.receive(frame, now);
    assertThat(frame.remaining())
        .as(where("the frame was left as it was"))
        .isEqualTo(frame.limit());
  }

  private void options(String text) {
    for (String option : text == null ? new String[0] : text.split(",")) {
      String[] words = option.strip().split(" ", 2);
      switch (words[0]) {
        case "mss" -> builder.maximumSegmentSize(Integer.parseInt(words[1]));
        case "wscale" -> builder.windowScale(Integer.parseInt(words[1]));
        case "sackOK" -> builder.sackPermitted();
        case "sack" -> sack(words[1].split(" ", -1));
        case "TS" -> {
          String[] values = words[1].split(" ", 2);
          builder.timestamps(
              Integer.parseUnsignedInt(values[0]), Integer.parseUnsignedInt(values[1]));
        }
        case "unknown" -> builder.unknownOption(Integer.parseInt(words[1]));
        default -> throw new AssertionError(where("unknown option " + option));
      }
    }
  }

  private void sack(String[] blocks) {
    builder.sack(blocks.length);
    for (String block : blocks) {
      String[] edges = block.split(":", 2);
      builder.sackBlock(
          stackInitial + (int) Long.parseLong(edges[0]),
          stackInitial + (int) Long.parseLong(edges[1]));
    }
  }

  private static int flags(String text) {
    int flags = 0;
    for (int i = 0; i < text.length(); i++) {
      flags |=
          switch (text.charAt(i)) {
            case 'S' -> Wire.SYN;
            case 'F' -> Wire.FIN;
            case 'R' -> Wire.RST;
            case 'P' -> Wire.PSH;
            case 'E' -> Wire.ECE;
            case 'W' -> Wire.CWR;
            case 'U' -> Wire.URG;
            case '.' -> Wire.ACK;
            default -> 0;
          };
    }
    return flags;
  }

  private void expect(String rest) {
    stack.poll(now);
    assertThat(frames.isEmpty()).as(where("nothing was sent")).isFalse();
    RecordedFrames.Frame frame = frames.next();
    String sent = frame + " at " + (frame.at() - now) / 1e9 + " s";
    assertThat(frame.at()).as(where("sent at another time: " + sent)).isEqualTo(now);
    if (rest.startsWith("ICMP")) {
      assertThat(frame.toString()).as(where("another message")).endsWith(": " + rest);
    } else {
      compare(segment(rest), frame, sent);
    }
  }

  private void compare(Matcher segment, RecordedFrames.Frame frame, String sent) {
    Packet packet = frame.packet();
    assertThat(packet.protocol()).as(where("no TCP: " + sent)).isEqualTo(Wire.TCP);
    assertThat(packet.checksumHolds()).as(where("checksum: " + sent)).isTrue();
    if ((packet.flags() & (Wire.SYN | Wire.ACK)) == (Wire.SYN | Wire.ACK)) {
      stackInitial = packet.sequence();
    }
    assertThat(describe(packet, segment)).as(where("sent: " + sent)).isEqualTo(wanted(segment));
    long sequence = Long.parseLong(segment.group(2));
    byte[] payload = frame.payload();
    for (int i = 0; i < payload.length; i++) {
      assertThat(payload[i])
          .as(where("payload byte " + i))
          .isEqualTo(RecordedEvents.pattern(sequence + i));
    }
  }

  private String describe(Packet packet, Matcher segment) {
    // The RST for a SYN has the sequence number 0 itself, not one relative to a SYN of ours.
    boolean reset = packet.has(Wire.RST) && !segment.group(2).matches("[1-9]\\d*");
    long sequence =
        reset
            ? Integer.toUnsignedLong(packet.sequence())
            : Integer.toUnsignedLong(packet.sequence() - stackInitial);
    StringBuilder text = new StringBuilder(PacketPrinter.flags(packet.flags()));
    text.append(' ').append(sequence).append(':').append(sequence + packet.payloadLength());
    text.append('(').append(packet.payloadLength()).append(')');
    if (packet.has(Wire.ACK)) {
      int ack = packet.acknowledgment() - remoteInitial;
      text.append(" ack ").append(Integer.toUnsignedString(ack));
    }
    if (segment.group(6) != null) {
      text.append(" win ").append(packet.window());
    }
    if (segment.group(7) != null) {
      text.append(" <").append(describeOptions(packet)).append('>');
    }
    if (segment.group(8) != null) {
      text.append(" gso ").append(packet.gsoType() == 0 ? 0 : packet.gsoSize());
    }
    return text.toString();
  }

  private String describeOptions(Packet packet) {
    StringJoiner options = new StringJoiner(",");
    if (packet.options().maximumSegmentSize() >= 0) {
      options.add("mss " + packet.options().maximumSegmentSize());
    }
    if (packet.options().sackPermitted()) {
      options.add("sackOK");
    }
    if (packet.options().windowScale() >= 0) {
      options.add("wscale " + packet.options().windowScale());
    }
    StringJoiner blocks = new StringJoiner(" ", "sack ", "").setEmptyValue("");
    for (int i = 0; i < packet.options().sackBlocks(); i++) {
      int left = packet.options().sackLeft(i) - remoteInitial;
      int right = packet.options().sackRight(i) - remoteInitial;
      blocks.add(Integer.toUnsignedString(left) + ":" + Integer.toUnsignedString(right));
    }
    if (blocks.length() > 0) {
      options.add(blocks.toString());
    }
    return options.toString();
  }

  private static String wanted(Matcher segment) {
    StringBuilder text = new StringBuilder(segment.group(1));
    text.append(' ').append(segment.group(2)).append(':').append(segment.group(3));
    text.append('(').append(segment.group(4)).append(')');
    text.append(segment.group(5) == null ? "" : " ack " + segment.group(5));
    text.append(segment.group(6) == null ? "" : " win " + segment.group(6));
    text.append(segment.group(7) == null ? "" : " <" + segment.group(7) + ">");
    text.append(segment.group(8) == null ? "" : " gso " + segment.group(8));
    return text.toString();
  }

  private void check(String rest) {
    stack.poll(now);
    String[] words = rest.split("\\s+", -1);
    switch (words[0]) {
      case "flows" ->
          assertThat(stack.tcpFlows())
              .as(where("connections"))
              .isEqualTo(Integer.parseInt(words[1]));
      case "counter" ->
          assertThat(stack.counters())
              .as(where("counter"))
              .containsEntry(words[1], Long.parseLong(words[2]));
      case "writable" ->
          assertThat(events.flow().writable())
              .as(where("writable"))
              .isEqualTo(Integer.parseInt(words[1]));
      case "nothing" -> {
        assertThat(frames.isEmpty()).as(where("frames nobody expected:" + frames)).isTrue();
        assertThat(events.events()).as(where("events nobody expected")).isEmpty();
      }
      default -> assertThat(events.events().poll()).as(where("another event")).isEqualTo(rest);
    }
  }
}
