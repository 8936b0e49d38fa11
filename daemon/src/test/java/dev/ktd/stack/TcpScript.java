package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.packet.Packet;
import dev.ktd.packet.Wire;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs the scripts of docs/tcp-scripts.md against one stack. */
final class TcpScript {
  private static final long START = 1_000_000_000_000L;
  private static final Pattern STEP = Pattern.compile("\\+([0-9.]+)\\s+(\\S+)\\s*(.*)");
  private static final Pattern TOO_BIG = Pattern.compile("ICMP too-big (\\d+) (\\d+)");
  private static final int FIRST_PORT = 40_000;
  private static final int FAR_PORT = 80;

  private final String name;
  private final ScriptSettings settings = new ScriptSettings();
  private final ScriptOwner owner = new ScriptOwner();
  private final Map<Integer, Conversation> conversations = new LinkedHashMap<>();
  private ScriptFrames programs = new ScriptFrames(false, false);
  private RecordedFrames frames = new RecordedFrames(false, () -> 0);
  private Conversation current = new Conversation(FIRST_PORT, FAR_PORT, 0);
  private UserspaceStack stack;
  private boolean started;
  private long now = START;
  private String line = "";

  /** What one script knows about the connection from one port. */
  private static final class Conversation {
    final int programPort;
    final int farPort;
    final int programInitial;
    int farInitial;
    long written;

    Conversation(int programPort, int farPort, int programInitial) {
      this.programPort = programPort;
      this.farPort = farPort;
      this.programInitial = programInitial;
    }

    ScriptFrames.Ends ends() {
      return new ScriptFrames.Ends(programPort, farPort, programInitial, farInitial);
    }
  }

  TcpScript(String name) {
    this.name = name;
    stack = WatchedStack.of(StackConfig.defaults(1500, 1), owner, frames);
  }

  /** Runs all lines; the first one that does not hold ends it with an error that quotes it. */
  static void run(String name, List<String> lines) {
    TcpScript script = new TcpScript(name);
    lines.forEach(script::line);
    script.end();
  }

  /** A script inside a test. */
  static void run(String script) {
    run("inline", script.lines().toList());
  }

  /** Runs one line: a comment, a setting or a step. */
  void line(String text) {
    line = text.strip();
    if (line.isEmpty() || line.startsWith("#")) {
      return;
    }
    if (line.startsWith("set ")) {
      assertThat(started).as(where("settings come first")).isFalse();
      settings.set(line);
      return;
    }
    start();
    Matcher step = STEP.matcher(line);
    assertThat(step.matches()).as(where("is not a step")).isTrue();
    try {
      pass(new BigDecimal(step.group(1)).movePointRight(9).longValueExact());
      step(step.group(2), step.group(3));
    } catch (RuntimeException failed) {
      throw new AssertionError(where(failed.toString()), failed);
    }
  }

  /** No frame and no event may be left, and closing the stack gives all memory back. */
  void end() {
    line = "the end";
    nothing();
    stack.close();
    assertThat(stack.counters()).as(where("memory left")).containsEntry("buffers.bytes", 0L);
    assertThat(stack.tcpFlows()).as(where("flows left")).isZero();
  }

  private void start() {
    if (started) {
      return;
    }
    started = true;
    frames = new RecordedFrames(settings.offload(), () -> now);
    programs = new ScriptFrames(settings.v6(), settings.offload());
    stack = WatchedStack.of(settings.config(), owner, frames);
    current = new Conversation(FIRST_PORT, FAR_PORT, settings.programInitial());
    conversations.put(FIRST_PORT, current);
    owner.port(FIRST_PORT);
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

  /** Goes on to the next time the stack wants to be polled, if there is any. */
  private void timer() {
    long due = stack.nextDeadline();
    if (due != Long.MAX_VALUE) {
      now = Math.max(now, due);
      stack.poll(now);
    }
  }

  private void step(String verb, String rest) {
    RecordedEvents events = owner.events();
    switch (verb) {
      case "<" -> inject(rest);
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
      case "port" -> port(rest.split("\\s+", -1));
      case "again" -> again(Integer.parseInt(rest));
      case "close" -> stack.close();
      case "timer" -> timer();
      case "times" -> {
        String[] words = rest.split("\\s+", 3);
        for (int i = 0; i < Integer.parseInt(words[0]); i++) {
          step(words[1], words.length > 2 ? words[2] : "");
        }
      }
      default -> throw new AssertionError(where("unknown verb"));
    }
  }

  /** {@code port 40001} or {@code port 40001 to 81}: goes on with another conversation. */
  private void port(String[] words) {
    int port = Integer.parseInt(words[0]);
    int to = words.length > 2 ? Integer.parseInt(words[2]) : FAR_PORT;
    current =
        conversations.computeIfAbsent(
            port, absent -> new Conversation(absent, to, settings.programInitial()));
    owner.port(port);
  }

  /** The program uses its port again, with an initial sequence number so much higher. */
  private void again(int higher) {
    Conversation next =
        new Conversation(current.programPort, current.farPort, current.programInitial + higher);
    conversations.put(current.programPort, next);
    current = next;
    owner.again();
  }

  private void write(int bytes) {
    long from = current.written + 1;
    ByteBuffer data = ByteBuffer.allocate(bytes);
    for (int i = 0; i < bytes; i++) {
      data.put(RecordedEvents.pattern(from + i));
    }
    current.written += bytes;
    owner.events().flow().write(data.flip());
    assertThat(data.hasRemaining()).as(where("all is taken")).isFalse();
  }

  private void inject(String rest) {
    Matcher tooBig = TOO_BIG.matcher(rest);
    ByteBuffer frame =
        tooBig.matches()
            ? programs.tooBig(
                Integer.parseInt(tooBig.group(1)), Long.parseLong(tooBig.group(2)), current.ends())
            : programs.tcp(ScriptSegment.parse(rest), current.ends());
    stack.receive(frame, now);
    assertThat(frame.remaining())
        .as(where("the frame was left as it was"))
        .isEqualTo(frame.limit());
  }

  private void expect(String rest) {
    stack.poll(now);
    assertThat(frames.isEmpty()).as(where("nothing was sent")).isFalse();
    RecordedFrames.Frame frame = frames.next();
    String sent = frame + " at " + (frame.at() - now) / 1e9 + " s";
    assertThat(frame.at()).as(where("sent at another time: " + sent)).isEqualTo(now);
    if (rest.startsWith("ICMP")) {
      String message =
          rest.contains("{") ? frame.toString() : frame.toString().replaceFirst(" quoting .*", "");
      assertThat(message).as(where("another message")).endsWith(": " + rest);
    } else {
      compare(ScriptSegment.parse(rest), frame, sent);
    }
  }

  private void compare(ScriptSegment wanted, RecordedFrames.Frame frame, String sent) {
    Packet packet = frame.packet();
    assertThat(packet.protocol()).as(where("no TCP: " + sent)).isEqualTo(Wire.TCP);
    assertThat(packet.checksumHolds()).as(where("checksum: " + sent)).isTrue();
    assertThat(packet.destinationPort()).as(where(sent)).isEqualTo(current.programPort);
    assertThat(packet.sourcePort()).as(where(sent)).isEqualTo(current.farPort);
    if (packet.has(Wire.SYN)) {
      current.farInitial = packet.sequence();
    }
    assertThat(describe(packet, wanted)).as(where("sent: " + sent)).isEqualTo(wanted.text());
    byte[] payload = frame.payload();
    for (int i = 0; i < payload.length; i++) {
      assertThat(payload[i])
          .as(where("payload byte " + i))
          .isEqualTo(RecordedEvents.pattern(wanted.from() + i));
    }
  }

  private String describe(Packet packet, ScriptSegment asked) {
    return ScriptSegment.describe(packet, asked, current.farInitial, current.programInitial);
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
          assertThat(owner.events().flow().writable())
              .as(where("writable"))
              .isEqualTo(Integer.parseInt(words[1]));
      case "state" -> assertThat(state()).as(where("state")).isEqualTo(TcpState.valueOf(words[1]));
      case "isn" ->
          assertThat(Integer.toUnsignedString(current.farInitial))
              .as(where("another seed is needed, see docs/tcp-scripts.md"))
              .isEqualTo(words[1]);
      case "nothing" -> nothing();
      default ->
          assertThat(owner.events().events().poll()).as(where("another event")).isEqualTo(rest);
    }
  }

  private void nothing() {
    stack.poll(now);
    assertThat(frames.isEmpty()).as(where("frames nobody expected:" + frames)).isTrue();
    assertThat(owner.unexpected()).as(where("events nobody expected")).isEmpty();
  }

  /** The state of the connection that was requested last from the current port. */
  TcpState state() {
    return ((TcpConnection) owner.events().flow()).state();
  }

  /** What was sent and not expected yet; it is forgotten. */
  List<RecordedFrames.Frame> framesSent() {
    List<RecordedFrames.Frame> sent = new ArrayList<>();
    while (!frames.isEmpty()) {
      sent.add(frames.next());
    }
    return sent;
  }

  /** What the owner was told and nobody asked for yet; it is forgotten. */
  List<String> eventsTold() {
    Deque<String> told = owner.events().events();
    List<String> events = List.copyOf(told);
    told.clear();
    return events;
  }
}
