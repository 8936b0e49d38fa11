package dev.ktd.dns;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Header;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Bytes from a local program, judged. */
sealed interface Query {
  /**
   * A well-formed question.
   *
   * @param message all of it, not to be changed
   * @param question its only question, spelt as the program did
   */
  record Valid(Message message, Record question) implements Query {
    /** What the largest UDP answer may be: larger ones would meet a small MTU (RFC 9715). */
    static final int MAX_UDP = 1232;

    int id() {
      return message.getHeader().getID();
    }

    /** RFC 6891; null: the program does not speak it. */
    @Nullable OPTRecord edns() {
      return message.getOPT();
    }

    boolean flag(int flag) {
      return message.getHeader().getFlag(flag);
    }

    boolean dnssec() {
      OPTRecord edns = edns();
      return edns != null && (edns.getFlags() & ExtendedFlags.DO) != 0;
    }

    /** The largest answer by UDP, in bytes: 512 without EDNS (RFC 1035 section 4.2.1). */
    int udpLimit() {
      OPTRecord edns = edns();
      return edns == null ? 512 : Math.clamp(edns.getPayloadSize(), 512, MAX_UDP);
    }
  }

  /** To be answered with this, and not to be looked at further. */
  record Rejected(Message answer) implements Query {}

  /** Not a query at all; an answer could start a loop. */
  record Ignored() implements Query {}

  /** Judges {@code wire}; never throws. */
  static Query parse(byte[] wire) {
    if (wire.length < Header.LENGTH) {
      return new Ignored();
    }
    ByteBuffer header = ByteBuffer.wrap(wire);
    int flags = header.getShort(2) & 0xffff;
    if ((flags & 0x8000) != 0) {
      return new Ignored();
    }
    if ((flags >> 11 & 0xf) != Opcode.QUERY) {
      return new Rejected(bare(wire, Rcode.NOTIMP));
    }
    if (header.getShort(4) != 1 || header.getShort(6) != 0) {
      return new Rejected(bare(wire, Rcode.FORMERR));
    }
    Message message;
    try {
      message = new Message(wire);
    } catch (IOException | RuntimeException _) {
      return new Rejected(bare(wire, Rcode.FORMERR));
    }
    Record question = message.getQuestion();
    if (question == null || ednsRecords(message) > 1) { // a TC bit hides a cut-off question
      return new Rejected(bare(wire, Rcode.FORMERR));
    }
    Valid valid = new Valid(message, question);
    OPTRecord edns = valid.edns();
    if (edns != null && edns.getVersion() != 0) {
      return new Rejected(Reply.error(valid, Rcode.BADVERS));
    }
    return switch (question.getType()) {
      // Transfers have many messages; the others are no types of data (RFC 6895 section 3.1).
      case Type.AXFR, Type.IXFR, Type.MAILA, Type.MAILB, Type.OPT, Type.TSIG, Type.TKEY ->
          new Rejected(Reply.error(valid, Rcode.REFUSED));
      default -> valid;
    };
  }

  private static int ednsRecords(Message message) {
    int count = 0;
    for (Record record : message.getSection(Section.ADDITIONAL)) {
      count += record instanceof OPTRecord ? 1 : 0;
    }
    return count;
  }

  /** Only a header: the question could not be read, or is not worth it. */
  private static Message bare(byte[] wire, int rcode) {
    Header header = new Header((wire[0] & 0xff) << 8 | (wire[1] & 0xff));
    header.setFlag(Flags.QR);
    header.setOpcode(wire[2] >> 3 & 0xf);
    header.setRcode(rcode);
    if ((wire[2] & 1) != 0) {
      header.setFlag(Flags.RD);
    }
    Message answer = new Message();
    answer.setHeader(header);
    return answer;
  }
}
