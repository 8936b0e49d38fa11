package dev.ktd.bench.figures;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** What a reader sees, and what a program reads. */
public final class Report {
  private Report() {}

  /**
   * The JSON file.
   *
   * @param verdicts what was asked, and whether it was reached
   * @param ratios of series to a common measure, under the names of the series; may be empty
   */
  public record Document(
      Machine machine,
      Options options,
      List<Results.Verdict> verdicts,
      List<Results.Series> series,
      List<Results.Series> ratios) {}

  public static void line(String text) {
    System.out.println(text);
  }

  /** Everything, when all has been measured. */
  public static void print(Document document) {
    Map<String, Results.Series> ratios = new HashMap<>();
    document.ratios().forEach(series -> ratios.put(series.name(), series));
    String measure = document.ratios().isEmpty() ? "" : document.ratios().getFirst().unit();
    line("");
    line("%-54s %10s %10s %10s %-5s %12s".formatted("", "median", "min", "max", "", measure));
    for (Results.Series series : document.series()) {
      long marked = series.rounds().stream().filter(round -> !round.marked().isEmpty()).count();
      Results.Series ratio = ratios.get(series.name());
      line(
          "%-54s %10.2f %10.2f %10.2f %-5s %12s%s"
              .formatted(
                  series.name(),
                  series.median(),
                  series.min(),
                  series.max(),
                  series.unit(),
                  ratio == null ? "" : "%.2f".formatted(ratio.median()),
                  marked == 0
                      ? ""
                      : "  (" + marked + " of " + series.rounds().size() + " marked)"));
    }
    line("");
    for (Results.Verdict verdict : document.verdicts()) {
      line(
          "%-54s %10.2f  wanted %s %-9s %s"
              .formatted(
                  verdict.target(),
                  verdict.reached(),
                  verdict.least() ? ">=" : "<=",
                  verdict.wanted(),
                  verdict.met() ? "met" : "NOT MET"));
    }
  }

  public static void write(Document document, Path file) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    JsonMapper mapper = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
    Files.writeString(file, mapper.writeValueAsString(document) + "\n");
    line("\nwritten: " + file);
  }
}
