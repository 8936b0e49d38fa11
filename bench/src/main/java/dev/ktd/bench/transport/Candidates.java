package dev.ktd.bench.transport;

import dev.ktd.bench.figures.Programs;
import dev.ktd.bench.figures.Report;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Who takes part: the standard ways, and of the others those whose programs are here. */
final class Candidates {
  static final String KTD = "ktd";

  /** All ratios are to it. */
  static final String BASE = "ssh -L";

  private final List<Candidate.Entry> main;
  private final List<Candidate.Entry> beside = new ArrayList<>();
  private final List<Candidate.Entry> alone = new ArrayList<>();

  /** Says who is left out. */
  Candidates(Bed bed, SshServer server) {
    main =
        List.of(
            new Candidate.Entry(KTD, true, way -> new KtdCandidate(bed, way)),
            new Candidate.Entry(BASE, true, way -> SshCandidate.listening(bed, server, way)));
    find(
        "proxychains4",
        _ -> peer("ssh -D", way -> SshCandidate.socks(bed, server, way, SshCandidate.SOCKS_PORT)));
    peer("port-forward", way -> new ForwardCandidate(bed, way));
    find("sshuttle", it -> peer("sshuttle", way -> Sshuttle.start(bed, server, it, way)));
    find("tun2socks", it -> peer("tun2socks", way -> Tun2socks.start(bed, server, it, way)));
    find("telepresence", it -> alone("telepresence", SystemTool.telepresence(bed, it)));
    find("kubevpn", it -> alone("kubevpn", SystemTool.kubevpn(bed, it)));
  }

  private void find(String program, Consumer<Path> found) {
    Programs.find(program)
        .ifPresentOrElse(
            found, () -> Report.line(program + " is not in KTD_PEERS or on PATH: left out"));
  }

  private void peer(String name, Candidate.Starter starter) {
    beside.add(new Candidate.Entry(name, false, starter));
  }

  private void alone(String name, Candidate.Starter starter) {
    alone.add(new Candidate.Entry(name, false, starter));
  }

  /** ktd and its measure: those of every row. */
  List<Candidate.Entry> main() {
    return main;
  }

  /** Those whose start is timed. */
  List<Candidate.Entry> started() {
    return Stream.concat(main.stream(), alone.stream()).toList();
  }

  /** All, grouped by who can stand side by side. */
  List<List<Candidate.Entry>> groups() {
    Stream<List<Candidate.Entry>> first =
        Stream.of(Stream.concat(main.stream(), beside.stream()).toList());
    return Stream.concat(first, alone.stream().map(List::of)).toList();
  }
}
