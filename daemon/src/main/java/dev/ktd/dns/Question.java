package dev.ktd.dns;

import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;

/**
 * What is asked of the cluster: equal questions have equal answers, so they are merged and cached
 * by it. Class IN.
 *
 * @param name absolute; upper and lower case are equal
 */
record Question(Name name, int type, boolean recursion, boolean checkingDisabled, boolean dnssec) {
  static Question of(Query.Valid query, Name ask) {
    return new Question(
        ask,
        query.question().getType(),
        query.flag(Flags.RD),
        query.flag(Flags.CD),
        query.dnssec());
  }

  /** A message that asks it. */
  Message message(int id) {
    Message message = new Message(id);
    if (recursion) {
      message.getHeader().setFlag(Flags.RD);
    }
    if (checkingDisabled) {
      message.getHeader().setFlag(Flags.CD);
    }
    message.addRecord(Record.newRecord(name, type, DClass.IN), Section.QUESTION);
    if (dnssec) {
      message.addRecord(
          new OPTRecord(Query.Valid.MAX_UDP, 0, 0, ExtendedFlags.DO), Section.ADDITIONAL);
    }
    return message;
  }

  /** Whether {@code answer} answers it. */
  boolean isAnsweredBy(Message answer) {
    Record echoed = answer.getQuestion();
    return answer.getHeader().getFlag(Flags.QR)
        && echoed != null
        && echoed.getName().equals(name)
        && echoed.getType() == type;
  }
}
