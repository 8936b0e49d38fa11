package dev.ktd.testbed;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A cluster that exists, by its kubeconfig. The laptop is the namespace that {@code
 * KTD_TEST_LAPTOP_NETNS} names, else the machine itself. Images get there by the command in {@code
 * KTD_TEST_IMAGE_LOAD}, to which the archive's path is added, such as {@code kind load
 * image-archive}; without one they must be there already.
 */
record NamedCluster(Path file, Settings settings) implements ClusterProvider {

  @Override
  public TestCluster start() {
    if (!Files.isReadable(file)) {
      throw new IllegalStateException(
          "KTD_TEST_KUBECONFIG names " + file + ", which cannot be read");
    }
    Path kubeconfig = file.toAbsolutePath();
    Map<String, String> environment = Map.of("KUBECONFIG", kubeconfig.toString());
    Laptop laptop =
        settings
            .value("KTD_TEST_LAPTOP_NETNS")
            .map(name -> Laptop.inNamespace(name, environment))
            .orElseGet(() -> new Laptop(List.of(), environment));
    Path root = settings.sourceRoot();
    return new TestCluster(
        "named",
        kubeconfig,
        Optional.empty(),
        laptop,
        root,
        new ByCommand(root),
        Optional.empty(),
        () -> {});
  }

  private final class ByCommand implements TestCluster.Images {
    private final ArchiveMaker archives;

    ByCommand(Path root) {
      this.archives = new ArchiveMaker(root);
    }

    @Override
    public void load(Path archive) {
      String command =
          settings
              .value("KTD_TEST_IMAGE_LOAD")
              .orElseThrow(
                  () ->
                      new IllegalStateException(
                          "no way known to get "
                              + archive
                              + " into the cluster of "
                              + file
                              + "; name one, for instance"
                              + " KTD_TEST_IMAGE_LOAD='kind load image-archive'"));
      var words = new ArrayList<>(List.of(command.strip().split("\\s+")));
      words.add(archive.toString());
      new Laptop(List.of(), Map.of("KUBECONFIG", file.toString()))
          .run(words.toArray(String[]::new))
          .expectSuccess();
    }

    @Override
    public void loadForTests() {
      if (settings.value("KTD_TEST_IMAGE_LOAD").isPresent()) {
        archives.forTests().forEach(this::load);
      }
    }
  }
}
