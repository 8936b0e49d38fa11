package dev.ktd;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The table of packages in docs/architecture.md, as rules. */
final class ArchitectureTest {
  private static final JavaClasses KTD =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .withImportOption(location -> !location.contains("-tests.jar"))
          .importPackages("dev.ktd");

  /** A package and the packages of ours it may import; its own is understood. */
  private record Row(String name, List<String> mayImport) {
    private Row(String name, String... mayImport) {
      this(name, List.of(mayImport));
    }

    @Override
    public String toString() {
      return name + " imports only " + mayImport;
    }
  }

  static Stream<Row> table() {
    return Stream.of(
        new Row("error"),
        new Row("os", "error"),
        new Row("os.linux", "os", "error"),
        new Row("os.fake", "os", "error"),
        new Row("packet"),
        new Row("stack", "packet"),
        new Row("relay", "packet", "stack", "os", "error"),
        new Row("carrier", "error"),
        new Row("ssh", "relay", "carrier", "error"),
        new Row("dns", "relay", "os", "error"),
        new Row("k8s", "error"),
        new Row("control", "error"),
        new Row(
            "session", "control", "k8s", "carrier", "ssh", "dns", "relay", "stack", "os", "error"),
        new Row("cli", "control", "error"));
  }

  @ParameterizedTest
  @MethodSource("table")
  void packagesImportOnlyWhatTheTableSays(Row row) {
    String[] allowed =
        Stream.concat(Stream.of(row.name()), row.mayImport().stream())
            .map(name -> "dev.ktd." + name)
            .toArray(String[]::new);
    noClasses()
        .that(resideInAPackage("dev.ktd." + row.name()))
        .should()
        .dependOnClassesThat(resideInAPackage("dev.ktd..").and(resideOutsideOfPackages(allowed)))
        .check(KTD);
  }

  @Test
  void theTableNamesEveryPackage() {
    List<String> named = table().map(row -> "dev.ktd." + row.name()).toList();
    assertThat(KTD.stream().map(c -> c.getPackageName()).distinct())
        .allMatch(name -> name.equals("dev.ktd") || named.contains(name));
  }

  @Test
  void packagesHaveNoCycles() {
    slices().matching("dev.ktd.(**)").should().beFreeOfCycles().check(KTD);
  }

  static Stream<List<String>> libraryHomes() {
    return Stream.of(
        List.of("com.sun.jna..", "dev.ktd.os.linux"),
        List.of("org.apache.sshd..", "dev.ktd.ssh"),
        List.of("org.xbill.DNS..", "dev.ktd.dns"),
        List.of("io.fabric8..", "dev.ktd.k8s"),
        List.of("io.vertx..", "dev.ktd.k8s"),
        List.of(
            "io.netty..",
            "dev.ktd.relay",
            "dev.ktd.carrier",
            "dev.ktd.ssh",
            "dev.ktd.control",
            "dev.ktd.session"),
        List.of("tools.jackson..", "dev.ktd.control", "dev.ktd.k8s", "dev.ktd.os.linux"),
        List.of("picocli..", "dev.ktd.cli"));
  }

  @ParameterizedTest
  @MethodSource("libraryHomes")
  void eachLibraryHasItsHome(List<String> home) {
    noClasses()
        .that(resideOutsideOfPackages(home.subList(1, home.size()).toArray(String[]::new)))
        .should()
        .dependOnClassesThat(resideInAPackage(home.get(0)))
        .check(KTD);
  }

  @Test
  void theCoreIsPure() {
    noClasses()
        .that(resideInAnyPackage("dev.ktd.packet", "dev.ktd.stack"))
        .should()
        .dependOnClassesThat(
            resideInAnyPackage(
                "java.util.concurrent..",
                "java.io..",
                "java.nio.channels..",
                "java.nio.file..",
                "org.slf4j.."))
        .orShould()
        .dependOnClassesThat()
        .belongToAnyOf(Clock.class, Instant.class)
        .orShould()
        .callMethod(System.class, "nanoTime")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .orShould()
        .dependOnClassesThat()
        .areAssignableTo(Thread.class)
        .check(KTD);
  }

  /** The annotations of JSpecify are the only exception; of java.net, addresses but no sockets. */
  @Test
  void theCoreNeedsTheJdkOnly() {
    classes()
        .that(resideInAnyPackage("dev.ktd.packet", "dev.ktd.stack"))
        .should()
        .onlyDependOnClassesThat(
            resideInAnyPackage(
                    "dev.ktd.packet",
                    "dev.ktd.stack",
                    "java.lang..",
                    "java.nio",
                    "java.util..",
                    "org.jspecify.annotations")
                .or(
                    belongToAnyOf(
                        Duration.class,
                        InetAddress.class,
                        Inet6Address.class,
                        InetSocketAddress.class,
                        UnknownHostException.class)))
        .check(KTD);
  }

  @Test
  void noFileOfTheCoreIsLong() throws IOException {
    for (String name : List.of("packet", "stack")) {
      try (Stream<Path> files = Files.list(Path.of("src/main/java/dev/ktd", name))) {
        for (Path file : files.toList()) {
          assertThat(Files.readAllLines(file)).as("%s", file).hasSizeLessThanOrEqualTo(400);
        }
      }
    }
  }

  @Test
  void onlyTheCommandLinePrints() {
    noClasses()
        .that(resideOutsideOfPackages("dev.ktd.cli", "dev.ktd"))
        .should()
        .accessField(System.class, "out")
        .orShould()
        .accessField(System.class, "err")
        .check(KTD);
  }

  @Test
  void namesSayWhatAThingIs() {
    classes()
        .should()
        .haveSimpleNameNotEndingWith("Util")
        .andShould()
        .haveSimpleNameNotEndingWith("Utils")
        .andShould()
        .haveSimpleNameNotEndingWith("Helper")
        .andShould()
        .haveSimpleNameNotEndingWith("Manager")
        .andShould()
        .haveSimpleNameNotEndingWith("Impl")
        .check(KTD);
  }

  @Test
  void nothingIsKeptInStaticState() {
    fields().that().areStatic().should().beFinal().check(KTD);
  }

  @Test
  void everyPackageSaysWhatItIs() throws IOException {
    for (Path root :
        List.of(
            Path.of("src/main/java/dev/ktd"),
            Path.of("../native-helpers/src/main/java/dev/ktd"),
            Path.of("../testbed/src/main/java/dev/ktd/testbed"),
            Path.of("../bench/src/main/java/dev/ktd/bench"))) {
      try (Stream<Path> folders = Files.walk(root).filter(Files::isDirectory)) {
        for (Path folder : folders.toList()) {
          try (Stream<Path> files = Files.list(folder)) {
            List<String> names = files.map(f -> f.getFileName().toString()).toList();
            boolean hasTypes = names.stream().anyMatch(n -> n.endsWith(".java"));
            if (hasTypes && !folder.endsWith("dev/ktd")) {
              assertThat(names).as("%s", folder).contains("package-info.java");
            }
          }
        }
      }
    }
  }
}
