package dev.ktd.os.linux.names;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.Change;
import dev.ktd.os.Cidr;
import dev.ktd.os.CommandRunner;
import dev.ktd.os.HostResolver;
import dev.ktd.os.Journal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Hosts where resolvconf(8), Debian's or openresolv, writes resolv.conf from the records of all who
 * know of servers: one more record, named so that both put it first (interface-order(5), and
 * dynamic_order in resolvconf.conf(5), begin with {@code tun}).
 */
final class ResolvconfRecord implements NameSetter {
  static final String NAME = "tun0.ktd";

  private static final Duration LIMIT = Duration.ofSeconds(10);

  private final CommandRunner commands;
  private final Journal journal;

  ResolvconfRecord(CommandRunner commands, Journal journal) {
    this.commands = commands;
    this.journal = journal;
  }

  @Override
  public void apply(HostResolver.Wanted wanted) {
    List<String> lines = new ArrayList<>();
    lines.add("nameserver " + Cidr.text(wanted.server()));
    if (!wanted.search().isEmpty()) {
      lines.add("search " + String.join(" ", wanted.search()));
    }
    var change = new Change.ResolvconfRecord(NAME);
    journal.append(change);
    CommandRunner.Result result =
        commands.run(List.of("resolvconf", "-a", NAME), String.join("\n", lines) + "\n", LIMIT);
    if (result.exitStatus() != 0) {
      restore();
      throw failure("take our record", result);
    }
  }

  @Override
  public void undo() {
    restore();
  }

  /**
   * Removes our record.
   *
   * @return what was done; empty when there was none
   */
  Optional<String> restore() {
    var change = new Change.ResolvconfRecord(NAME);
    if (!journal.pending().contains(change)) {
      return Optional.empty();
    }
    CommandRunner.Result result = commands.run(List.of("resolvconf", "-d", NAME), "", LIMIT);
    if (result.exitStatus() != 0) {
      throw failure("remove our record", result);
    }
    journal.forget(change);
    return Optional.of("removed the record " + NAME + " of resolvconf");
  }

  private static KtdException failure(String what, CommandRunner.Result result) {
    return new KtdException(
        ErrorCode.DNS,
        "resolvconf could not " + what + ": " + result.errors().strip(),
        "See what it knows:  resolvconf -l");
  }
}
