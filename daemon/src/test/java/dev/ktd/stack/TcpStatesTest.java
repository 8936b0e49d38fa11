package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.packet.Packet;
import dev.ktd.packet.Wire;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Every event in every state, as RFC 9293, section 3.10 has it: the table is tcp/states.txt, which
 * says how to read it. {@code -Dgolden.update=true} rewrites it; then compare it with the RFC.
 */
final class TcpStatesTest {
  private static final Path TABLE = Path.of("src/test/resources/tcp/states.txt");
  private static final Pattern NUMBER = Pattern.compile("\\b(rcv|una|nxt)([+-]\\d+)?\\b");

  private static final String OPEN = "+0 < S 0:0(0) win 64240 <mss 1460>";
  private static final String ACCEPTED = OPEN + "; +0 accept";
  private static final String CONNECTED =
      ACCEPTED
          + "; +0 > S. 0:0(0) ack 1; +0 < P. 1:11(10) ack 1 win 64240; +0 write 10"
          + "; +0 > P. 1:11(10) ack 11; +0 < . 11:11(0) ack 11 win 64240";
  private static final String IN_FLIGHT = "; +0 write 10; +0 > P. 11:21(10) ack ";
  private static final String THEIR_FIN =
      "; +0 < F. 11:11(0) ack 11 win 64240; +0 > . 11:11(0) ack 12";
  private static final String OUR_FIN = "; +0 shutdown; +0 > F. 11:11(0) ack ";

  /** How to bring a connection there, and the numbers it has there. */
  private enum Column {
    L(TcpState.LISTEN, OPEN, 1, 1, 1),
    SR(TcpState.SYN_RECEIVED, ACCEPTED + "; +0 > S. 0:0(0) ack 1", 1, 0, 1),
    E(TcpState.ESTABLISHED, CONNECTED + IN_FLIGHT + "11", 11, 11, 21),
    F1(TcpState.FIN_WAIT_1, CONNECTED + OUR_FIN + "11", 11, 11, 12),
    F2(
        TcpState.FIN_WAIT_2,
        CONNECTED + OUR_FIN + "11; +0 < . 11:11(0) ack 12 win 64240",
        11,
        12,
        12),
    CW(TcpState.CLOSE_WAIT, CONNECTED + THEIR_FIN + IN_FLIGHT + "12", 12, 11, 21),
    CG(
        TcpState.CLOSING,
        CONNECTED + OUR_FIN + "11; +0 < F. 11:11(0) ack 11 win 64240; +0 > . 12:12(0) ack 12",
        12,
        11,
        12),
    LA(TcpState.LAST_ACK, CONNECTED + THEIR_FIN + OUR_FIN + "12", 12, 11, 12),
    TW(
        TcpState.TIME_WAIT,
        CONNECTED + OUR_FIN + "11; +0 < F. 11:11(0) ack 12 win 64240; +0 > . 12:12(0) ack 12",
        12,
        12,
        12),
    C(TcpState.CLOSED, CONNECTED + "; +0 < R 11:11(0)", 11, 11, 11);

    final TcpState state;
    private final String recipe;
    private final int rcv;
    private final int una;
    private final int nxt;

    Column(TcpState state, String recipe, int rcv, int una, int nxt) {
      this.state = state;
      this.recipe = recipe;
      this.rcv = rcv;
      this.una = una;
      this.nxt = nxt;
    }

    TcpScript bring(String row) {
      TcpScript script = new TcpScript(row + " in " + state);
      for (String step : recipe.split("; ", -1)) {
        script.line(step);
      }
      script.line("+0 poll");
      script.framesSent();
      script.eventsTold();
      assertThat(script.state()).isEqualTo(state);
      return script;
    }

    /** The step with {@code rcv+1} and the like replaced by numbers. */
    String fill(String step) {
      Matcher matcher = NUMBER.matcher(step);
      return matcher.replaceAll(
          match -> {
            int shift = match.group(2) == null ? 0 : Integer.parseInt(match.group(2));
            return Integer.toUnsignedString(number(match.group(1)) + shift);
          });
    }

    private int number(String name) {
      return name.equals("rcv") ? rcv : name.equals("una") ? una : nxt;
    }
  }

  /** RCV.NXT, SND.UNA and SND.NXT are those of the column. */
  private static Map<String, String> rows() {
    Map<String, String> rows = new LinkedHashMap<>();
    rows.put("SYN again", "< S 0:0(0) win 64240 <mss 1460>");
    rows.put("SYN in window", "< S rcv+999:rcv+999(0) win 64240 <mss 1460>");
    rows.put("SYN before window", "< S rcv-9999:rcv-9999(0) win 64240 <mss 1460>");
    rows.put("SYN-ACK", "< S. rcv:rcv(0) ack nxt win 64240 <mss 1460>");
    rows.put("SYN-FIN", "< SF rcv:rcv(0) win 64240 <mss 1460>");
    rows.put("ACK of all", "< . rcv:rcv(0) ack nxt win 64240");
    rows.put("ACK of nothing new", "< . rcv:rcv(0) ack una win 64240");
    rows.put("ACK too new", "< . rcv:rcv(0) ack nxt+999 win 64240");
    rows.put("ACK too old", "< . rcv:rcv(0) ack una-99999 win 64240");
    rows.put("keep-alive", "< . rcv-1:rcv-1(0) ack nxt win 64240");
    rows.put("no ACK flag", "< P rcv:rcv+9(9) win 64240");
    rows.put("data", "< P. rcv:rcv+9(9) ack nxt win 64240");
    rows.put("data early", "< P. rcv+99:rcv+108(9) ack nxt win 64240");
    rows.put("data old", "< P. rcv-9:rcv(9) ack nxt win 64240");
    rows.put("data beyond window", "< P. rcv+99999:rcv+100008(9) ack nxt win 64240");
    rows.put("FIN", "< F. rcv:rcv(0) ack una win 64240");
    rows.put("FIN with ACK of all", "< F. rcv:rcv(0) ack nxt win 64240");
    rows.put("FIN early", "< F. rcv+99:rcv+99(0) ack nxt win 64240");
    rows.put("FIN again", "< F. rcv-1:rcv-1(0) ack nxt win 64240");
    rows.put("RST", "< R rcv:rcv(0)");
    rows.put("RST in window", "< R rcv+99:rcv+99(0)");
    rows.put("RST beyond window", "< R rcv+99999:rcv+99999(0)");
    rows.put("RST before window", "< R rcv-99:rcv-99(0)");
    rows.put("accept", "accept");
    rows.put("refuse", "refuse REFUSED");
    rows.put("write", "write 9");
    rows.put("shutdown", "shutdown");
    rows.put("resume", "resume");
    rows.put("abort", "abort");
    rows.put("next timer", "timer");
    rows.put("all timers", "times 30 timer");
    rows.put("end of stack", "close");
    return rows;
  }

  @Test
  void everyEventInEveryStateDoesWhatTheTableSays() throws IOException {
    List<String> written = Files.readAllLines(TABLE);
    List<String> actual = new ArrayList<>(written.stream().filter(l -> l.startsWith("#")).toList());
    actual.add("");
    actual.add(cells("", List.of(Column.values())));
    rows()
        .forEach(
            (row, step) -> {
              List<String> cells = new ArrayList<>();
              for (Column column : Column.values()) {
                cells.add(cell(column, row, step));
              }
              actual.add(cells(row, cells));
            });
    if (Boolean.getBoolean("golden.update")) {
      Files.write(TABLE, actual);
    }
    assertThat(actual).isEqualTo(Files.readAllLines(TABLE));
  }

  @Test
  void theTableHasEveryState() {
    assertThat(Column.values())
        .extracting(column -> column.state)
        .containsExactly(TcpState.values());
  }

  private static String cells(String row, List<?> cells) {
    StringBuilder line = new StringBuilder("%-20s".formatted(row));
    cells.forEach(cell -> line.append("%-13s".formatted(cell)));
    return line.toString().stripTrailing();
  }

  private static String cell(Column column, String row, String step) {
    TcpScript script = column.bring(row);
    boolean open = !step.equals("close");
    script.line("+0 " + column.fill(step));
    if (open) {
      script.line("+0 poll");
    }
    StringBuilder cell = new StringBuilder();
    script.framesSent().forEach(frame -> answer(cell, frame));
    if (cell.isEmpty()) {
      cell.append('-');
    }
    for (Column next : Column.values()) {
      if (next.state == script.state() && next != column) {
        cell.append('>').append(next);
      }
    }
    script.eventsTold().forEach(event -> cell.append('+').append(event, 0, 3));
    script.end();
    return cell.toString();
  }

  /** One letter for a frame; the same one again is not told. */
  private static void answer(StringBuilder cell, RecordedFrames.Frame frame) {
    Packet packet = frame.packet();
    char letter =
        packet.has(Wire.SYN)
            ? 'S'
            : packet.has(Wire.RST)
                ? 'R'
                : packet.has(Wire.FIN) ? 'F' : packet.payloadLength() > 0 ? 'D' : 'A';
    if (cell.isEmpty() || cell.charAt(cell.length() - 1) != letter) {
      cell.append(letter);
    }
  }
}
