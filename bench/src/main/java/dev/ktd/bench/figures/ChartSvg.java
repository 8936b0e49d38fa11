package dev.ktd.bench.figures;

import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/** Draws a {@link Chart} as SVG, for light and dark surroundings. */
public final class ChartSvg {
  private static final int WIDTH = 1000;
  private static final int MARGIN = 20;
  private static final int LEFT = 240;
  private static final int RIGHT = 755;
  private static final int COLUMN = 76;
  private static final int LINE = 22;
  private static final int NOTE = 16;
  private static final int LETTER = 7;

  /** Beyond it a dot stands at the edge. */
  private static final int MOST_DOUBLINGS = 6;

  /**
   * Colours of candidates by their order: on white, on black. The first is the one that matters.
   */
  private static final List<List<String>> COLOURS =
      List.of(
          List.of("#0969da", "#4493f8"),
          List.of("#bc4c00", "#f0883e"),
          List.of("#1a7f37", "#3fb950"),
          List.of("#8250df", "#ab7df8"),
          List.of("#bf3989", "#db61a2"),
          List.of("#7d4e00", "#d29922"),
          List.of("#59636e", "#9198a1"));

  /** Corners of their marks, and whether these stand on a corner; the first is a circle. */
  private static final List<int[]> SHAPES =
      List.of(
          new int[] {4, 1},
          new int[] {3, 0},
          new int[] {4, 0},
          new int[] {3, 1},
          new int[] {6, 0},
          new int[] {5, 0});

  private final Chart chart;
  private final List<String> candidates;
  private final XMLStreamWriter out;
  private final int least;
  private final int most;

  private ChartSvg(Chart chart, XMLStreamWriter out) {
    this.chart = chart;
    this.candidates = chart.candidates();
    this.out = out;
    this.least = doublings(chart, Math::min);
    this.most = doublings(chart, Math::max);
  }

  public static void write(Chart chart, Path file) throws IOException {
    try (Writer writer = Files.newBufferedWriter(file)) {
      write(chart, writer);
    }
    Report.line("written: " + file);
  }

  static void write(Chart chart, Writer writer) throws IOException {
    try {
      XMLStreamWriter out = XMLOutputFactory.newInstance().createXMLStreamWriter(writer);
      new ChartSvg(chart, out).draw();
      out.flush();
    } catch (XMLStreamException e) {
      throw new IOException(e);
    }
  }

  private interface Choice {
    int of(int one, int other);
  }

  /** The end of the axis as a power of two: one at least, so that there is an axis. */
  private static int doublings(Chart chart, Choice choice) {
    int found = choice.of(-1, 1);
    for (Chart.Group group : chart.groups()) {
      for (Chart.Line line : group.lines()) {
        for (Chart.Dot dot : line.dots()) {
          double exact = log2(dot.median());
          int whole = (int) (exact < 0 ? Math.floor(exact) : Math.ceil(exact));
          found = choice.of(found, whole);
        }
      }
    }
    return Math.clamp(found, -MOST_DOUBLINGS, MOST_DOUBLINGS);
  }

  private static double log2(double value) {
    return Math.log(value) / Math.log(2);
  }

  private double x(double ratio) {
    double at = Math.clamp(log2(ratio), least, most);
    return LEFT + (at - least) / (most - least) * (RIGHT - LEFT);
  }

  private int height() {
    int lines = chart.groups().stream().mapToInt(group -> group.lines().size() + 1).sum();
    return 115 + lines * LINE + 25 + chart.notes().size() * NOTE + MARGIN;
  }

  private void draw() throws XMLStreamException {
    out.writeStartElement("svg");
    attributes("xmlns", "http://www.w3.org/2000/svg", "viewBox", "0 0 " + WIDTH + " " + height());
    attributes("width", "" + WIDTH, "height", "" + height(), "role", "img");
    out.writeStartElement("title");
    out.writeCharacters(chart.title());
    out.writeEndElement();
    out.writeStartElement("style");
    out.writeCharacters(style());
    out.writeEndElement();
    box("paper", 0, 0, WIDTH, height());
    text("title", MARGIN, 30, chart.title());
    legend(56);
    int top = 105;
    int bottom = height() - chart.notes().size() * NOTE - MARGIN - 25;
    axis(top, bottom);
    for (int i = 0; i < chart.columns().size(); i++) {
      text("head end", RIGHT + (i + 1) * COLUMN, top - 8, chart.columns().get(i));
    }
    int y = top;
    for (Chart.Group group : chart.groups()) {
      y += LINE;
      text("head", MARGIN, y - 5, group.name());
      for (Chart.Line line : group.lines()) {
        y += LINE;
        line(line, y - LINE / 2.0);
      }
    }
    int note = bottom + 30;
    for (String text : chart.notes()) {
      text("quiet", MARGIN, note, text);
      note += NOTE;
    }
    out.writeEndElement();
  }

  private void legend(int y) throws XMLStreamException {
    double x = MARGIN + 6;
    for (String candidate : candidates) {
      mark(candidate, x, y - 4);
      text("", x + 12, y, candidate);
      x += candidate.length() * LETTER + 38;
    }
  }

  private void axis(int top, int bottom) throws XMLStreamException {
    box("good", x(1), top, RIGHT - x(1), bottom - top);
    for (int power = least; power <= most; power++) {
      double x = x(Math.pow(2, power));
      stroke(power == 0 ? "one" : "grid", x, top, x, bottom);
      String label = power == 0 ? chart.measure() : factor(power);
      text(power == 0 ? "head middle" : "quiet middle", x, top - 8, label);
      text("quiet middle", x, bottom + 14, power == 0 ? "1" : factor(power));
    }
    text("quiet end", x(1) - 10, top - 26, "\u2190 worse");
    text("quiet", x(1) + 10, top - 26, "better \u2192");
  }

  private static String factor(int power) {
    return power < 0 ? "1/" + (1 << -power) : (1 << power) + "\u00d7";
  }

  private void line(Chart.Line line, double y) throws XMLStreamException {
    text("", MARGIN + 12, y + 4, line.label());
    stroke("grid", LEFT, y, RIGHT, y);
    // The first is drawn last, above all others.
    for (Chart.Dot dot : line.dots().reversed()) {
      String kind = "s" + candidates.indexOf(dot.candidate());
      stroke("bar " + kind, x(dot.least()), y, x(dot.most()), y);
      mark(dot.candidate(), x(dot.median()), y);
    }
    for (int i = 0; i < line.cells().size(); i++) {
      text(i == 0 ? "head end" : "end", RIGHT + (i + 1) * COLUMN, y + 4, line.cells().get(i));
    }
  }

  private void mark(String candidate, double x, double y) throws XMLStreamException {
    int index = candidates.indexOf(candidate);
    if (index == 0) {
      out.writeEmptyElement("circle");
      attributes("class", "mark f0", "cx", number(x), "cy", number(y), "r", "5.5");
      return;
    }
    int[] shape = SHAPES.get((index - 1) % SHAPES.size());
    var points = new StringBuilder();
    for (int corner = 0; corner < shape[0]; corner++) {
      double turn = 2 * Math.PI * (corner + shape[1] / 2.0) / shape[0];
      points.append(number(x + 5.5 * Math.sin(turn))).append(',');
      points.append(number(y - 5.5 * Math.cos(turn))).append(' ');
    }
    out.writeEmptyElement("polygon");
    attributes("class", "mark hollow s" + index % COLOURS.size());
    attributes("points", points.toString().strip());
  }

  private static String style() {
    var text = new StringBuilder();
    text.append("text{font:12px system-ui,'DejaVu Sans',sans-serif}");
    text.append(".title{font-size:18px;font-weight:bold}.head{font-weight:bold}");
    text.append(".quiet{font-size:11px}.middle{text-anchor:middle}.end{text-anchor:end}");
    text.append(".one{stroke-width:1.5}.bar{stroke-width:2;stroke-opacity:.5}");
    text.append(".bar.s0{stroke-width:5}.hollow{stroke-width:1.8}");
    text.append(colours(0, "#ffffff", "#1f2328", "#59636e", "#d1d9e0", "#1a7f37"));
    text.append("@media(prefers-color-scheme:dark){");
    text.append(colours(1, "#0d1117", "#f0f6fc", "#9198a1", "#2d333b", "#3fb950"));
    return text.append('}').toString();
  }

  private static String colours(
      int scheme, String paper, String ink, String quiet, String grid, String good) {
    var text = new StringBuilder();
    text.append(".paper,.hollow{fill:").append(paper).append("}text{fill:").append(ink);
    text.append("}.quiet{fill:").append(quiet).append("}.grid{stroke:").append(grid);
    text.append("}.one{stroke:").append(ink).append("}.good{fill:").append(good);
    text.append(";fill-opacity:.07}");
    for (int i = 0; i < COLOURS.size(); i++) {
      String colour = COLOURS.get(i).get(scheme);
      text.append(".s%d{stroke:%s}.f%d{fill:%s}".formatted(i, colour, i, colour));
    }
    return text.toString();
  }

  private void text(String kind, double x, double y, String text) throws XMLStreamException {
    out.writeStartElement("text");
    if (!kind.isEmpty()) {
      attributes("class", kind);
    }
    attributes("x", number(x), "y", number(y));
    out.writeCharacters(text);
    out.writeEndElement();
  }

  private void stroke(String kind, double x1, double y1, double x2, double y2)
      throws XMLStreamException {
    out.writeEmptyElement("line");
    attributes("class", kind, "x1", number(x1), "y1", number(y1), "x2", number(x2));
    attributes("y2", number(y2));
  }

  private void box(String kind, double x, double y, double width, double height)
      throws XMLStreamException {
    out.writeEmptyElement("rect");
    attributes("class", kind, "x", number(x), "y", number(y), "width", number(width));
    attributes("height", number(height));
  }

  private void attributes(String... pairs) throws XMLStreamException {
    for (int i = 0; i < pairs.length; i += 2) {
      out.writeAttribute(pairs[i], pairs[i + 1]);
    }
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
