package dev.ktd.packet;

import java.nio.ByteBuffer;

/**
 * The TCP options of one segment (RFC 9293, section 3.2; RFC 7323). Reused from one to the next.
 */
public final class TcpOptions {
  private int maximumSegmentSize;
  private int windowScale;
  private boolean sackPermitted;

  void clear() {
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
      }
      at += size;
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
}
