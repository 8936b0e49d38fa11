package dev.ktd.os.linux;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.os.HostResolver;
import dev.ktd.os.Journal;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResolvConfTest {
  private static final String ORIGINAL =
      """
      # made by hand \u00e4
      domain ignored.example
      search corp.example lab.example
      nameserver 192.0.2.1
      nameserver 192.0.2.2
      nameserver 2001:db8::3
      nameserver 192.0.2.4
      options timeout:1 rotate edns0
      options ndots:2
      """;
  private static final HostResolver.Wanted WANTED =
      new HostResolver.Wanted(
          InetAddress.ofLiteral("198.18.0.53"),
          List.of("default.svc.cluster.local", "svc.cluster.local", "corp.example"),
          List.of("cluster.local"));

  @TempDir Path temporary;
  private Path file;
  private Journal journal;
  private ResolvConf resolver;

  @BeforeEach
  void open() {
    file = temporary.resolve("resolv.conf");
    journal = new Journal(temporary.resolve("state"));
    resolver = new ResolvConf(file, journal);
  }

  private void write(String text) throws IOException {
    Files.writeString(file, text, ISO_8859_1);
  }

  private String read() throws IOException {
    return Files.readString(file, ISO_8859_1);
  }

  @Test
  void oursGoesFirstAndTheOriginalStaysBelow() throws IOException {
    write(ORIGINAL);
    resolver.apply(WANTED);
    assertThat(read())
        .isEqualTo(
            """
            #ktd# ktd answers cluster names while it is connected; to restore this file:  ktd recover
            nameserver 198.18.0.53
            search default.svc.cluster.local svc.cluster.local corp.example lab.example
            options timeout:1 edns0
            #ktd# what follows was here before
            # made by hand \u00e4
            #ktd# domain ignored.example
            #ktd# search corp.example lab.example
            nameserver 192.0.2.1
            nameserver 192.0.2.2
            nameserver 2001:db8::3
            nameserver 192.0.2.4
            #ktd# options timeout:1 rotate edns0
            options ndots:2
            """);
  }

  @Test
  void currentIsTheHostsOwnBeforeAndAfter() throws IOException {
    write(ORIGINAL);
    HostResolver.Current before = resolver.current();
    assertThat(before)
        .isEqualTo(
            new HostResolver.Current(
                "resolv.conf",
                List.of(
                    InetAddress.ofLiteral("192.0.2.1"),
                    InetAddress.ofLiteral("192.0.2.2"),
                    InetAddress.ofLiteral("2001:db8::3")),
                List.of("corp.example", "lab.example")));
    resolver.apply(WANTED);
    assertThat(resolver.current()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {ORIGINAL, "", "\n", "nameserver 192.0.2.1", "\r\nsearch a\r\n\t x\0\n"})
  void resetRestoresEveryByte(String original) throws IOException {
    write(original);
    resolver.apply(WANTED);
    assertThat(read()).isNotEqualTo(original);
    resolver.reset();
    assertThat(read()).isEqualTo(original);
    assertThat(journal.pending()).isEmpty();
    resolver.reset();
    assertThat(read()).isEqualTo(original);
  }

  @ParameterizedTest
  @ValueSource(strings = {ORIGINAL, "", "\n", "nameserver 192.0.2.1", "search a\n\n"})
  void withoutTheJournalTheTextAloneIsEnough(String original) throws IOException {
    write(original);
    resolver.apply(WANTED);
    new ResolvConf(file, new Journal(temporary.resolve("another"))).reset();
    assertThat(read()).isEqualTo(original);
  }

  @Test
  void whereTherewasNoFileThereIsNoneAfterwards() throws IOException {
    resolver.apply(WANTED);
    assertThat(read()).contains("nameserver 198.18.0.53\n");
    assertThat(resolver.undo()).contains("restored " + file);
    assertThat(file).doesNotExist();
  }

  @Test
  void applyAgainChangesTheHeadAndKeepsTheOriginal() throws IOException {
    write(ORIGINAL);
    resolver.apply(WANTED);
    resolver.apply(new HostResolver.Wanted(WANTED.server(), List.of("shop.svc"), List.of()));
    assertThat(read()).contains("\nsearch shop.svc corp.example lab.example\n");
    resolver.reset();
    assertThat(read()).isEqualTo(ORIGINAL);
  }

  @Test
  void whatAnotherProgramWroteMeanwhileStays() throws IOException {
    write(ORIGINAL);
    resolver.apply(WANTED);
    write("nameserver 192.0.2.99\n");
    assertThat(resolver.undo()).hasValueSatisfying(line -> assertThat(line).startsWith("left "));
    assertThat(read()).isEqualTo("nameserver 192.0.2.99\n");
    assertThat(journal.pending()).isEmpty();
  }

  @Test
  void whatAnotherProgramWroteIsTheOriginalOfTheNextApply() throws IOException {
    write(ORIGINAL);
    resolver.apply(WANTED);
    write("nameserver 192.0.2.99\n");
    resolver.apply(WANTED);
    assertThat(journal.pending()).hasSize(1);
    resolver.reset();
    assertThat(read()).isEqualTo("nameserver 192.0.2.99\n");
  }

  @Test
  void theNextProcessRestoresAfterACrash() throws IOException {
    write(ORIGINAL);
    resolver.apply(WANTED);
    new ResolvConf(file, new Journal(temporary.resolve("state"))).reset();
    assertThat(read()).isEqualTo(ORIGINAL);
  }

  @Test
  void aLinkStaysALinkAndItsTargetIsWritten() throws IOException {
    Path target = Files.writeString(temporary.resolve("stub.conf"), ORIGINAL, ISO_8859_1);
    Files.createSymbolicLink(file, Path.of("stub.conf"));
    resolver.apply(WANTED);
    assertThat(file).isSymbolicLink();
    assertThat(Files.readString(target, ISO_8859_1)).startsWith("#ktd# ");
    resolver.reset();
    assertThat(Files.readString(target, ISO_8859_1)).isEqualTo(ORIGINAL);
  }

  @Test
  void readersSeeAWholeFileAndItsRightsStay() throws IOException {
    write(ORIGINAL);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
    Object before = Files.getAttribute(file, "unix:ino");
    resolver.apply(WANTED);
    assertThat(Files.getAttribute(file, "unix:ino")).isNotEqualTo(before);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-r-----");
    assertThat(temporary.resolve("resolv.conf.ktd")).doesNotExist();
  }
}
