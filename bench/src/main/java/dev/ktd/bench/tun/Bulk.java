package dev.ktd.bench.tun;

/** Bytes a second, up and down, with one flow and with 32, beside their ceilings. */
final class Bulk {
  private static final int MANY = 32;

  private final Lab lab;

  Bulk(Lab lab) {
    this.lab = lab;
  }

  void run() throws Exception {
    for (int round = 0; round < lab.options.rounds(); round++) {
      for (int flows : new int[] {1, MANY}) {
        up(round, "up ceiling, " + flows, flows, () -> Stand.trick(lab.host, lab.loop, false));
        up(round, "up ktd, " + flows, flows, this::ktd);
        down(round, "down ceiling, " + flows, flows, () -> Stand.trick(lab.host, lab.loop, true));
        down(round, "down ktd, " + flows, flows, this::ktd);
      }
    }
  }

  private Stand ktd() throws Exception {
    return Stand.ktd(lab.host, lab.loop, new InProcess(lab.loop));
  }

  private void up(int round, String series, int flows, Lab.StandMaker maker) throws Exception {
    lab.round(
        round, series, "Gb/s", maker, _ -> bulk(lab, "send", Stand.TARGET, InProcess.SINK, flows));
  }

  private void down(int round, String series, int flows, Lab.StandMaker maker) throws Exception {
    lab.round(
        round,
        series,
        "Gb/s",
        maker,
        _ -> bulk(lab, "receive", Stand.TARGET, InProcess.SOURCE, flows));
  }

  /** Gb/s as the program sees it. */
  static Lab.Taken bulk(Lab lab, String direction, String address, int port, int flows)
      throws Exception {
    long[] moved =
        lab.program.ask(
            "%s %s %d %d %d %d"
                .formatted(
                    direction, address, port, flows, lab.options.warmUp(), lab.options.time()));
    return new Lab.Taken(moved[0] * 8.0 / moved[1], moved[0] / 1e9);
  }
}
