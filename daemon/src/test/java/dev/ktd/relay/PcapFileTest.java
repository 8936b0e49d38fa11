package dev.ktd.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ktd.packet.HeaderBuilder;
import dev.ktd.packet.IpAddress;
import dev.ktd.packet.Wire;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Captures are read back by our own eyes, and by tcpdump or tshark where they are installed. */
@Timeout(60)
class PcapFileTest {
  private static final long TIME = 1_700_000_000_123_456_789L;
  private static final long PROGRAM = IpAddress.v4(0xc612_0001);
  private static final long POD = IpAddress.v4(0x0a2b_0709);
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

  @TempDir Path folder;
  private Path path;
  private long now = TIME;

  @BeforeEach
  void name() {
    path = folder.resolve("capture.pcapng");
  }

  private PcapFile file(PcapFile.Limits limits) throws IOException {
    return PcapFile.create(path, "ktd0", limits, () -> now);
  }

  /** Captures a query of 5 bytes, its answer, and a super-segment of 3,000 bytes with 1,448. */
  private void captureThree(PcapFile.Limits limits) throws Exception {
    try (PcapFile file = file(limits)) {
      PipeTun tun = new PipeTun();
      PcapPort port = new PcapPort(tun, file, true);
      HeaderBuilder builder = new HeaderBuilder(true, true);
      ByteBuffer query = ByteBuffer.allocateDirect(5);
      builder.ip(0, PROGRAM, 0, POD, Wire.UDP);
      builder.udp(5000, 53);
      ByteBuffer head = builder.finishUdp(query, NOTHING);
      file.frame(PcapFile.Direction.OUTBOUND, true, head.duplicate(), query.duplicate(), NOTHING);
      now += 1000;
      builder.ip(0, POD, 0, PROGRAM, Wire.UDP);
      builder.udp(53, 5000);
      port.send(builder.finishUdp(query, NOTHING), query, NOTHING);
      now += 1_000_000_000;
      ByteBuffer data = ByteBuffer.allocateDirect(1500);
      builder.ip(0, POD, 0, PROGRAM, Wire.TCP);
      builder.tcp(80, 40_000, 1000, 2000, Wire.ACK, 500);
      port.send(builder.finishTcp(data, data.duplicate(), 1448), data, data.duplicate());
      assertThat(port.counters())
          .containsEntry("pcap.frames", 3L)
          .containsEntry("pcap.missed", 0L)
          .containsEntry("drops.device.eio", 7L);
      assertThat(tun.sent()).hasSize(2);
    }
  }

  @Test
  void blocksCarryTimesDirectionsAndSuperSegments() throws Exception {
    captureThree(PcapFile.Limits.DEFAULT);

    List<Block> blocks = Block.read(path);
    assertThat(blocks).extracting(Block::type).containsExactly(0x0a0d0d0a, 1, 6, 6, 6);
    ByteBuffer device = blocks.get(1).body();
    assertThat(device.getShort(0)).isEqualTo((short) 101);
    assertThat(device.getInt(4)).isEqualTo(65_535);
    assertThat(blocks.get(1).options(8))
        .containsEntry(2, "ktd0".getBytes(StandardCharsets.UTF_8))
        .containsEntry(9, new byte[] {9});
    assertThat(blocks.subList(2, 5))
        .extracting(Block::summary)
        .containsExactly(
            TIME + " kept 33 of 33, flags 2",
            TIME + 1000 + " kept 33 of 33, flags 1",
            TIME + 1_000_001_000L + " kept 3040 of 3040, flags 1, super-segment of 1448");
  }

  @Test
  void packetsAreCutToTheSnapLength() throws Exception {
    captureThree(new PcapFile.Limits(64, 1 << 20));

    assertThat(Block.read(path).getLast().summary()).contains("kept 64 of 3040");
  }

  @Test
  void beyondTheFilesSizeFramesAreCountedNotWritten() throws Exception {
    ByteBuffer frame = ByteBuffer.allocate(1000);
    try (PcapFile file = file(new PcapFile.Limits(65_535, 4096))) {
      for (int i = 0; i < 10; i++) {
        file.frame(PcapFile.Direction.OUTBOUND, false, frame.duplicate(), NOTHING, NOTHING);
      }
      assertThat(file.frames()).isEqualTo(3);
      assertThat(file.missed()).isEqualTo(7);
      ByteBuffer small = ByteBuffer.allocate(64);
      file.frame(PcapFile.Direction.OUTBOUND, false, small, NOTHING, NOTHING);
    }
    assertThat(Files.size(path)).isLessThanOrEqualTo(4096);
    assertThat(Block.read(path).getLast().options(20 + 64)).containsEntry(4, longBytes(7));
  }

  @Test
  void aFileThatIsThereIsNotOverwritten() throws IOException {
    Files.writeString(path, "precious");
    assertThat(org.assertj.core.api.Assertions.catchThrowable(() -> file(PcapFile.Limits.DEFAULT)))
        .isInstanceOf(java.nio.file.FileAlreadyExistsException.class);
    assertThat(path).hasContent("precious");
  }

  /** Root makes it, where others may be able to look. */
  @Test
  void onlyItsOwnerReadsIt() throws IOException {
    file(PcapFile.Limits.DEFAULT).close();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
        .isEqualTo("rw-------");
  }

  @Test
  void tcpdumpReadsIt() throws Exception {
    captureThree(PcapFile.Limits.DEFAULT);
    String text = reader("tcpdump", "-n", "-r", path.toString());

    assertThat(text)
        .contains("link-type RAW")
        .contains("IP 198.18.0.1.5000 > 10.43.7.9.53:")
        .contains("IP 10.43.7.9.53 > 198.18.0.1.5000:")
        .contains("IP 10.43.7.9.80 > 198.18.0.1.40000: Flags [.], seq 1000:4000");
  }

  @Test
  void tsharkReadsIt() throws Exception {
    captureThree(PcapFile.Limits.DEFAULT);
    String text =
        reader(
            "tshark",
            "-n",
            "-r",
            path.toString(),
            "-T",
            "fields",
            "-e",
            "frame.time_epoch",
            "-e",
            "frame.packet_flags_direction",
            "-e",
            "frame.comment",
            "-e",
            "ip.src");

    assertThat(text.lines().toList())
        .anyMatch(line -> line.startsWith("1700000000.123456789\t"))
        .anyMatch(line -> line.contains("super-segment of 1448\t10.43.7.9"));
  }

  private static String reader(String... command) throws Exception {
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      assumeTrue(false, command[0] + " is not installed");
      return "";
    }
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(text).isZero();
    return text;
  }

  private static byte[] longBytes(long value) {
    return ByteBuffer.allocate(8).putLong(value).array();
  }

  /** One block of a capture; {@link #read} checks what all of them have in common. */
  private record Block(int type, ByteBuffer body) {
    static List<Block> read(Path path) throws IOException {
      ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(path));
      List<Block> blocks = new ArrayList<>();
      while (file.hasRemaining()) {
        int type = file.getInt(file.position());
        int length = file.getInt(file.position() + 4);
        assertThat(length % 4).as("length of a block").isZero();
        assertThat(file.getInt(file.position() + length - 4)).isEqualTo(length);
        blocks.add(new Block(type, file.slice(file.position() + 8, length - 12)));
        file.position(file.position() + length);
      }
      ByteBuffer section = blocks.getFirst().body();
      assertThat(section.getInt(0)).isEqualTo(0x1a2b3c4d);
      assertThat(section.getShort(4)).isEqualTo((short) 1);
      return blocks;
    }

    /** By their code, from {@code at}; there must be an end, and nothing behind it. */
    Map<Integer, byte[]> options(int at) {
      Map<Integer, byte[]> options = new TreeMap<>();
      int position = at;
      while (true) {
        int code = body.getShort(position);
        byte[] value = new byte[body.getShort(position + 2)];
        body.get(position + 4, value);
        position += 4 + (value.length + 3) / 4 * 4;
        if (code == 0) {
          assertThat(position).isEqualTo(body.limit());
          return options;
        }
        options.put(code, value);
      }
    }

    String summary() {
      int kept = body.getInt(12);
      Map<Integer, byte[]> options = options(20 + (kept + 3) / 4 * 4);
      assertThat(body.getInt(0)).as("interface").isZero();
      return body.getLong(4)
          + " kept "
          + kept
          + " of "
          + body.getInt(16)
          + ", flags "
          + ByteBuffer.wrap(options.get(2)).getInt()
          + (options.containsKey(1)
              ? ", " + new String(options.get(1), StandardCharsets.UTF_8)
              : "");
    }
  }
}
