package dev.ktd.stack;

import dev.ktd.packet.Choices;
import dev.ktd.packet.Expect;
import java.nio.ByteBuffer;
import java.util.function.BooleanSupplier;

/**
 * The owner of one flow in a generated test. It does what the {@link Choices} say, also while it is
 * called back, and fails when the stack breaks the contract of {@link TcpFlow.Listener}.
 */
final class EventOwner implements TcpFlow.Listener {
  private static final int SMALL_WRITE = 4000;

  private final TcpFlow flow;
  private final int initialSequence;
  private final Choices choices;
  private final BooleanSupplier tainted;
  private State state = State.ASKED;
  private long appetite;
  private long received;
  private boolean ended;
  private long written;
  private long acknowledged;
  private boolean shutDown;

  private enum State {
    ASKED,
    ACCEPTED,
    /** Refused or aborted by us, or cancelled, aborted or closed by the other side. */
    GONE
  }

  /**
   * The owner of a flow that was just requested.
   *
   * @param initialSequence of the program's SYN: the bytes of its stream follow from it
   * @param tainted whether frames got broken on their way that nobody can tell from good ones
   */
  EventOwner(TcpFlow flow, int initialSequence, Choices choices, BooleanSupplier tainted) {
    this.flow = flow;
    this.initialSequence = initialSequence;
    this.choices = choices;
    this.tainted = tainted;
    appetite = choices.below(4) == 0 ? 0 : Long.MAX_VALUE;
  }

  /** The byte of the program's stream at this sequence number. */
  static byte programByte(int sequence) {
    return RecordedEvents.pattern(Integer.toUnsignedLong(sequence));
  }

  /** The byte of the owner's stream at this position, from 0. */
  static byte ownerByte(long position) {
    return RecordedEvents.pattern(position + 77);
  }

  TcpFlow flow() {
    return flow;
  }

  long written() {
    return written;
  }

  boolean shutDown() {
    return shutDown;
  }

  /** Does one thing with the flow, be it still there or not. */
  String act() {
    int choice = choices.below(16);
    return switch (choice) {
      case 0, 1, 2, 3 -> accept();
      case 4 -> refuse();
      case 5 -> choices.oneIn(3) ? abort() : "no abort";
      case 6 -> shutDownOutput();
      case 7, 8, 9, 10, 11 -> write();
      case 12, 13 -> take(choices.below(1 << 16));
      case 14 -> take(Long.MAX_VALUE / 2);
      default -> resume();
    };
  }

  String accept() {
    if (state == State.ASKED) {
      state = State.ACCEPTED;
    }
    flow.accept(this);
    return "accept";
  }

  private String refuse() {
    Refusal why = StackEvents.anyRefusal(choices);
    if (state == State.ASKED) {
      state = State.GONE;
    }
    flow.refuse(why);
    return "refuse " + why;
  }

  String abort() {
    state = State.GONE;
    flow.abort();
    return "abort";
  }

  private String shutDownOutput() {
    shutDown |= state == State.ACCEPTED;
    flow.shutdownOutput();
    return "shutdown";
  }

  private String write() {
    int room = flow.writable();
    Expect.that(room >= 0, "%d are writable", room);
    Expect.that(room == 0 || (state == State.ACCEPTED && !shutDown), "%d are writable", room);
    int most = choices.oneIn(8) ? room : Math.min(room, SMALL_WRITE);
    ByteBuffer data = ByteBuffer.allocate(choices.below(most + 1));
    while (data.hasRemaining()) {
      data.put(ownerByte(written++));
    }
    flow.write(data.flip());
    Expect.that(!data.hasRemaining(), "%d bytes were not taken", data.remaining());
    return "write " + data.limit();
  }

  /** Allows more bytes to come, and asks for what was left. */
  String take(long more) {
    appetite = Math.min(Long.MAX_VALUE / 2, appetite) + more;
    flow.resume();
    return "take " + more;
  }

  private String resume() {
    flow.resume();
    return "resume";
  }

  /** The other side is silent since longer than anything waits: all is acknowledged or gone. */
  void checkSettled() {
    Expect.that(state != State.ASKED, "an open was never given up");
    Expect.that(
        state == State.GONE || acknowledged == written,
        "%d of %d are acknowledged, and it was not given up",
        acknowledged,
        written);
  }

  /** The stack was closed: calls do nothing. */
  void checkClosed() {
    state = State.GONE;
    flow.resume();
    Expect.that(flow.writable() == 0, "%d are writable", flow.writable());
    flow.abort();
  }

  void cancelled() {
    Expect.that(state == State.ASKED, "cancelled in state %s", state);
    state = State.GONE;
    maybeAct();
  }

  private void heard(String what) {
    Expect.that(state == State.ACCEPTED, "%s in state %s", what, state);
  }

  private void maybeAct() {
    if (choices.oneIn(24)) {
      act();
    }
  }

  @Override
  public int received(ByteBuffer data) {
    heard("received");
    Expect.that(!ended, "received after the end");
    Expect.that(data.hasRemaining(), "nothing was received");
    int taken = (int) Math.min(data.remaining(), appetite);
    for (int i = 0; i < taken && !tainted.getAsBoolean(); i++) {
      byte expected = programByte(initialSequence + 1 + (int) received + i);
      Expect.that(data.get(data.position() + i) == expected, "byte %d of the stream", received + i);
    }
    received += taken;
    appetite -= taken;
    maybeAct();
    return taken;
  }

  @Override
  public void receivedEnd() {
    heard("end");
    Expect.that(!ended, "a second end");
    ended = true;
    maybeAct();
  }

  @Override
  public void acknowledged(int bytes) {
    heard("acknowledged");
    acknowledged += bytes;
    Expect.that(bytes > 0 && acknowledged <= written, "%d bytes acknowledged", bytes);
    maybeAct();
  }

  @Override
  public void aborted() {
    heard("aborted");
    state = State.GONE;
    maybeAct();
  }

  @Override
  public void closed() {
    heard("closed");
    Expect.that(ended && shutDown && acknowledged == written, "closed before it is done");
    state = State.GONE;
    maybeAct();
  }
}
