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
 * A carrier over one connection: a {@link Framing} within {@link Messages}. What goes out is {@link
 * MessageWriter}'s business; here is what comes in, and the end.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what follows a close is told by channelInactive
final class FramedCarrier implements Carrier {
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

    /** The user gave up in vain, or who answers is not who should. */
    void abandoned();

    /** It is over; nothing is opened any more. */
    void finished();
  }

  private final EventLoop loop;
  private final Opener opener;
  private final Listener listener;
  private final StringBuilder errorText = new StringBuilder();
  private Framing framing = new NoFraming();
  private Messages messages = new RawMessages();
  private @Nullable Channel channel;
  private @Nullable Reader reader;

  /** Of the connection, once it speaks the protocol. */
  private @Nullable MessageWriter writer;

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
    return writer != null;
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
    MessageWriter made = new MessageWriter(channel, framing, messages);
    writer = made;
    made.open();
    listener.ready(this);
    if (reader != null) {
      reader.readEarly();
    }
  }

  /** Null before the carrier is ready and after its end. */
  private @Nullable MessageWriter open() {
    return finished ? null : writer;
  }

  @Override
  public void write(ByteBuf data) {
    MessageWriter to = open();
    if (to == null) {
      data.release();
    } else {
      to.add(data);
    }
  }

  @Override
  public void flush() {
    MessageWriter to = open();
    if (to != null) {
      to.flush();
    }
  }

  @Override
  public boolean isWritable() {
    return open() != null && channel != null && channel.isWritable();
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
    MessageWriter to = open();
    if (to != null) {
      to.end();
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
    if (writer != null) {
      writer.discard();
    }
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

  private void tellWritability() {
    MessageWriter to = open();
    if (to == null || channel == null) {
      return;
    }
    boolean writable = channel.isWritable();
    if (writable) {
      to.payOwed();
    }
    listener.writabilityChanged(writable);
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
      } else if (isReady() || finished) {
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
      if (open() != null) {
        listener.readComplete();
        ctx.flush();
      }
      ctx.fireChannelReadComplete();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      if (writer != null && writer.isWriting()) {
        // In the middle of a message; who hears of it may write or flush at once.
        loop.execute(FramedCarrier.this::tellWritability);
      } else {
        tellWritability();
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
      MessageWriter to = open();
      if (to == null) {
        bytes.release();
      } else {
        to.answer(bytes);
      }
    }

    @Override
    public void reply(ByteBuf message) {
      MessageWriter to = open();
      if (to == null) {
        message.release();
      } else {
        to.reply(message);
      }
    }

    @Override
    public void malformed(String what) {
      finish(opener.malformed(what));
    }
  }
}
