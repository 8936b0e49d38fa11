package dev.ktd.stack;

import dev.ktd.packet.Packet;
import dev.ktd.packet.Wire;

/** Sends what connections have to send. */
final class TcpOutput {
  /** Frames of one connection in a row, so that a bulk flow does not hold up the others. */
  private static final int FRAMES_IN_A_ROW = 4;

  private final StackContext context;
  private final FrameWriter writer;

  TcpOutput(StackContext context) {
    this.context = context;
    this.writer = context.writer;
  }

  /** How a connection's turn ended. */
  enum Turn {
    DONE,
    /** There is more to send. */
    MORE,
    /** The device takes nothing now. */
    DEVICE_FULL
  }

  Turn turn(TcpConnection connection, long now) {
    return switch (connection.state()) {
      case LISTEN, CLOSED -> Turn.DONE;
      case SYN_RECEIVED -> synAck(connection, now);
      case ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT ->
          segments(connection, now);
    };
  }

  private Turn synAck(TcpConnection connection, long now) {
    if (!connection.synAckDue) {
      // The answer to a segment that does not fit is a plain ACK in this state, too.
      return !connection.ackDue || acknowledgeNow(connection) ? Turn.DONE : Turn.DEVICE_FULL;
    }
    int window = connection.receive.announce(false);
    if (!writer.synAck(connection, window)) {
      return Turn.DEVICE_FULL;
    }
    connection.synAckDue = false;
    connection.ackDue = false;
    connection.timer.awaitHandshake(now);
    return Turn.DONE;
  }

  /** The program's ACK of our SYN came. */
  void established(TcpConnection connection, Packet packet, long now) {
    context.counters.count(Counter.TCP_ESTABLISHED);
    connection.enter(TcpState.ESTABLISHED);
    connection.send.roundTrip().handshakeDone();
    connection.send.established(packet.window(), packet.sequence());
    connection.timer.rearm(now, true);
    // The SYN-ACK could announce 64 KiB only.
    connection.ackDue |= connection.receive.wantsUpdate();
    context.ready(connection);
  }

  private Turn segments(TcpConnection connection, long now) {
    SendHalf send = connection.send;
    if (connection.state().sends()) {
      for (int i = 0; send.plan(FrameWriter.options(connection)); i++) {
        if (i == FRAMES_IN_A_ROW) {
          return Turn.MORE;
        }
        if (!data(connection, now)) {
          return Turn.DEVICE_FULL;
        }
      }
    }
    if (connection.probeDue && !probe(connection, now)) {
      return Turn.DEVICE_FULL;
    }
    connection.timer.rearm(now, false);
    return !connection.ackDue || acknowledgeNow(connection) ? Turn.DONE : Turn.DEVICE_FULL;
  }

  private boolean data(TcpConnection connection, long now) {
    SendHalf send = connection.send;
    int flags = Wire.ACK | (send.planPushes() ? Wire.PSH : 0) | (send.planFin() ? Wire.FIN : 0);
    boolean repeats = send.planRepeats();
    boolean wasInFlight = send.inFlight();
    if (!writer.data(connection, flags, announce(connection))) {
      return false;
    }
    if (repeats) {
      context.counters.count(Counter.TCP_RETRANSMITS);
    }
    send.planned(now);
    connection.ackDue = connection.receive.hasRepeat();
    connection.probeDue = false;
    connection.timer.rearm(now, !wasInFlight || repeats);
    if (send.finSent()) {
      if (connection.state() == TcpState.ESTABLISHED) {
        connection.enter(TcpState.FIN_WAIT_1);
      } else if (connection.state() == TcpState.CLOSE_WAIT) {
        connection.enter(TcpState.LAST_ACK);
      }
    }
    return true;
  }

  private int announce(TcpConnection connection) {
    int field = connection.receive.announce(connection.scaled);
    context.thirsty.note(connection);
    return field;
  }

  /** As Linux probes: a segment that is too old to be taken and so must be answered. */
  private boolean probe(TcpConnection connection, long now) {
    connection.probeDue = false;
    if (connection.send.inFlight()) {
      return true;
    }
    boolean held = connection.send.pending();
    context.counters.count(held ? Counter.TCP_PROBES : Counter.TCP_KEEP_ALIVES);
    connection.timer.rearm(now, true);
    return writer.control(
        connection,
        connection.send.sequenceOfProbe(),
        connection.receive.nextSequence(),
        Wire.ACK,
        announce(connection));
  }

  /** Sends an ACK without waiting for the poll. */
  boolean acknowledgeNow(TcpConnection connection) {
    boolean taken =
        writer.control(
            connection,
            connection.send.sequenceOfAck(),
            connection.receive.nextSequence(),
            Wire.ACK,
            announce(connection));
    connection.ackDue = !taken;
    return taken;
  }
}
