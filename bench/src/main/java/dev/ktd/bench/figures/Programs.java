package dev.ktd.bench.figures;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** Programs of this machine. */
public final class Programs {
  private Programs() {}

  /** An executable file of that name, in the directory {@code KTD_PEERS} or on PATH. */
  public static Optional<Path> find(String name) {
    String path = System.getenv().getOrDefault("PATH", "");
    String own = System.getenv().getOrDefault("KTD_PEERS", "");
    return Stream.of((own + File.pathSeparator + path).split(File.pathSeparator, -1))
        .filter(folder -> !folder.isEmpty())
        .map(folder -> Path.of(folder, name))
        .filter(Files::isExecutable)
        .findFirst();
  }
}
