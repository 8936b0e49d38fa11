package dev.ktd.bench.transport;

import dev.ktd.bench.figures.Programs;
import dev.ktd.bench.figures.Report;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Who takes part. */
final class Candidates {
  static final String KTD = "ktd";

  /** All ratios are to it. */
  static final String BASE = "ssh -L";

  private Candidates() {}

  /** ktd, its measure, and of the others those whose programs are here. */
  static List<Candidate.Entry> all(Bed bed, SshServer server) {
    List<Candidate.Entry> found = new ArrayList<>(main(bed, server));
    if (Programs.find("proxychains4").isPresent()) {
      found.add(
          new Candidate.Entry(
              "ssh -D",
              false,
              way -> SshCandidate.socks(bed, server, way, SshCandidate.SOCKS_PORT)));
    } else {
      skipped("ssh -D", "proxychains4");
    }
    found.add(new Candidate.Entry("port-forward", false, way -> new ForwardCandidate(bed, way)));
    program("sshuttle")
        .ifPresent(
            program ->
                found.add(
                    new Candidate.Entry(
                        "sshuttle", false, way -> Sshuttle.start(bed, server, program, way))));
    program("tun2socks")
        .ifPresent(
            program ->
                found.add(
                    new Candidate.Entry(
                        "tun2socks", false, way -> Tun2socks.start(bed, server, program, way))));
    return found;
  }

  /** Those of every row. */
  static List<Candidate.Entry> main(Bed bed, SshServer server) {
    return List.of(
        new Candidate.Entry(KTD, true, way -> new KtdCandidate(bed, way)),
        new Candidate.Entry(BASE, true, way -> SshCandidate.listening(bed, server, way)));
  }

  private static Optional<Path> program(String name) {
    Optional<Path> found = Programs.find(name);
    if (found.isEmpty()) {
      skipped(name, name);
    }
    return found;
  }

  private static void skipped(String name, String program) {
    Report.line(name + " is left out: " + program + " is not in KTD_PEERS or on PATH");
  }
}
