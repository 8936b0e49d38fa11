package dev.ktd.carrier;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link FramedCarrier} sends over its connection: the stream, as a {@link Framing} within
 * {@link Messages}, and answers. Payloads are neither touched nor copied: heads are buffers of
 * their own. On the event loop.
 */
// A failed write closes the channel, and channelInactive tells of that.
@SuppressWarnings("FutureReturnValueIgnored")
final class MessageWriter {
  /** From so much on, what is queued leaves as one message: the server's cost is per message. */
  static final int MESSAGE = 128 * 1024;

  private static final int OPENING = 512;

  private final Channel channel;
  private final Framing framing;
  private final Messages messages;
  private final Queue<ByteBuf> queued = new ArrayDeque<>();
  private int queuedBytes;
  private boolean writing;

  /** The latest answer that found no room. One is enough: RFC 6455 section 5.5.3. */
  private @Nullable ByteBuf owed;

  MessageWriter(Channel channel, Framing framing, Messages messages) {
    this.channel = channel;
    this.framing = framing;
    this.messages = messages;
  }

  /** A message is being written: nothing may come between. The channel tells of room meanwhile. */
  boolean isWriting() {
    return writing;
  }

  /** Sends what opens the stream. */
  void open() {
    ByteBuf opening = channel.alloc().buffer(OPENING);
    framing.open(opening);
    if (opening.isReadable()) {
      channel.write(head(opening.readableBytes()));
      channel.writeAndFlush(opening);
    } else {
      opening.release();
    }
  }

  /** Queues bytes of the stream; takes ownership. */
  void add(ByteBuf data) {
    while (data.readableBytes() > MESSAGE) {
      addPart(data.readRetainedSlice(MESSAGE));
    }
    addPart(data);
  }

  private void addPart(ByteBuf part) {
    queued.add(part);
    queuedBytes += part.readableBytes();
    if (queuedBytes >= MESSAGE) {
      emit();
    }
  }

  /** Sends what is queued. */
  void flush() {
    emit();
    channel.flush();
  }

  private void emit() {
    writing = true;
    if (queuedBytes > 0) {
      ByteBuf head = head(framing.headLength() + queuedBytes);
      framing.head(head, queuedBytes);
      if (head.isReadable()) {
        channel.write(head);
      } else {
        head.release();
      }
    }
    for (ByteBuf part = queued.poll(); part != null; part = queued.poll()) {
      channel.write(part);
    }
    queuedBytes = 0;
    writing = false;
  }

  private ByteBuf head(int n) {
    ByteBuf head = channel.alloc().buffer(Messages.HEAD + Framing.SMALL);
    messages.head(head, n);
    return head;
  }

  /** Sends what is queued, and that the stream and the connection end. */
  void end() {
    emit();
    writing = true;
    ByteBuf end = channel.alloc().buffer(Framing.SMALL);
    framing.end(end);
    if (end.isReadable()) {
      channel.write(head(end.readableBytes()));
    }
    channel.write(end);
    ByteBuf bye = channel.alloc().buffer(Messages.HEAD);
    messages.close(bye);
    channel.writeAndFlush(bye);
    writing = false;
  }

  /**
   * Sends an answer with the flush at the end of this turn's reading, or keeps it until there is
   * room: who asks on and on fills no memory. Takes ownership.
   */
  void answer(ByteBuf whole) {
    if (channel.isWritable()) {
      channel.write(whole);
    } else {
      ReferenceCountUtil.release(owed);
      owed = whole;
    }
  }

  /** The same with a message that has no head yet. */
  void reply(ByteBuf message) {
    ByteBuf whole = head(message.readableBytes()).writeBytes(message);
    message.release();
    answer(whole);
  }

  /** There is room: an answer that waits goes out. */
  void payOwed() {
    if (owed != null) {
      channel.writeAndFlush(owed);
      owed = null;
    }
  }

  /** Releases what was not sent. */
  void discard() {
    for (ByteBuf part = queued.poll(); part != null; part = queued.poll()) {
      part.release();
    }
    queuedBytes = 0;
    ReferenceCountUtil.release(owed);
    owed = null;
  }
}
