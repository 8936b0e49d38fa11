package dev.ktd.ssh;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;

/**
 * A CHANNEL_DATA packet (RFC 4254, 5.2) in pooled memory: the payload is copied once into its final
 * place, encrypted there, and handed to the carrier without another copy.
 */
final class PooledPacket extends ByteArrayBuffer {
  /** Packet length, padding length (RFC 4253, 6). */
  private static final int HEADER = SshConstants.SSH_PACKET_HEADER_LEN;

  /** Message number, recipient, length of the data. */
  private static final int DATA_HEADER = 9;

  /** Padding (up to two blocks of 16) and tag (16), with room to spare: growing would move it. */
  private static final int TAIL = 96;

  private final ByteBuf memory;
  private boolean handedOver;

  private PooledPacket(ByteBuf memory) {
    super(memory.array(), memory.arrayOffset() + HEADER, 0, false);
    this.memory = memory;
  }

  /** Copies {@code length} bytes from the position of {@code payload}, which advances. */
  static PooledPacket data(long recipient, ByteBuffer payload, int length) {
    ByteBuf memory = ByteBufAllocator.DEFAULT.heapBuffer(HEADER + DATA_HEADER + length + TAIL);
    PooledPacket packet = new PooledPacket(memory);
    packet.putByte(SshConstants.SSH_MSG_CHANNEL_DATA);
    packet.putUInt(recipient);
    packet.putUInt(length);
    int at = packet.wpos();
    payload.get(packet.array(), at, length);
    packet.wpos(at + length);
    return packet;
  }

  /** The bytes between the positions; ownership goes to the caller. */
  ByteBuf handOver() {
    handedOver = true;
    int base = memory.arrayOffset();
    return memory.setIndex(rpos() - base, wpos() - base);
  }

  /** Gives the memory back if nobody was given it. */
  void discard() {
    if (!handedOver) {
      handedOver = true;
      memory.release();
    }
  }
}
