package dev.ktd.carrier;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * A carrier over one connection: a {@link Framing} within {@link Messages}. Payloads are neither
 * touched nor copied: heads are buffers of their own.
 */
// A failed write closes the channel, and channelInactive tells of that.
@SuppressWarnings("FutureReturnValueIgnored")
final class FramedCarrier implements Carrier {
  /** From so much on, what is queued leaves as one message: the server's cost is per message. */
  static final int MESSAGE = 128 * 1024;

  private static final int ERROR_TEXT_LIMIT = 4096;

  /** Who opens the carrier: what it is called, and who hears what became of it. On the loop. */
  interface Opener {
    String path();

    String protocol();

    /** The words for its end, once it was ready. */
    KtdException ended(String said, @Nullable Throwable cause);

    /** The words for bytes that make no sense. */
    KtdException malformed(String what);

    /** The first byte of the stream has come. */
    void carried();

    /** The user gave up in vain; not called once bytes have come, unless they were wrong. */
    void abandoned();

    /** It is over; nothing is opened any more. */
    void finished();
  }

  private final EventLoop loop;
  private final Opener opener;
  private final Listener listener;
  private final Queue<ByteBuf> queued = new ArrayDeque<>();
  private final StringBuilder errorText = new StringBuilder();
  private Framing framing = new NoFraming();
  private Messages messages = new RawMessages();
  private int queuedBytes;
  private @Nullable Channel channel;
  private @Nullable Reader reader;

  /** The latest answer that found no room. One is enough: RFC 6455 section 5.5.3. */
  private @Nullable ByteBuf owed;

  private boolean ready;
  private boolean heard;
  private boolean finished;

  FramedCarrier(EventLoop loop, Opener opener, Listener listener) {
    this.loop = loop;
    this.opener = opener;
    this.listener = listener;
  }

  /** The connection that is being made; a later one replaces it. */
  void attach(Channel connecting) {
    channel = connecting;
    if (finished) {
      connecting.close();
    }
  }

  boolean isReady() {
    return ready;
  }

  boolean isFinished() {
    return finished;
  }

  /** What reads the connection; to be added to it before {@link #start}. */
  ChannelHandler reader() {
    Reader made = new Reader();
    reader = made;
    return made;
  }

  /** The attached connection speaks this from here on. */
  void start(Framing inMessages, Messages inConnection) {
    if (finished || channel == null) {
      return;
    }
    framing = inMessages;
    messages = inConnection;
    ready = true;
    ByteBuf opening = channel.alloc().buffer(512);
    framing.open(opening);
    if (opening.isReadable()) {
      ByteBuf head = head(opening.readableBytes());
      channel.write(head);
      channel.writeAndFlush(opening);
    } else {
      opening.release();
    }
    listener.ready(this);
    if (reader != null) {
      reader.readEarly();
    }
  }

  private ByteBuf head(int n) {
    ByteBuf head = alloc(Messages.HEAD + Framing.SMALL);
    messages.head(head, n);
    return head;
  }

  private ByteBuf alloc(int capacity) {
    Channel to = channel;
    if (to == null) {
      throw new IllegalStateException("no connection");
    }
    return to.alloc().buffer(capacity);
  }

  @Override
  public void write(ByteBuf data) {
    if (!ready || finished) {
      data.release();
      return;
    }
    while (data.readableBytes() > MESSAGE) {
      add(data.readRetainedSlice(MESSAGE));
    }
    add(data);
  }

  private void add(ByteBuf part) {
    queued.add(part);
    queuedBytes += part.readableBytes();
    if (queuedBytes >= MESSAGE) {
      emit();
    }
  }

  private void emit() {
    Channel to = channel;
    if (queued.isEmpty() || to == null) {
      return;
    }
    if (queuedBytes > 0) {
      ByteBuf head = head(framing.headLength() + queuedBytes);
      framing.head(head, queuedBytes);
      if (head.isReadable()) {
        to.write(head);
      } else {
        head.release();
      }
    }
    for (ByteBuf part = queued.poll(); part != null; part = queued.poll()) {
      to.write(part);
    }
    queuedBytes = 0;
  }

  @Override
  public void flush() {
    if (ready && !finished && channel != null) {
      emit();
      channel.flush();
    }
  }

  @Override
  public boolean isWritable() {
    return ready && !finished && channel != null && channel.isWritable();
  }

  @Override
  public void setReading(boolean reading) {
    if (channel != null) {
      channel.config().setAutoRead(reading);
    }
  }

  @Override
  public String path() {
    return opener.path();
  }

  @Override
  public String protocol() {
    return opener.protocol();
  }

  @Override
  public void abandon() {
    if (!loop.inEventLoop()) {
      loop.execute(this::abandon);
      return;
    }
    if (!finished) {
      opener.abandoned();
      close();
    }
  }

  @Override
  public void close() {
    if (!loop.inEventLoop()) {
      loop.execute(this::close);
      return;
    }
    if (ready && !finished && channel != null) {
      emit();
      ByteBuf end = alloc(Framing.SMALL);
      framing.end(end);
      if (end.isReadable()) {
        channel.write(head(end.readableBytes()));
      }
      channel.write(end);
      ByteBuf bye = alloc(Messages.HEAD);
      messages.close(bye);
      channel.writeAndFlush(bye);
    }
    finish(
        new KtdException(
            ErrorCode.NOT_CONNECTED, "the " + path() + " to the proxy pod was closed", null));
  }

  /** Ends everything and tells the listener, once, after the current turn. */
  void finish(KtdException why) {
    if (finished) {
      return;
    }
    finished = true;
    for (ByteBuf part = queued.poll(); part != null; part = queued.poll()) {
      part.release();
    }
    queuedBytes = 0;
    ReferenceCountUtil.release(owed);
    owed = null;
    if (channel != null) {
      channel.close();
    }
    opener.finished();
    loop.execute(() -> listener.closed(why));
  }

  private void over(@Nullable Throwable cause) {
    finish(opener.ended(StatusText.printable(errorText.toString()), cause));
  }

  private void note(String text) {
    if (!text.isEmpty() && errorText.length() < ERROR_TEXT_LIMIT) {
      errorText.append(errorText.isEmpty() ? "" : ": ").append(text);
    }
  }

  /** Sends an answer, or keeps it until there is room: who asks on and on fills no memory. */
  private void send(ByteBuf whole) {
    if (finished || channel == null) {
      whole.release();
    } else if (channel.isWritable()) {
      channel.write(whole); // with the flush at the end of this turn's reading
    } else {
      ReferenceCountUtil.release(owed);
      owed = whole;
    }
  }

  /** The connection after the upgrade. */
  private final class Reader extends ChannelInboundHandlerAdapter
      implements Messages.Sink, Framing.Sink {
    /** What came together with the answer to the upgrade, before {@link #start}. */
    private final Queue<ByteBuf> early = new ArrayDeque<>();

    private void readEarly() {
      for (ByteBuf bytes = early.poll(); bytes != null; bytes = early.poll()) {
        read(bytes);
      }
    }

    private void read(ByteBuf bytes) {
      try {
        if (!finished) {
          messages.read(bytes, this);
        }
      } finally {
        bytes.release();
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (!(message instanceof ByteBuf bytes)) {
        ReferenceCountUtil.release(message);
      } else if (ready || finished) {
        read(bytes);
      } else {
        early.add(bytes);
      }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
      readEarly();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      if (!finished) {
        listener.readComplete();
        ctx.flush();
      }
      ctx.fireChannelReadComplete();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      boolean writable = ctx.channel().isWritable();
      if (writable && owed != null && !finished) {
        ctx.writeAndFlush(owed);
        owed = null;
      }
      if (!finished && ready) {
        listener.writabilityChanged(writable);
      }
      ctx.fireChannelWritabilityChanged();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      over(null);
      ctx.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      over(cause);
    }

    @Override
    public void piece(ByteBuf bytes, boolean first) {
      framing.read(bytes, first, this);
    }

    @Override
    public void data(ByteBuf bytes) {
      if (finished) {
        bytes.release();
        return;
      }
      if (!heard && bytes.isReadable()) {
        heard = true;
        opener.carried();
      }
      listener.data(bytes);
    }

    @Override
    public void errorText(ByteBuf text) {
      if (errorText.length() < ERROR_TEXT_LIMIT) {
        errorText.append(text.toString(StandardCharsets.UTF_8));
      }
    }

    @Override
    public void ended() {
      over(null);
    }

    @Override
    public void ended(String why) {
      note(why);
      over(null);
    }

    @Override
    public void answer(ByteBuf bytes) {
      send(bytes);
    }

    @Override
    public void reply(ByteBuf message) {
      if (finished || channel == null) {
        message.release();
        return;
      }
      ByteBuf whole = head(message.readableBytes()).writeBytes(message);
      message.release();
      send(whole);
    }

    @Override
    public void malformed(String what) {
      finish(opener.malformed(what));
    }
  }
}
