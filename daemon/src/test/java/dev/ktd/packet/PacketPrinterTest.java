package dev.ktd.packet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Frames of a real kernel and of {@link HeaderBuilder}, as hexadecimal text, and their lines. */
final class PacketPrinterTest {
  @Test
  void framesPrintAsTheGoldenTextSays() throws IOException, URISyntaxException {
    Path file =
        Path.of(Objects.requireNonNull(getClass().getResource("/packets/golden.txt")).toURI());
    List<String> actual = new ArrayList<>();
    boolean vnetHeader = false;
    for (String line : Files.readAllLines(file)) {
      if (line.startsWith("#")) {
        vnetHeader = line.contains("virtio");
        actual.add(line);
      } else if (line.startsWith("= ") || line.isEmpty()) {
        if (line.isEmpty()) {
          actual.add(line);
        }
      } else {
        byte[] bytes = HexFormat.of().parseHex(line.replace(" ", ""));
        actual.add(line);
        actual.add("= " + new PacketPrinter(vnetHeader).print(ByteBuffer.wrap(bytes)));
      }
    }
    if (Boolean.getBoolean("golden.update")) {
      Files.write(Path.of("src/test/resources/packets/golden.txt"), actual);
    }
    assertThat(actual).isEqualTo(Files.readAllLines(file));
  }
}
