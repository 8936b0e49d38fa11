package dev.ktd.packet;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Any bytes as the options of a segment, read by {@link TcpOptions} and by a slow second reader.
 */
public final class TcpOptionsFuzz {
  private static final int MOST = 40;

  private TcpOptionsFuzz() {}

  /** One input: all options of one segment, padded to a multiple of four with zeros. */
  public static void fuzzerTestOneInput(byte[] input) {
    byte[] bytes = new byte[Math.min(MOST, (input.length + 3) & ~3)];
    System.arraycopy(input, 0, bytes, 0, Math.min(input.length, bytes.length));
    Packet packet = new Packet();
    ParseResult result = packet.parse(segment(bytes), false);
    Expect.that(result == ParseResult.OK, "the segment is %s", result);
    Expect.that(packet.payloadLength() == 1, "payload is %s", packet.payloadLength());
    compare(packet.options(), split(bytes));
  }

  /** An IPv4 packet with these options and one byte of payload that looks like an option. */
  private static ByteBuffer segment(byte[] options) {
    HeaderBuilder builder = new HeaderBuilder(false, false);
    builder.ip(0, IpAddress.v4(0xc612_0001), 0, IpAddress.v4(0x0a2b_0709), Wire.TCP);
    builder.tcp(4000, 80, 7, 9, Wire.SYN, 500);
    ByteBuffer data = ByteBuffer.allocate(options.length + 1).put(options).put((byte) 4).flip();
    ByteBuffer head = builder.finishTcp(data, ByteBuffer.allocate(0), 65_535);
    ByteBuffer frame = ByteBuffer.allocate(head.remaining() + data.remaining());
    int ip = Wire.IPV4_HEADER;
    return frame.put(head).put(data).put(ip + 12, (byte) ((5 + options.length / 4) << 4)).flip();
  }

  private record Option(int kind, List<Byte> content) {
    int number() {
      return content.stream().reduce(0, (sum, each) -> sum << 8 | (each & 0xff), Integer::sum);
    }

    /** The content as words of 32 bits. */
    List<Integer> words() {
      return IntStream.range(0, content.size() / 4)
          .mapToObj(i -> new Option(kind, content.subList(4 * i, 4 * i + 4)).number())
          .toList();
    }
  }

  /** RFC 9293, section 3.1: kind, length of all three, content; 0 ends, 1 is padding. */
  private static List<Option> split(byte[] bytes) {
    List<Option> options = new ArrayList<>();
    ByteBuffer rest = ByteBuffer.wrap(bytes);
    while (rest.hasRemaining()) {
      int kind = rest.get() & 0xff;
      if (kind == 0) {
        break;
      }
      if (kind == 1) {
        continue;
      }
      int length = rest.hasRemaining() ? (rest.get() & 0xff) - 2 : -1;
      if (length < 0 || length > rest.remaining()) {
        break;
      }
      List<Byte> content = IntStream.range(0, length).mapToObj(_ -> rest.get()).toList();
      options.add(new Option(kind, content));
    }
    return options;
  }

  private static void compare(TcpOptions read, List<Option> wanted) {
    int segmentSize = -1;
    int scale = -1;
    boolean sackPermitted = false;
    List<Integer> sackEdges = List.of();
    for (Option option : wanted) {
      int length = option.content().size();
      if (option.kind() == 2 && length == 2) {
        segmentSize = option.number();
      } else if (option.kind() == 3 && length == 1) {
        scale = Math.min(14, option.number());
      } else if (option.kind() == 4 && length == 0) {
        sackPermitted = true;
      } else if (option.kind() == 5 && length % 8 == 0) {
        sackEdges = option.words();
      }
    }
    Expect.that(read.maximumSegmentSize() == segmentSize, "mss %s", read.maximumSegmentSize());
    Expect.that(read.windowScale() == scale, "wscale %s", read.windowScale());
    Expect.that(read.sackPermitted() == sackPermitted, "sackOK %s", read.sackPermitted());
    List<Integer> edges =
        IntStream.range(0, read.sackBlocks())
            .boxed()
            .flatMap(i -> Stream.of(read.sackLeft(i), read.sackRight(i)))
            .toList();
    Expect.that(edges.equals(sackEdges), "sack %s instead of %s", edges, sackEdges);
  }
}
