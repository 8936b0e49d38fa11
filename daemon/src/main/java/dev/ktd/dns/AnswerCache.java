package dev.ktd.dns;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * Answers of the cluster for as long as they may be kept (RFC 1035 section 7.4), and that there is
 * no answer (RFC 2308). Bounded in entries and in bytes; the least recently used goes first. One
 * thread.
 */
final class AnswerCache {
  static final int MAX_ENTRIES = 1024;

  /** In bytes; larger answers are not kept, so that all together stay under 4 MiB. */
  static final int MAX_ANSWER = 4096;

  /** In seconds. Pods come and go: a cluster's longer promise is not worth believing. */
  static final long MAX_TTL = 30;

  /** In seconds. Who creates a Service wants to see it. */
  static final long MAX_NEGATIVE_TTL = 5;

  private static final int[] DATA = {Section.ANSWER, Section.AUTHORITY, Section.ADDITIONAL};

  private record Entry(Message answer, long stored, long expires) {}

  private final LongSupplier nanos;

  private final LinkedHashMap<Question, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);

  /**
   * @param nanos monotonic clock
   */
  AnswerCache(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /** The answer with its times to live as they are now; null when there is none. */
  @Nullable Message get(Question question) {
    Entry entry = entries.get(question);
    if (entry == null) {
      return null;
    }
    long now = nanos.getAsLong();
    if (now - entry.expires >= 0) {
      entries.remove(question);
      return null;
    }
    return aged(entry.answer, TimeUnit.NANOSECONDS.toSeconds(now - entry.stored));
  }

  /** Keeps {@code answer}, unchanged from now on, if and as long as it may be kept. */
  void put(Question question, Message answer) {
    long seconds = lifetime(question, answer);
    if (seconds <= 0 || answer.numBytes() > MAX_ANSWER) {
      return;
    }
    long now = nanos.getAsLong();
    entries.put(question, new Entry(answer, now, now + TimeUnit.SECONDS.toNanos(seconds)));
    if (entries.size() > MAX_ENTRIES) {
      Map.Entry<Question, Entry> eldest = entries.firstEntry();
      entries.remove(eldest.getKey());
    }
  }

  void clear() {
    entries.clear();
  }

  int size() {
    return entries.size();
  }

  private static long lifetime(Question question, Message answer) {
    int rcode = answer.getRcode();
    if (answer.getHeader().getFlag(Flags.TC)
        || (rcode != Rcode.NOERROR && rcode != Rcode.NXDOMAIN)) {
      return 0;
    }
    boolean found = false;
    long least = MAX_TTL;
    for (Record record : answer.getSection(Section.ANSWER)) {
      found |= record.getType() == question.type() || question.type() == Type.ANY;
      least = Math.min(least, record.getTTL());
    }
    if (rcode == Rcode.NOERROR && found) {
      return least;
    }
    // RFC 2308 section 5: kept as long as the SOA says, and without one not at all.
    for (Record record : answer.getSection(Section.AUTHORITY)) {
      if (record instanceof SOARecord soa) {
        long negative = Math.min(soa.getTTL(), soa.getMinimum());
        return Math.min(Math.min(least, negative), MAX_NEGATIVE_TTL);
      }
    }
    return 0;
  }

  private static Message aged(Message answer, long seconds) {
    Message aged = new Message();
    aged.setHeader(answer.getHeader().clone());
    for (Record record : answer.getSection(Section.QUESTION)) {
      aged.addRecord(record, Section.QUESTION);
    }
    for (int section : DATA) {
      for (Record record : answer.getSection(section)) {
        aged.addRecord(record instanceof OPTRecord ? record : aged(record, seconds), section);
      }
    }
    return aged;
  }

  /** A copy with a smaller TTL; dnsjava's records cannot be changed from outside. */
  private static Record aged(Record record, long seconds) {
    byte[] wire = record.toWire(Section.ANSWER);
    long left = Math.max(0, record.getTTL() - seconds);
    ByteBuffer.wrap(wire).putInt(record.getName().length() + 4, (int) left);
    try {
      return Record.fromWire(wire, Section.ANSWER);
    } catch (IOException e) {
      throw new IllegalStateException("a record cannot be read back: " + record.getName(), e);
    }
  }
}
