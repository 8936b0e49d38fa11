package dev.ktd.dns;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Header;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.TSIGRecord;
import org.xbill.DNS.Type;

/** Makes answers to local programs: their id, their spelling of the question, their EDNS. */
final class Reply {
  /** Of a CNAME of ours without records behind it, in seconds; as CoreDNS answers. */
  private static final long ALIAS_TTL = 5;

  private static final int[] DATA = {Section.ANSWER, Section.AUTHORITY, Section.ADDITIONAL};

  private Reply() {}

  /** An answer without records. */
  static Message error(Query.Valid query, int rcode) {
    return start(query, rcode, List.of());
  }

  /**
   * What the host's server said, as it said it. {@code answer} stays unchanged and may be shared.
   */
  static Message fromHost(Query.Valid query, Message answer) {
    Message reply = start(query, answer.getRcode(), options(answer));
    reply.getHeader().unsetFlag(Flags.RA); // unless that server says so
    for (int flag : new int[] {Flags.AA, Flags.TC, Flags.RA, Flags.AD}) {
      copy(answer, reply, flag);
    }
    addData(answer, reply);
    return reply;
  }

  /**
   * What the cluster's server said about {@code asked}; where the program asked for another name,
   * after a CNAME that leads there. {@code answer} stays unchanged and may be shared.
   */
  static Message fromCluster(Query.Valid query, Name asked, Message answer) {
    Message reply = start(query, answer.getRcode(), options(answer));
    copy(answer, reply, Flags.TC);
    Name name = query.question().getName();
    if (!name.equals(asked)) {
      reply.addRecord(new CNAMERecord(name, DClass.IN, aliasTtl(answer), asked), Section.ANSWER);
      if (query.question().getType() == Type.CNAME) {
        return reply; // the alias itself was asked for
      }
    }
    addData(answer, reply);
    return reply;
  }

  /** The bytes, at most {@code limit}; with less than all the records the TC bit is set. */
  static byte[] wire(Message reply, int limit) {
    return reply.toWire(limit);
  }

  private static Message start(Query.Valid query, int rcode, List<EDNSOption> options) {
    Message reply = new Message(query.id());
    Header header = reply.getHeader();
    header.setFlag(Flags.QR);
    header.setFlag(Flags.RA);
    copy(query.message(), reply, Flags.RD);
    copy(query.message(), reply, Flags.CD);
    reply.addRecord(query.question(), Section.QUESTION);
    OPTRecord edns = query.edns();
    if (edns == null) {
      header.setRcode(rcode > 0xf ? Rcode.SERVFAIL : rcode);
    } else {
      header.setRcode(rcode & 0xf);
      int flags = edns.getFlags() & ExtendedFlags.DO;
      reply.addRecord(
          new OPTRecord(Query.Valid.MAX_UDP, rcode >> 4, 0, flags, options), Section.ADDITIONAL);
    }
    return reply;
  }

  private static List<EDNSOption> options(Message answer) {
    OPTRecord edns = answer.getOPT();
    return edns == null ? List.of() : edns.getOptions();
  }

  private static void copy(Message from, Message to, int flag) {
    if (from.getHeader().getFlag(flag)) {
      to.getHeader().setFlag(flag);
    }
  }

  private static void addData(Message from, Message to) {
    for (int section : DATA) {
      for (Record record : from.getSection(section)) {
        // Both belong to one hop, not to the data.
        if (!(record instanceof OPTRecord) && !(record instanceof TSIGRecord)) {
          to.addRecord(record, section);
        }
      }
    }
  }

  private static long aliasTtl(Message answer) {
    @Nullable Long least = null;
    for (Record record : answer.getSection(Section.ANSWER)) {
      least = least == null ? record.getTTL() : Math.min(least, record.getTTL());
    }
    return least == null ? ALIAS_TTL : least;
  }
}
