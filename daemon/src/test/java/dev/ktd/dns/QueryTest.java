package dev.ktd.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

class QueryTest {
  @Test
  void questionIsTaken() {
    Query.Valid query = valid(Answers.query(0xabcd, "Web.default", Type.A));
    assertThat(query.id()).isEqualTo(0xabcd);
    assertThat(query.question().getName().toString()).isEqualTo("Web.default.");
    assertThat(query.udpLimit()).isEqualTo(512);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 100, 512, 1000, 1232, 4096, 65535})
  void udpLimitFollowsEdnsWithinReason(int payload) {
    Message message = Answers.query(1, "web.default", Type.A);
    message.addRecord(new OPTRecord(payload, 0, 0), Section.ADDITIONAL);
    assertThat(valid(message).udpLimit()).isEqualTo(Math.clamp(payload, 512, 1232));
  }

  @Test
  void shortMessageAndAnswersAreIgnored() {
    for (int size = 0; size < 12; size++) {
      assertThat(Query.parse(new byte[size])).isEqualTo(new Query.Ignored());
    }
    Message answer = Answers.query(1, "web.default", Type.A);
    answer.getHeader().setFlag(Flags.QR);
    assertThat(Query.parse(answer.toWire())).isEqualTo(new Query.Ignored());
  }

  @Test
  void otherOperationsAreNotImplemented() {
    for (int opcode : new int[] {Opcode.IQUERY, Opcode.STATUS, Opcode.NOTIFY, Opcode.UPDATE, 15}) {
      Message message = Answers.query(0xabcd, "web.default", Type.SOA);
      message.getHeader().setOpcode(opcode);
      Message answer = rejected(message.toWire());
      assertThat(answer.getHeader().getID()).isEqualTo(0xabcd);
      assertThat(answer.getHeader().getFlag(Flags.QR)).isTrue();
      assertThat(answer.getHeader().getFlag(Flags.RD)).isTrue();
      assertThat(answer.getHeader().getOpcode()).isEqualTo(opcode);
      assertThat(answer.getRcode()).isEqualTo(Rcode.NOTIMP);
    }
  }

  @Test
  void notOneQuestionIsAFormatError() {
    byte[] none = new byte[12];
    assertThat(rejected(none).getRcode()).isEqualTo(Rcode.FORMERR);
    Message two = Answers.query(1, "web.default", Type.A);
    two.addRecord(two.getQuestion(), Section.QUESTION);
    assertThat(rejected(two.toWire()).getRcode()).isEqualTo(Rcode.FORMERR);
  }

  @Test
  void questionThatEndsTooSoonIsAFormatErrorEvenWithTheTcBit() {
    byte[] wire = Answers.query(1, "web.default", Type.A).toWire();
    for (int size = 12; size < wire.length; size++) {
      byte[] cut = Arrays.copyOf(wire, size);
      assertThat(rejected(cut).getRcode()).isEqualTo(Rcode.FORMERR);
      cut[2] |= 2;
      assertThat(rejected(cut).getRcode()).isEqualTo(Rcode.FORMERR);
    }
  }

  @Test
  void compressionThatPointsToItselfIsAFormatError() {
    ByteBuffer wire = ByteBuffer.allocate(18);
    wire.putShort((short) 1).putShort((short) 0x100).putShort((short) 1);
    wire.putShort(12, (short) 0xc00c).putShort(14, (short) 1).putShort(16, (short) 1);
    assertThat(rejected(wire.array()).getRcode()).isEqualTo(Rcode.FORMERR);
  }

  @Test
  void twoOptRecordsAreAFormatError() {
    Message message = Answers.query(1, "web.default", Type.A);
    message.addRecord(new OPTRecord(1232, 0, 0), Section.ADDITIONAL);
    message.addRecord(new OPTRecord(512, 0, 0), Section.ADDITIONAL);
    assertThat(rejected(message.toWire()).getRcode()).isEqualTo(Rcode.FORMERR);
  }

  @Test
  void laterEdnsVersionIsToldOurs() {
    Message message = Answers.query(1, "web.default", Type.A);
    message.addRecord(new OPTRecord(1232, 0, 1), Section.ADDITIONAL);
    Message answer = rejected(message.toWire());
    assertThat(answer.getRcode()).isEqualTo(Rcode.BADVERS);
    assertThat(answer.getOPT()).isNotNull();
  }

  @ParameterizedTest
  @ValueSource(ints = {Type.AXFR, Type.IXFR, Type.MAILA, Type.MAILB, Type.OPT, Type.TKEY})
  void transfersAndMetaTypesAreRefused(int type) {
    Message answer = rejected(Answers.query(5, "cluster.local", type).toWire());
    assertThat(answer.getRcode()).isEqualTo(Rcode.REFUSED);
    assertThat(answer.getHeader().getID()).isEqualTo(5);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void rubbishNeverThrowsAndWhatIsAnsweredCanBeWritten(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (int round = 0; round < 3_000; round++) {
      byte[] wire;
      if (random.nextInt(4) == 0) {
        wire = new byte[random.nextInt(80)];
        random.nextBytes(wire);
      } else {
        Message message =
            Answers.query(random.nextInt(65536), "web.default.svc", 1 + random.nextInt(300));
        if (random.nextBoolean()) {
          message.addRecord(new OPTRecord(random.nextInt(65536), 0, 0), Section.ADDITIONAL);
        }
        wire = message.toWire();
        for (int flips = random.nextInt(6); flips > 0; flips--) {
          wire[random.nextInt(wire.length)] = (byte) random.nextInt(256);
        }
        if (random.nextInt(4) == 0) {
          wire = Arrays.copyOf(wire, random.nextInt(wire.length + 20));
        }
      }
      String what = "seed " + seed + " round " + round;
      switch (Query.parse(wire)) {
        case Query.Ignored _ -> {}
        case Query.Rejected(Message answer) -> {
          assertThat(answer.toWire()).as(what).hasSizeGreaterThanOrEqualTo(12);
          assertThat(answer.getHeader().getID())
              .as(what)
              .isEqualTo((wire[0] & 0xff) << 8 | (wire[1] & 0xff));
        }
        case Query.Valid query -> {
          byte[] answer = Reply.wire(Reply.error(query, Rcode.SERVFAIL), query.udpLimit());
          assertThat(answer).as(what).hasSizeBetween(12, query.udpLimit());
        }
      }
    }
  }

  private static Query.Valid valid(Message message) {
    return (Query.Valid) Query.parse(message.toWire());
  }

  private static Message rejected(byte[] wire) {
    Query parsed = Query.parse(wire);
    assertThat(parsed).isInstanceOf(Query.Rejected.class);
    return ((Query.Rejected) parsed).answer();
  }
}
