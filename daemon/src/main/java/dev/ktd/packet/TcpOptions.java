package dev.ktd.packet;

import java.nio.ByteBuffer;

/**
 * The TCP options of one segment (RFC 9293, section 3.2; RFC 7323; RFC 2018). Reused from one to
 * the next.
 */
public final class TcpOptions {
  /** The most SACK blocks that 40 bytes of options have room for (RFC 2018, section 3). */
  public static final int MOST_SACK_BLOCKS = 4;

  private int maximumSegmentSize;
  private int windowScale;
  private boolean sackPermitted;
  private final int[] sackEdges = new int[2 * MOST_SACK_BLOCKS];
  private int sackBlocks;

  void clear() {
    sackBlocks = 0;
    maximumSegmentSize = -1;
    windowScale = -1;
    sackPermitted = false;
  }

  /** Unknown options are skipped, and so is all behind a malformed one. */
  void parse(ByteBuffer buffer, int offset, int length) {
    clear();
    int at = offset;
    int end = offset + length;
    while (at < end) {
      int kind = buffer.get(at) & 0xff;
      if (kind == 0) {
        return;
      }
      if (kind == 1) {
        at++;
        continue;
      }
      int size = at + 1 < end ? buffer.get(at + 1) & 0xff : 0;
      if (size < 2 || at + size > end) {
        return;
      }
      if (kind == 2 && size == 4) {
        maximumSegmentSize = buffer.getShort(at + 2) & 0xffff;
      } else if (kind == 3 && size == 3) {
        // RFC 7323, section 2.3: more than 14 is taken as 14.
        windowScale = Math.min(14, buffer.get(at + 2) & 0xff);
      } else if (kind == 4 && size == 2) {
        sackPermitted = true;
      } else if (kind == 5) {
        sack(buffer, at + 2, size - 2);
      }
      at += size;
    }
  }

  private void sack(ByteBuffer buffer, int offset, int length) {
    if (length % 8 != 0) {
      return;
    }
    sackBlocks = Math.min(MOST_SACK_BLOCKS, length / 8);
    for (int i = 0; i < 2 * sackBlocks; i++) {
      sackEdges[i] = buffer.getInt(offset + 4 * i);
    }
  }

  /** In bytes; -1 when the option is absent. */
  public int maximumSegmentSize() {
    return maximumSegmentSize;
  }

  /** 0 to 14; -1 when the option is absent. */
  public int windowScale() {
    return windowScale;
  }

  public boolean sackPermitted() {
    return sackPermitted;
  }

  /**
   * Number of SACK blocks, 0 to {@link #MOST_SACK_BLOCKS}. They are as sent: not one is checked.
   */
  public int sackBlocks() {
    return sackBlocks;
  }

  /** First sequence number of the block with this index. */
  public int sackLeft(int block) {
    return sackEdges[2 * block];
  }

  /** The sequence number behind the block with this index. */
  public int sackRight(int block) {
    return sackEdges[2 * block + 1];
  }
}
