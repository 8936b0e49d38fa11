package dev.ktd.stack;

import dev.ktd.packet.Packet;
import dev.ktd.packet.Wire;
import java.nio.ByteBuffer;

/**
 * One connection: its state and what its owner may do. {@link TcpInput} feeds it with segments,
 * {@link TcpOutput} takes segments out of it, {@link TcpTimer} repeats what gets no answer.
 */
final class TcpConnection extends FlowEntry implements TcpFlow {
  /** RFC 9293, section 3.7.1: what to send to who has not said what it takes. */
  private static final int DEFAULT_SEGMENT_V4 = 536;

  private static final int DEFAULT_SEGMENT_V6 = 1220;

  /** Less would cost a header for every few bytes; Linux has the same floor. */
  private static final int LEAST_SEGMENT = 48;

  private final StackContext context;
  final TcpTimer timer;
  final ReceiveHalf receive;
  final SendHalf send;
  final int remoteInitialSequence;
  final int initialSequence;
  final boolean scaled;

  /** Both sides use selective acknowledgments (RFC 2018). */
  final boolean selective;

  private TcpState state = TcpState.LISTEN;
  private Listener listener = Deaf.LISTENER;
  private boolean ended;

  /** In the queue of the next poll. */
  boolean queued;

  /** An ACK is due, alone or with data. */
  boolean ackDue;

  boolean synAckDue;
  boolean probeDue;

  /** In the list of those that wait for memory. */
  boolean thirsty;

  /** A connection for this SYN, not yet in the table. */
  TcpConnection(StackContext context, Packet syn) {
    super(syn);
    this.context = context;
    timer = new TcpTimer(context, this);
    remoteInitialSequence = syn.sequence();
    initialSequence = context.nextInitialSequence();
    int offeredScale = syn.options().windowScale();
    scaled = offeredScale >= 0;
    selective = syn.options().sackPermitted();
    int ownSegment = largestOwnSegment();
    receive = new ReceiveHalf(context, remoteInitialSequence, scaled, ownSegment);
    int asked = syn.options().maximumSegmentSize();
    int theirs = asked >= 0 ? asked : v6() ? DEFAULT_SEGMENT_V6 : DEFAULT_SEGMENT_V4;
    int segment = Math.min(ownSegment, Math.max(LEAST_SEGMENT, theirs));
    int most = context.config.offloads().tcpSegmentation() ? 0xffff - headers() : segment;
    int scale = Math.max(0, offeredScale);
    send = new SendHalf(context, initialSequence, segment, most - most % segment, scale, selective);
  }

  private int headers() {
    return (v6() ? Wire.IPV6_HEADER : Wire.IPV4_HEADER) + Wire.TCP_HEADER;
  }

  /** The segment size this side asks for. */
  int largestOwnSegment() {
    return context.config.mtu() - headers();
  }

  TcpState state() {
    return state;
  }

  Listener listener() {
    return listener;
  }

  void enter(TcpState next) {
    state = next;
  }

  // What the owner may do.

  @Override
  public void accept(Listener newListener) {
    if (state != TcpState.LISTEN) {
      return;
    }
    context.pending.answered(this);
    timer.cancel();
    listener = newListener;
    state = TcpState.SYN_RECEIVED;
    synAckDue = true;
    context.ready(this);
  }

  @Override
  public void refuse(Refusal why) {
    if (state != TcpState.LISTEN) {
      return;
    }
    context.counters.count(Counter.TCP_REFUSED);
    if (why == Refusal.REFUSED) {
      context.pending.answered(this);
      context.writer.refuse(this);
    } else {
      context.errors.connection(this, why);
    }
    forget();
  }

  @Override
  public void resume() {
    if (state == TcpState.LISTEN || state == TcpState.SYN_RECEIVED || state == TcpState.CLOSED) {
      return; // Nothing has come yet; a window update would be a second SYN-ACK.
    }
    receive.resume(listener);
    afterDelivery();
  }

  @Override
  public int writable() {
    return mayWrite() ? send.writable() : 0;
  }

  @Override
  public void write(ByteBuffer data) {
    if (!mayWrite()) {
      // The flow is gone, of which the writer may not have heard yet.
      data.position(data.limit());
      return;
    }
    send.write(data);
    context.ready(this);
  }

  @Override
  public void shutdownOutput() {
    if (mayWrite()) {
      send.queueFin();
      context.ready(this);
    }
  }

  private boolean mayWrite() {
    return state == TcpState.SYN_RECEIVED
        || state == TcpState.ESTABLISHED
        || state == TcpState.CLOSE_WAIT;
  }

  @Override
  public void abort() {
    switch (state) {
      case LISTEN -> refuse(Refusal.REFUSED);
      case SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK -> {
        sendReset();
        forget();
      }
      case TIME_WAIT -> {
        if (!ended) {
          forget();
        }
      }
      case CLOSED -> {}
    }
  }

  private void sendReset() {
    context.counters.count(Counter.TCP_RESETS_OUT);
    int sequence = state == TcpState.SYN_RECEIVED ? initialSequence + 1 : send.sequenceOfAck();
    context.writer.control(this, sequence, receive.nextSequence(), Wire.RST | Wire.ACK, 0);
  }

  // What happens to it.

  /**
   * A router on the way to the program takes packets of {@code mtu} bytes only. Believed when it
   * speaks of something that is in flight (RFC 5927, section 7.2): then that is sent again,
   * smaller.
   */
  boolean lowerPathMtu(int mtu, int quotedSequence) {
    boolean believed =
        state.sends()
            && send.inFlightAt(quotedSequence)
            && send.lowerSegmentSize(Math.max(LEAST_SEGMENT, mtu - headers()));
    if (believed) {
      context.ready(this);
    }
    return believed;
  }

  /** The program repeated its SYN while nobody has answered. */
  void repeatedSyn(long now) {
    context.counters.count(Counter.TCP_REPEATED_SYNS);
    timer.awaitOwner(now);
  }

  void opened(long now) {
    context.counters.count(Counter.TCP_OPENS);
    context.connections.add(this);
    context.pending.add(this, key().destination(), now);
    timer.awaitOwner(now);
    context.handler.requested(this);
  }

  void cancel() {
    context.counters.count(Counter.TCP_CANCELLED);
    forget();
    context.handler.cancelled(this);
  }

  /** The program reset it, or it was given up. */
  void aborted() {
    Listener told = listener;
    boolean tell = !ended;
    forget();
    if (tell) {
      told.aborted();
    }
  }

  /** After the listener was offered something: a window may have opened, the end may be reached. */
  void afterDelivery() {
    if (state == TcpState.CLOSED) {
      return;
    }
    if (receive.wantsUpdate()) {
      ackDue = true;
      context.ready(this);
    }
    endIfFinished();
  }

  /** Tells the listener once both directions are done. */
  void endIfFinished() {
    if (ended || !receive.finished() || !send.finAcked()) {
      return;
    }
    ended = true;
    timer.shortenTimeWait(context.now());
    listener.closed();
  }

  /**
   * Both directions are done and nothing is to be waited for; gone before the listener may call.
   */
  void finish() {
    Listener told = listener;
    forget();
    told.closed();
  }

  /** Both FINs are through and ours came first. */
  void timeWait(long now) {
    if (state != TcpState.TIME_WAIT) {
      state = TcpState.TIME_WAIT;
      context.timeWaits(1);
      send.close();
    }
    timer.awaitEndOfTimeWait(now);
  }

  /** Whether a new SYN may take its place (RFC 9293, section 3.10.7.4; RFC 6191). */
  boolean givesWayTo(Packet syn) {
    return state == TcpState.TIME_WAIT
        && ended
        && (syn.flags() & (Wire.SYN | Wire.ACK | Wire.RST | Wire.FIN)) == Wire.SYN
        && syn.sequence() - receive.nextSequence() >= 0;
  }

  /** Removes it and gives all its memory back; nobody is told. */
  void forget() {
    if (state == TcpState.CLOSED) {
      return;
    }
    if (state == TcpState.LISTEN) {
      context.pending.unanswered(this);
    } else if (state == TcpState.TIME_WAIT) {
      context.timeWaits(-1);
    }
    state = TcpState.CLOSED;
    ended = true;
    listener = Deaf.LISTENER;
    timer.cancel();
    context.thirsty.forget(this);
    context.connections.remove(this);
    receive.close();
    send.close();
  }

  /** TIME-WAIT lasts until the listener has taken everything. */
  void timeWaitOver(long now) {
    if (ended) {
      forget();
    } else if (receive.finished()) {
      finish(); // The listener threw when it was told of the end.
    } else {
      timer.awaitEndOfTimeWait(now);
    }
  }

  /** Resets it and tells its listener. */
  void giveUp() {
    context.counters.count(Counter.TCP_GIVEN_UP);
    sendReset();
    aborted();
  }

  /** Listens to a connection that nobody owns. */
  private enum Deaf implements Listener {
    LISTENER;

    @Override
    public int received(ByteBuffer data) {
      return data.remaining();
    }

    @Override
    public void receivedEnd() {}

    @Override
    public void acknowledged(int bytes) {}

    @Override
    public void aborted() {}

    @Override
    public void closed() {}
  }
}
