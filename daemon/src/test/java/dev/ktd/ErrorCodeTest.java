package dev.ktd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.error.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class ErrorCodeTest {
  private static final Pattern ROW = Pattern.compile("(?m)^\\| ([A-Z_]+) \\| (\\d+) \\| ");

  @Test
  void theTableInTheDocsNamesEveryCodeWithItsExitStatus() throws IOException {
    String table = Files.readString(Path.of("../docs/errors.md"));
    List<String> documented =
        ROW.matcher(table)
            .results()
            .map((MatchResult row) -> row.group(1) + " " + row.group(2))
            .toList();
    assertThat(documented)
        .containsExactlyElementsOf(
            Stream.of(ErrorCode.values())
                .map(code -> code.name() + " " + code.exitStatus())
                .toList());
  }
}
