package dev.ktd.stack;

import dev.ktd.packet.Packet;
import dev.ktd.packet.Wire;
import dev.ktd.stack.Timers.Alarm;
import dev.ktd.stack.Timers.Timer;
import java.nio.ByteBuffer;

/**
 * One connection: its state, what its owner may do, and its timer. {@link TcpInput} feeds it with
 * segments, {@link TcpOutput} takes segments out of it.
 */
final class TcpConnection extends FlowEntry implements TcpFlow, Alarm {
  /** A program repeats its SYN after 64 s at the latest (Linux, macOS); then it has given up. */
  private static final long OPEN_LIFETIME = 75 * RoundTrip.SECOND;

  private static final int SYN_ACK_TRIES = 6;
  private static final int DATA_TRIES = 12;
  private static final long LONGEST_PROBE_INTERVAL = 60 * RoundTrip.SECOND;

  /**
   * Instead of four minutes: nothing on a local path is older than this, and a last ACK that was
   * lost is asked for again within the kernel's 200 ms.
   */
  private static final long TIME_WAIT = RoundTrip.SECOND;

  /** RFC 9293, section 3.7.1: what to send to who has not said what it takes. */
  private static final int DEFAULT_SEGMENT_V4 = 536;

  private static final int DEFAULT_SEGMENT_V6 = 1220;

  private final StackContext context;
  private final Timer timer = new Timer(this);
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

  /** There was no memory for what was written, so the connection is to be given up. */
  boolean starved;

  /** The timer waits for a window, not for an ACK. */
  private boolean probing;

  private int probes;
  private int unansweredProbes;

  /** A connection for this SYN, not yet in the table. */
  TcpConnection(StackContext context, Packet syn) {
    super(syn);
    this.context = context;
    remoteInitialSequence = syn.sequence();
    initialSequence = context.nextInitialSequence();
    int offeredScale = syn.options().windowScale();
    scaled = offeredScale >= 0;
    selective = syn.options().sackPermitted();
    int ownSegment = largestOwnSegment();
    receive = new ReceiveHalf(context, remoteInitialSequence, scaled, ownSegment);
    int asked = syn.options().maximumSegmentSize();
    int theirs = asked >= 0 ? asked : v6() ? DEFAULT_SEGMENT_V6 : DEFAULT_SEGMENT_V4;
    // A tiny size would cost a header for every few bytes; Linux has the same floor.
    int segment = Math.min(ownSegment, Math.max(48, theirs));
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
    context.timers.cancel(timer);
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
    context.writer.refuse(this, why);
    if (why == Refusal.REFUSED) {
      context.pending.answered(this);
    }
    forget();
  }

  @Override
  public void resume() {
    if (state == TcpState.LISTEN || state == TcpState.SYN_RECEIVED || state == TcpState.CLOSED) {
      return; // Nothing has come yet; a window update would be a second SYN-ACK.
    }
    receive.drain(listener);
    afterDelivery();
  }

  @Override
  public int writable() {
    return mayWrite() ? send.writable() : 0;
  }

  @Override
  public void write(ByteBuffer data) {
    if (!mayWrite() || starved) {
      // The flow is gone, of which the writer may not have heard yet.
      data.position(data.limit());
      return;
    }
    starved = !send.write(data);
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

  /** The program repeated its SYN while nobody has answered. */
  void repeatedSyn(long now) {
    context.counters.count(Counter.TCP_REPEATED_SYNS);
    context.timers.set(timer, now + OPEN_LIFETIME);
  }

  void opened(long now) {
    context.counters.count(Counter.TCP_OPENS);
    context.connections.add(this);
    context.pending.add(this, key().destination(), now);
    context.timers.set(timer, now + OPEN_LIFETIME);
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
    listener.closed();
  }

  /** Both FINs are through and ours came first. */
  void timeWait(long now) {
    if (state != TcpState.TIME_WAIT) {
      state = TcpState.TIME_WAIT;
      context.timeWaits(1);
      send.close();
    }
    context.timers.set(timer, now + TIME_WAIT);
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
    context.timers.cancel(timer);
    context.connections.remove(this);
    receive.close();
    send.close();
  }

  // Time.

  @Override
  public void due(long now) {
    switch (state) {
      case LISTEN -> cancel();
      case SYN_RECEIVED -> synAckUnanswered();
      case TIME_WAIT -> timeWaitOver(now);
      case ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK -> unanswered();
      case CLOSED -> {}
    }
  }

  private void timeWaitOver(long now) {
    if (ended) {
      forget();
    } else {
      // The listener has not taken everything yet.
      context.timers.set(timer, now + TIME_WAIT);
    }
  }

  private void synAckUnanswered() {
    send.roundTrip().backOff();
    if (send.roundTrip().tries() > SYN_ACK_TRIES) {
      giveUp();
      return;
    }
    context.counters.count(Counter.TCP_TIMEOUTS);
    synAckDue = true;
    context.ready(this);
  }

  private void unanswered() {
    if (send.inFlight()) {
      if (send.roundTrip().tries() >= DATA_TRIES) {
        giveUp();
        return;
      }
      context.counters.count(Counter.TCP_TIMEOUTS);
      send.timeout();
    } else if (send.pending()) {
      if (++unansweredProbes > DATA_TRIES) {
        giveUp();
        return;
      }
      probes++;
      probeDue = true;
      send.override();
    }
    context.ready(this);
  }

  /** Resets it and tells its listener. */
  void giveUp() {
    context.counters.count(Counter.TCP_GIVEN_UP);
    sendReset();
    aborted();
  }

  /** Any acceptable ACK shows that the program's kernel is alive. */
  void heard() {
    unansweredProbes = 0;
  }

  /** Sets the timer for what is now on its way or held back. */
  void rearm(long now, boolean restart) {
    if (!state.sends()) {
      if (state != TcpState.TIME_WAIT && state != TcpState.LISTEN) {
        context.timers.cancel(timer);
      }
      return;
    }
    if (send.inFlight()) {
      if (restart || probing || timer.at() == Timers.NEVER) {
        context.timers.set(timer, now + send.roundTrip().timeout());
      }
      probing = false;
      probes = 0;
    } else if (send.pending()) {
      if (!probing || timer.at() == Timers.NEVER) {
        long interval = send.roundTrip().timeout() << Math.min(probes, 10);
        context.timers.set(timer, now + Math.min(LONGEST_PROBE_INTERVAL, interval));
      }
      probing = true;
    } else {
      probing = false;
      context.timers.set(timer, Timers.NEVER);
    }
  }

  /** Starts the wait for the answer to a SYN-ACK. */
  void awaitHandshake(long now) {
    context.timers.set(timer, now + send.roundTrip().timeout());
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
