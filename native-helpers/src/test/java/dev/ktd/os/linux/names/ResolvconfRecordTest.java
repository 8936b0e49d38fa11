package dev.ktd.os.linux.names;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.Change;
import dev.ktd.os.CommandRunner;
import dev.ktd.os.HostResolver;
import dev.ktd.os.Journal;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResolvconfRecordTest {
  private static final HostResolver.Wanted WANTED =
      new HostResolver.Wanted(
          "ktd0", InetAddress.ofLiteral("198.18.0.53"), List.of("a.svc", "svc"), List.of());

  @TempDir Path temporary;
  private Journal journal;

  @BeforeEach
  void open() {
    journal = new Journal(temporary);
  }

  @Test
  void theRecordIsInTheJournalBeforeItIsMade() {
    List<String> inputs = new ArrayList<>();
    var programs =
        new Programs(
            (command, input) -> {
              inputs.add(input);
              assertThat(journal.pending())
                  .containsExactly(new Change.ResolvconfRecord("tun0.ktd"));
              return new CommandRunner.Result(0, "", "");
            });
    var record = new ResolvconfRecord(programs, journal);
    record.apply(WANTED);
    assertThat(programs.run()).containsExactly("resolvconf -a tun0.ktd");
    assertThat(inputs).containsExactly("nameserver 198.18.0.53\nsearch a.svc svc\n");
  }

  @Test
  void theNextProcessRemovesItAndOnlyOnce() {
    new ResolvconfRecord(new Programs(), journal).apply(WANTED);
    var programs = new Programs();
    var next = new ResolvconfRecord(programs, journal);
    assertThat(next.restore()).contains("removed the record tun0.ktd of resolvconf");
    assertThat(next.restore()).isEmpty();
    assertThat(programs.run()).containsExactly("resolvconf -d tun0.ktd");
    assertThat(journal.pending()).isEmpty();
  }

  @Test
  void aRecordThatCouldNotBeMadeIsNotLeft() {
    var programs =
        new Programs(
            (command, input) ->
                new CommandRunner.Result(command.contains("-a") ? 1 : 0, "", "disk full\n"));
    assertThatThrownBy(() -> new ResolvconfRecord(programs, journal).apply(WANTED))
        .isInstanceOfSatisfying(
            KtdException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DNS))
        .hasMessage("resolvconf could not take our record: disk full");
    assertThat(programs.run()).containsExactly("resolvconf -a tun0.ktd", "resolvconf -d tun0.ktd");
    assertThat(journal.pending()).isEmpty();
  }

  @Test
  void aRecordThatCannotBeRemovedStaysInTheJournal() {
    var programs =
        new Programs(
            (command, input) ->
                new CommandRunner.Result(command.contains("-d") ? 1 : 0, "", "busy\n"));
    var record = new ResolvconfRecord(programs, journal);
    record.apply(WANTED);
    assertThatThrownBy(record::undo).hasMessage("resolvconf could not remove our record: busy");
    assertThat(journal.pending()).hasSize(1);
  }
}
