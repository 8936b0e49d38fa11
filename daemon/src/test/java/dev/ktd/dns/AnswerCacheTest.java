package dev.ktd.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.PTRRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

class AnswerCacheTest {
  private long now = Long.MAX_VALUE - TimeUnit.SECONDS.toNanos(3); // wraps around during the test
  private final AnswerCache cache = new AnswerCache(() -> now);
  private final Question question = question("web.default.svc.cluster.local");

  @Test
  void answerIsKeptForItsTtlAndCountsDown() {
    cache.put(question, Answers.address(query(question), "10.43.0.7", 5));
    pass(2);
    Message kept = Objects.requireNonNull(cache.get(question));
    assertThat(kept.getSection(Section.ANSWER).getFirst().getTTL()).isEqualTo(3);
    assertThat(kept.getSection(Section.ANSWER).getFirst().rdataToString()).isEqualTo("10.43.0.7");
    pass(2);
    assertThat(cache.get(question)).isNotNull();
    pass(1);
    assertThat(cache.get(question)).isNull();
    assertThat(cache.size()).isZero();
  }

  @Test
  void longPromiseIsNotBelieved() {
    cache.put(question, Answers.address(query(question), "10.43.0.7", 86400));
    pass(AnswerCache.MAX_TTL - 1);
    assertThat(cache.get(question)).isNotNull();
    pass(1);
    assertThat(cache.get(question)).isNull();
  }

  @Test
  void missingNameIsKeptAsTheSoaSays() {
    for (int rcode : new int[] {Rcode.NXDOMAIN, Rcode.NOERROR}) {
      cache.put(question, Answers.negative(query(question), rcode, 30, 2));
      pass(1);
      Message kept = Objects.requireNonNull(cache.get(question));
      assertThat(kept.getRcode()).isEqualTo(rcode);
      pass(1);
      assertThat(cache.get(question)).isNull();
    }
  }

  @Test
  void missingNameIsNotKeptForLong() {
    cache.put(question, Answers.negative(query(question), Rcode.NXDOMAIN, 3600, 3600));
    pass(AnswerCache.MAX_NEGATIVE_TTL);
    assertThat(cache.get(question)).isNull();
  }

  @Test
  void whatMayNotBeKeptIsNot() {
    cache.put(question, Answers.address(query(question), "10.43.0.7", 0));
    cache.put(question, Answers.to(query(question), Rcode.NXDOMAIN)); // no SOA
    cache.put(question, Answers.to(query(question), Rcode.SERVFAIL));
    Message cut = Answers.address(query(question), "10.43.0.7", 5);
    cut.getHeader().setFlag(Flags.TC);
    cache.put(question, cut);
    cache.put(question, Answers.text(query(question), 50)); // too large
    assertThat(cache.size()).isZero();
  }

  @Test
  void upperAndLowerCaseAreOneQuestion() {
    cache.put(question, Answers.address(query(question), "10.43.0.7", 5));
    assertThat(cache.get(question("WEB.default.SVC.cluster.local"))).isNotNull();
    assertThat(cache.get(new Question(question.name(), Type.AAAA, true, false, false))).isNull();
    assertThat(cache.get(new Question(question.name(), Type.A, true, false, true))).isNull();
  }

  @Test
  void leastRecentlyUsedGoesFirst() {
    for (int i = 0; i < AnswerCache.MAX_ENTRIES; i++) {
      put("n" + i);
    }
    assertThat(cache.get(question("n0"))).isNotNull();
    put("one-more");
    assertThat(cache.size()).isEqualTo(AnswerCache.MAX_ENTRIES);
    assertThat(cache.get(question("n0"))).isNotNull();
    assertThat(cache.get(question("n1"))).isNull();
  }

  @Test
  void recordWithANameInItKeepsItsSpelling() {
    Question reverse =
        new Question(Answers.name("7.0.43.10.in-addr.arpa"), Type.PTR, true, false, false);
    Message answer = Answers.to(query(reverse), Rcode.NOERROR);
    Record record =
        new PTRRecord(reverse.name(), DClass.IN, 5, Answers.name("Web.Default.svc.cluster.local"));
    answer.addRecord(record, Section.ANSWER);
    cache.put(reverse, answer);
    pass(1);
    Message kept = Objects.requireNonNull(cache.get(reverse));
    assertThat(kept.getSection(Section.ANSWER).getFirst().rdataToString())
        .isEqualTo("Web.Default.svc.cluster.local.");
  }

  private void put(String name) {
    cache.put(question(name), Answers.address(query(question(name)), "10.43.0.7", 5));
  }

  private void pass(long seconds) {
    now += TimeUnit.SECONDS.toNanos(seconds);
  }

  private static Question question(String name) {
    return new Question(Answers.name(name), Type.A, true, false, false);
  }

  private static Message query(Question question) {
    return question.message(7);
  }
}
