package dev.ktd.bench.figures;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class ChartSvgTest {
  private static Chart chart(double ratio) {
    var line =
        new Chart.Line(
            "a < b & c",
            List.of(
                new Chart.Dot("ktd", ratio, ratio / 2, ratio * 2), new Chart.Dot("other", 1, 1, 1)),
            List.of("2.00"));
    return new Chart(
        "title",
        List.of("note"),
        "measure",
        List.of("ktd"),
        List.of(new Chart.Group("group", List.of(line))));
  }

  private static Document drawn(Chart chart) throws Exception {
    var text = new StringWriter();
    ChartSvg.write(chart, text);
    byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new ByteArrayInputStream(bytes));
  }

  private static List<Element> elements(Document svg, String name, String kind) {
    List<Element> found = new ArrayList<>();
    NodeList all = svg.getElementsByTagName(name);
    for (int i = 0; i < all.getLength(); i++) {
      if (all.item(i) instanceof Element element && element.getAttribute("class").contains(kind)) {
        found.add(element);
      }
    }
    return found;
  }

  /** Where the first candidate's dot stands; the other one is in the legend. */
  private static double dot(Document svg) {
    return Double.parseDouble(elements(svg, "circle", "mark").getLast().getAttribute("cx"));
  }

  private static double measure(Document svg) {
    return Double.parseDouble(elements(svg, "line", "one").getFirst().getAttribute("x1"));
  }

  @Test
  void betterIsRightOfTheMeasure() throws Exception {
    Document better = drawn(chart(3));
    assertThat(dot(better)).isGreaterThan(measure(better));
    Document worse = drawn(chart(0.3));
    assertThat(dot(worse)).isLessThan(measure(worse));
    Document equal = drawn(chart(1));
    assertThat(dot(equal)).isEqualTo(measure(equal));
  }

  @Test
  void aBarGoesFromTheLeastToTheMost() throws Exception {
    Document svg = drawn(chart(2));
    Element bar = elements(svg, "line", "bar s0").getFirst();
    assertThat(Double.parseDouble(bar.getAttribute("x1"))).isLessThan(dot(svg));
    assertThat(Double.parseDouble(bar.getAttribute("x2"))).isEqualTo(dot(svg));
  }

  @Test
  void whatIsOffTheAxisStandsAtItsEdge() throws Exception {
    Document svg = drawn(chart(1e9));
    assertThat(dot(svg)).isEqualTo(dot(drawn(chart(64))));
    assertThat(elements(svg, "line", "grid")).hasSizeLessThan(20);
  }

  @Test
  void thereAreColoursForLightAndDark() throws Exception {
    String style = drawn(chart(2)).getElementsByTagName("style").item(0).getTextContent();
    assertThat(style).contains(".s0{stroke:#0969da}", "@media(prefers-color-scheme:dark){");
  }

  @Test
  void aChartOfNothingIsStillAPicture() throws IOException {
    var text = new StringWriter();
    ChartSvg.write(new Chart("title", List.of(), "measure", List.of(), List.of()), text);
    assertThat(text.toString()).startsWith("<svg").endsWith("</svg>");
  }
}
