package dev.ktd.dns;

import java.net.InetAddress;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.TXTRecord;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/** What servers of tests say. */
final class Answers {
  private Answers() {}

  static Name name(String text) {
    try {
      return Name.fromString(text, Name.root);
    } catch (TextParseException e) {
      throw new AssertionError(e);
    }
  }

  static Message query(int id, String name, int type) {
    Message query = new Message(id);
    query.getHeader().setFlag(Flags.RD);
    query.addRecord(Record.newRecord(name(name), type, DClass.IN), Section.QUESTION);
    return query;
  }

  static Message to(Message query, int rcode) {
    Message answer = new Message(query.getHeader().getID());
    answer.getHeader().setFlag(Flags.QR);
    answer.getHeader().setFlag(Flags.AA);
    answer.getHeader().setFlag(Flags.RD);
    answer.getHeader().setRcode(rcode);
    answer.addRecord(query.getQuestion(), Section.QUESTION);
    return answer;
  }

  /** An address; nothing for other types. */
  static Message address(Message query, String address, long ttl) {
    Message answer = to(query, Rcode.NOERROR);
    Name name = query.getQuestion().getName();
    InetAddress parsed = InetAddress.ofLiteral(address);
    int type = query.getQuestion().getType();
    if (type == Type.A) {
      answer.addRecord(new ARecord(name, DClass.IN, ttl, parsed), Section.ANSWER);
    } else if (type == Type.AAAA) {
      answer.addRecord(new AAAARecord(name, DClass.IN, ttl, parsed), Section.ANSWER);
    }
    return answer;
  }

  static Message text(Message query, int records) {
    Message answer = to(query, Rcode.NOERROR);
    for (int i = 0; i < records; i++) {
      answer.addRecord(
          new TXTRecord(
              query.getQuestion().getName(),
              DClass.IN,
              5,
              String.format("%03d", i) + "x".repeat(97)),
          Section.ANSWER);
    }
    return answer;
  }

  /** No such name (or no such data), kept for {@code ttl} seconds. */
  static Message negative(Message query, int rcode, long ttl, long minimum) {
    Message answer = to(query, rcode);
    answer.addRecord(
        new SOARecord(
            name("cluster.local"),
            DClass.IN,
            ttl,
            name("ns.dns.cluster.local"),
            name("hostmaster.cluster.local"),
            1,
            7200,
            1800,
            86400,
            minimum),
        Section.AUTHORITY);
    return answer;
  }
}
