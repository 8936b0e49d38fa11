package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.LONG;

import dev.ktd.packet.Packet;
import dev.ktd.packet.Wire;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** ICMP errors in both directions: RFC 792, 1122, 1191, 1812, 4443, 5461, 5927, 8201. */
final class IcmpTest implements FlowHandler {
  private static final String ROUTER = "172.17.0.1";
  private static final String ROUTER_6 = "fd00:17::1";

  private final RawStack raw = new RawStack();
  private final List<UdpFlow> flows = new ArrayList<>();
  private final List<UdpFlow> expired = new ArrayList<>();
  private Refusal refusal = Refusal.SILENT;

  @Override
  public void requested(TcpFlow flow) {
    flow.refuse(refusal);
  }

  @Override
  public void cancelled(TcpFlow flow) {}

  @Override
  public void datagram(UdpFlow flow, ByteBuffer payload) {
    flows.add(flow);
    flow.refuse(refusal);
  }

  @Override
  public void expired(UdpFlow flow) {
    expired.add(flow);
  }

  @Override
  public void echo(Echo echo, ByteBuffer payload) {
    echo.unreachable(refusal);
  }

  // What comes in.

  /** The program connects, the owner writes; all frames of the stack so far are taken away. */
  private RecordedFrames.Frame firstOf(RawStack connected, boolean v6, int bytes) {
    String program = v6 ? RawStack.PROGRAM_6 : RawStack.PROGRAM;
    String pod = v6 ? RawStack.POD_6 : RawStack.POD;
    var syn = connected.ip(program, pod, Wire.TCP);
    syn.tcp(40_000, 80, 999, 0, Wire.SYN, 64_000);
    syn.maximumSegmentSize(1440);
    connected.receive(
        RawStack.whole(
            syn.finishTcp(RawStack.NOTHING, RawStack.NOTHING, 0xffff), RawStack.NOTHING));
    connected.events.flow().accept(connected.events);
    connected.poll();
    int initial = connected.frames.next().packet().sequence();
    var ack = connected.ip(program, pod, Wire.TCP);
    ack.tcp(40_000, 80, 1000, initial + 1, Wire.ACK, 64_000);
    connected.receive(
        RawStack.whole(
            ack.finishTcp(RawStack.NOTHING, RawStack.NOTHING, 0xffff), RawStack.NOTHING));
    connected.poll();
    drain(connected);
    connected.events.flow().write(RawStack.pattern(bytes));
    connected.poll();
    return connected.frames.next();
  }

  private static List<Integer> drain(RawStack from) {
    List<Integer> lengths = new ArrayList<>();
    while (!from.frames.isEmpty()) {
      lengths.add(from.frames.next().packet().payloadLength());
    }
    return lengths;
  }

  private void tooBig(RawStack at, boolean v6, int mtu, ByteBuffer quoted) {
    at.receive(
        v6
            ? at.icmp(ROUTER_6, RawStack.POD_6, Wire.ICMPV6_TOO_BIG, 0, mtu, quoted)
            : at.icmp(ROUTER, RawStack.POD, Wire.ICMP_UNREACHABLE, 4, mtu, quoted));
    at.poll();
  }

  @ParameterizedTest
  @CsvSource({
    "false, 1300, 1260",
    "true, 1300, 1240",
    "true, 1280, 1220",
    "false, 576, 536",
    "false, 552, 512",
    "false, 68, 512", // No link has that: 552 is the floor, as in Linux.
    "false, 1, 512",
    "false, 0, 966" // RFC 1191, section 5: an old router, the next plateau is 1006.
  })
  void tooBigLowersTheSegmentAndSendsAgain(boolean v6, int mtu, int segment) {
    ByteBuffer quoted = firstOf(raw, v6, 3000).bytes();
    drain(raw);
    tooBig(raw, v6, mtu, quoted);

    List<Integer> again = drain(raw);
    assertThat(again.getFirst()).isEqualTo(segment);
    assertThat(raw.counter("icmp.too-big")).isEqualTo(1);
    assertThat(raw.counter("tcp.retransmits")).isPositive();
    assertThat(raw.counter("tcp.timeouts")).isZero();
  }

  @Test
  void withSegmentationTheSuperSegmentIsAMultipleOfTheNewSize() {
    RawStack offloading =
        new RawStack(StackConfig.defaults(1500, 3).with(StackConfig.Offloads.ALL));
    var syn = new dev.ktd.packet.HeaderBuilder(true, false);
    long from = dev.ktd.packet.IpAddress.v4(0xc612_0001);
    long to = dev.ktd.packet.IpAddress.v4(0x0a2b_0709);
    syn.ip(0, from, 0, to, Wire.TCP);
    syn.tcp(40_000, 80, 999, 0, Wire.SYN, 64_000);
    syn.maximumSegmentSize(1460);
    ByteBuffer none = RawStack.NOTHING;
    offloading.receive(RawStack.whole(syn.finishTcp(none, none, 0xffff), none));
    offloading.events.flow().accept(offloading.events);
    offloading.poll();
    int initial = offloading.frames.next().packet().sequence();
    syn.ip(0, from, 0, to, Wire.TCP);
    syn.tcp(40_000, 80, 1000, initial + 1, Wire.ACK, 64_000);
    offloading.receive(RawStack.whole(syn.finishTcp(none, none, 0xffff), none));
    offloading.poll();
    drain(offloading);
    offloading.events.flow().write(RawStack.pattern(40_000));
    offloading.poll();
    Packet sent = offloading.frames.next().packet();
    assertThat(sent.gsoSize()).isEqualTo(1460);
    ByteBuffer quote = sent.buffer().duplicate().position(sent.ipOffset());
    ByteBuffer error =
        raw.icmp(ROUTER, RawStack.POD, Wire.ICMP_UNREACHABLE, 4, 1300, quote.slice());
    drain(offloading);
    ByteBuffer head = ByteBuffer.allocate(Wire.VNET_HEADER);
    offloading.receive(RawStack.whole(head, error));
    offloading.poll();

    Packet again = offloading.frames.next().packet();
    assertThat(again.sequence()).isEqualTo(initial + 1);
    assertThat(again.gsoSize()).isEqualTo(1260);
    assertThat(again.payloadLength()).isEqualTo(40_000);
  }

  @Test
  void repeatedOrLargerReportsChangeNothing() {
    ByteBuffer quoted = firstOf(raw, false, 3000).bytes();
    tooBig(raw, false, 1300, quoted);
    drain(raw);
    tooBig(raw, false, 1300, quoted);
    tooBig(raw, false, 1400, quoted);
    tooBig(raw, false, 9000, quoted);
    assertThat(drain(raw)).isEmpty();
    assertThat(raw.counter("drops.icmp-quote")).isEqualTo(3);
  }

  /** RFC 5927, section 4.1: whoever does not see our packets cannot quote what is in flight. */
  @ParameterizedTest
  @ValueSource(ints = {-1, 3000, 1_000_000, Integer.MIN_VALUE})
  void aQuotedSequenceOutsideOfTheFlightIsNotBelieved(int ahead) {
    ByteBuffer quoted = firstOf(raw, false, 3000).bytes();
    drain(raw);
    quoted.putInt(24, quoted.getInt(24) + ahead);
    tooBig(raw, false, 1300, quoted);
    assertThat(drain(raw)).isEmpty();
    assertThat(raw.counter("drops.icmp-quote")).isEqualTo(1);
  }

  /** RFC 8201, section 4. */
  @Test
  void lessThanEveryIpv6LinkTakesIsNotBelieved() {
    ByteBuffer quoted = firstOf(raw, true, 3000).bytes();
    drain(raw);
    tooBig(raw, true, 1279, quoted);
    tooBig(raw, true, -1, quoted);
    assertThat(drain(raw)).isEmpty();
    assertThat(raw.counter("drops.icmp-quote")).isEqualTo(2);
  }

  @Test
  void aQuoteThatIsForeignCutOrAnotherPortIsNotBelieved() {
    ByteBuffer quoted = firstOf(raw, false, 3000).bytes();
    drain(raw);
    ByteBuffer otherPort = RawStack.whole(quoted, RawStack.NOTHING).putShort(20, (short) 81);
    quoted.rewind();
    tooBig(raw, false, 1300, otherPort);
    tooBig(raw, false, 1300, quoted.slice(0, 27));
    raw.receive(raw.icmp(ROUTER, "10.43.7.8", Wire.ICMP_UNREACHABLE, 4, 1300, quoted));
    ByteBuffer laterFragment = RawStack.whole(quoted, RawStack.NOTHING).putShort(6, (short) 9);
    tooBig(raw, false, 1300, laterFragment);
    assertThat(drain(raw)).isEmpty();
    assertThat(raw.counter("drops.icmp-quote")).isEqualTo(4);
  }

  /** RFC 5461: connections outlive what a router says in passing. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 13})
  void unreachableIsASoftErrorForAConnection(int code) {
    ByteBuffer quoted = firstOf(raw, false, 3000).bytes();
    drain(raw);
    raw.events.events().clear();
    raw.receive(raw.icmp(ROUTER, RawStack.POD, Wire.ICMP_UNREACHABLE, code, 0, quoted));
    raw.poll();
    assertThat(raw.events.events()).isEmpty();
    assertThat(raw.stack.tcpFlows()).isEqualTo(1);
    assertThat(raw.counter("icmp.soft-errors")).isEqualTo(1);
  }

  private UserspaceStack refusing(Refusal why) {
    refusal = why;
    return new UserspaceStack(StackConfig.defaults(1500, 3), this, raw.frames);
  }

  private UdpFlow openedBy(UserspaceStack stack, boolean v6) {
    stack.receive(
        v6
            ? raw.datagram(RawStack.PROGRAM_6, 5000, RawStack.POD_6, 53, RawStack.pattern(4))
            : raw.datagram(RawStack.pattern(4)),
        0);
    return flows.getLast();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void portUnreachableForOurReplyForgetsTheFlow(boolean v6) {
    UserspaceStack stack = refusing(Refusal.SILENT);
    UdpFlow flow = openedBy(stack, v6);
    flow.send(RawStack.pattern(20));
    ByteBuffer reply = raw.frames.next().bytes();
    stack.receive(
        v6
            ? raw.icmp(RawStack.PROGRAM_6, RawStack.POD_6, Wire.ICMPV6_UNREACHABLE, 4, 0, reply)
            : raw.icmp(RawStack.PROGRAM, RawStack.POD, Wire.ICMP_UNREACHABLE, 3, 0, reply),
        0);
    assertThat(expired).containsExactly(flow);
    assertThat(stack.udpFlows()).isZero();
    assertThat(stack.counters()).containsEntry("udp.closed", 1L).containsEntry("udp.expired", 0L);
    flow.send(RawStack.pattern(20));
    assertThat(raw.frames.isEmpty()).isTrue();
  }

  @Test
  void hostUnreachableForOurReplyKeepsTheFlow() {
    UserspaceStack stack = refusing(Refusal.SILENT);
    openedBy(stack, false).send(RawStack.pattern(20));
    ByteBuffer reply = raw.frames.next().bytes();
    stack.receive(raw.icmp(ROUTER, RawStack.POD, Wire.ICMP_UNREACHABLE, 1, 0, reply), 0);
    assertThat(expired).isEmpty();
    assertThat(stack.counters()).containsEntry("icmp.soft-errors", 1L);
  }

  @ParameterizedTest
  @CsvSource({"false, 1300, 1280", "false, 552, 528", "true, 1400, 1352"})
  void tooBigForAReplyMakesTheNextOnesFragments(boolean v6, int mtu, int firstPiece) {
    UserspaceStack stack = refusing(Refusal.SILENT);
    UdpFlow flow = openedBy(stack, v6);
    flow.send(RawStack.pattern(1420));
    ByteBuffer reply = raw.frames.next().bytes();
    stack.receive(
        v6
            ? raw.icmp(ROUTER_6, RawStack.POD_6, Wire.ICMPV6_TOO_BIG, 0, mtu, reply)
            : raw.icmp(ROUTER, RawStack.POD, Wire.ICMP_UNREACHABLE, 4, mtu, reply),
        0);
    flow.send(RawStack.pattern(1420));
    Packet piece = raw.frames.next().packet();
    assertThat(piece.moreFragments()).isTrue();
    assertThat(piece.transportLength()).isEqualTo(firstPiece);
    int rest = 1420 + 8 - firstPiece;
    assertThat(raw.frames.next().packet().transportLength()).isEqualTo(Math.min(rest, firstPiece));
  }

  /** Else one forged message makes 1,366 fragments of each long datagram. */
  @Test
  void aTinyMtuForAReplyIsTakenForTheLeastOfToday() {
    UserspaceStack stack = refusing(Refusal.SILENT);
    UdpFlow flow = openedBy(stack, false);
    flow.send(RawStack.pattern(20));
    ByteBuffer reply = raw.frames.next().bytes();
    stack.receive(raw.icmp(ROUTER, RawStack.POD, Wire.ICMP_UNREACHABLE, 4, 68, reply), 0);
    flow.send(RawStack.pattern(1420));
    assertThat(raw.frames.next().packet().transportLength()).isEqualTo(528);
  }

  // What goes out.

  @ParameterizedTest
  @CsvSource({
    "false, REFUSED, 'ICMP unreachable, code 3'",
    "false, HOST_UNREACHABLE, 'ICMP unreachable, code 1'",
    "false, PROHIBITED, 'ICMP unreachable, code 13'",
    "true, REFUSED, 'ICMP6, unreachable, code 4'",
    "true, HOST_UNREACHABLE, 'ICMP6, unreachable, code 3'",
    "true, PROHIBITED, 'ICMP6, unreachable, code 1'"
  })
  void eachRefusalHasItsCodeInBothFamilies(boolean v6, Refusal why, String message) {
    UserspaceStack stack = refusing(why);
    openedBy(stack, v6);
    RecordedFrames.Frame datagram = raw.frames.next();
    assertThat(datagram.toString()).contains(message).contains(".5000 > ").contains(": UDP, ");
    assertThat(datagram.packet().checksumHolds()).isTrue();

    String program = v6 ? RawStack.PROGRAM_6 : RawStack.PROGRAM;
    var ping = raw.ip(program, v6 ? RawStack.POD_6 : RawStack.POD, v6 ? Wire.ICMPV6 : Wire.ICMP);
    ping.icmp(v6 ? Wire.ICMPV6_ECHO_REQUEST : Wire.ICMP_ECHO_REQUEST, 0, 0x0007_0002);
    ByteBuffer head = ping.finishIcmp(RawStack.NOTHING, RawStack.NOTHING);
    stack.receive(RawStack.whole(head, RawStack.NOTHING), 0);
    assertThat(raw.frames.next().toString())
        .contains(message)
        .contains(v6 ? "ICMP type 128" : "ICMP type 8");
    assertThat(stack.counters()).containsEntry("icmp.errors-out", 2L);
  }

  @Test
  void silenceSaysNothing() {
    UserspaceStack stack = refusing(Refusal.SILENT);
    openedBy(stack, false);
    assertThat(raw.frames.isEmpty()).isTrue();
    assertThat(stack.counters())
        .containsEntry("icmp.errors-out", 0L)
        .containsEntry("icmp.suppressed", 0L);
  }

  @Test
  void errorsAreLimitedToAHundredAtOnceAndAThousandASecond() {
    UserspaceStack stack = refusing(Refusal.HOST_UNREACHABLE);
    ByteBuffer datagram = raw.datagram(RawStack.pattern(4));
    for (int i = 0; i < 150; i++) {
      stack.receive(datagram, 0);
    }
    assertThat(stack.counters())
        .containsEntry("icmp.errors-out", 100L)
        .containsEntry("icmp.suppressed", 50L);
    long halfSecond = 500_000_000;
    for (long now = 1; now <= halfSecond; now += 100_000) {
      stack.receive(datagram, now);
    }
    assertThat(stack.counters()).extractingByKey("icmp.errors-out", LONG).isBetween(599L, 601L);
    stack.receive(datagram, 10_000_000_000L);
    for (int i = 0; i < 150; i++) {
      stack.receive(datagram, 10_000_000_000L);
    }
    assertThat(stack.counters()).extractingByKey("icmp.errors-out", LONG).isBetween(699L, 701L);
  }

  @Test
  void anErrorIsNeverAnsweredByAnError() {
    UserspaceStack stack = refusing(Refusal.PROHIBITED);
    openedBy(stack, false);
    ByteBuffer error = raw.frames.next().bytes();
    for (int type = 0; type < 256; type++) {
      if (type != Wire.ICMP_ECHO_REQUEST) {
        stack.receive(raw.icmp(RawStack.PROGRAM, RawStack.POD, type, 0, 0, error), 0);
        int type6 = type == Wire.ICMPV6_ECHO_REQUEST ? 0 : type;
        stack.receive(raw.icmp(RawStack.PROGRAM_6, RawStack.POD_6, type6, 0, 0, error), 0);
      }
    }
    assertThat(raw.frames.isEmpty()).isTrue();
  }
}
