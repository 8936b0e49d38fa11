package dev.ktd.stack;

import dev.ktd.packet.Packet;
import dev.ktd.packet.SeqNumber;
import dev.ktd.packet.Wire;

/** What a segment does to its connection: RFC 9293, section 3.10.7, in the order of its stages. */
final class TcpInput {
  private final StackContext context;
  private final TcpOutput output;

  TcpInput(StackContext context, TcpOutput output) {
    this.context = context;
    this.output = output;
  }

  void segment(TcpConnection connection, Packet packet, long now) {
    switch (connection.state()) {
      case LISTEN -> unanswered(connection, packet, now);
      case SYN_RECEIVED,
          ESTABLISHED,
          FIN_WAIT_1,
          FIN_WAIT_2,
          CLOSE_WAIT,
          CLOSING,
          LAST_ACK,
          TIME_WAIT ->
          synchronizedState(connection, packet, now);
      case CLOSED -> {}
    }
  }

  /** Nothing was sent yet, so the program can only repeat, reset or err. */
  private void unanswered(TcpConnection connection, Packet packet, long now) {
    int ahead = SeqNumber.distance(connection.remoteInitialSequence, packet.sequence());
    if (packet.has(Wire.RST)) {
      if (ahead == 0 || ahead == 1) {
        context.counters.count(Counter.TCP_RESETS_IN);
        connection.cancel();
      }
    } else if (packet.has(Wire.ACK)) {
      context.writer.reset(packet);
    } else if (packet.has(Wire.SYN) && ahead == 0) {
      connection.repeatedSyn(now);
    } else {
      context.counters.count(Counter.DROP_FLAGS);
    }
  }

  private void synchronizedState(TcpConnection connection, Packet packet, long now) {
    if (!packet.has(Wire.RST)) {
      connection.timer.heard(now);
    }
    if (sequenceFits(connection, packet, now)
        && notReset(connection, packet)
        && noSyn(connection, packet)
        && acknowledgment(connection, packet, now)) {
      payload(connection, packet, now);
    }
    if (connection.state() != TcpState.CLOSED && connection.send.pending()) {
      context.ready(connection);
    }
  }

  private boolean sequenceFits(TcpConnection connection, Packet packet, long now) {
    ReceiveHalf receive = connection.receive;
    int length = lengthInSequence(packet);
    if (receive.acceptable(packet.sequence(), length)) {
      return true;
    }
    if (packet.has(Wire.RST)) {
      return false;
    }
    int ahead = SeqNumber.distance(receive.nextSequence(), packet.sequence());
    if (packet.has(Wire.SYN)) {
      if (connection.state() == TcpState.SYN_RECEIVED
          && packet.sequence() == connection.remoteInitialSequence) {
        connection.synAckDue = true;
        context.ready(connection);
      } else {
        // RFC 5961, section 4: whatever its sequence number.
        challenge(connection);
      }
    } else if (length > 0 || ahead == -1) {
      // Something repeated, or a keep-alive or window probe, which must always be answered.
      if (connection.state() == TcpState.TIME_WAIT && packet.has(Wire.FIN)) {
        connection.timeWait(now);
      }
      if (connection.selective && ahead < 0 && packet.payloadLength() > 0) {
        receive.repeated(packet.sequence(), Math.min(packet.payloadLength(), -ahead));
      }
      acknowledge(connection);
    } else {
      challenge(connection);
    }
    return false;
  }

  private static int lengthInSequence(Packet packet) {
    return packet.payloadLength() + (packet.has(Wire.SYN) ? 1 : 0) + (packet.has(Wire.FIN) ? 1 : 0);
  }

  /** RFC 5961, section 3: only a RST at exactly RCV.NXT counts. */
  private boolean notReset(TcpConnection connection, Packet packet) {
    if (!packet.has(Wire.RST)) {
      return true;
    }
    if (packet.sequence() == connection.receive.nextSequence()) {
      context.counters.count(Counter.TCP_RESETS_IN);
      connection.aborted();
    } else {
      challenge(connection);
    }
    return false;
  }

  /** RFC 5961, section 4: a SYN in the window may be forged; who means it answers with RST. */
  private boolean noSyn(TcpConnection connection, Packet packet) {
    if (!packet.has(Wire.SYN)) {
      return true;
    }
    challenge(connection);
    return false;
  }

  private boolean acknowledgment(TcpConnection connection, Packet packet, long now) {
    if (!packet.has(Wire.ACK)) {
      context.counters.count(Counter.DROP_FLAGS);
      return false;
    }
    SendHalf send = connection.send;
    if (connection.state() == TcpState.SYN_RECEIVED) {
      if (packet.acknowledgment() != connection.initialSequence + 1) {
        context.writer.reset(packet);
        return false;
      }
      output.established(connection, packet, now);
      return true;
    }
    if (connection.state() == TcpState.TIME_WAIT) {
      return true;
    }
    long ack = send.position(packet.acknowledgment());
    if (ack > send.sent() || ack < send.acked() - send.largestWindow()) {
      // RFC 5961, section 5: it acknowledges what was never sent, or what is long gone.
      challenge(connection);
      return false;
    }
    if (ack >= send.acked()) {
      boolean progress = ack > send.acked();
      int bytes = send.acknowledged(ack, packet, now);
      connection.timer.rearm(now, progress);
      context.ready(connection);
      try {
        if (bytes > 0) {
          connection.listener().acknowledged(bytes);
        }
      } finally {
        // Also when the listener throws: the program will not say it again.
        finAcknowledged(connection, now);
      }
    }
    return connection.state() != TcpState.CLOSED;
  }

  private static void finAcknowledged(TcpConnection connection, long now) {
    if (!connection.send.finAcked()) {
      return;
    }
    switch (connection.state()) {
      case FIN_WAIT_1 -> connection.enter(TcpState.FIN_WAIT_2);
      case CLOSING -> {
        connection.timeWait(now);
        connection.endIfFinished();
      }
      case LAST_ACK -> {
        if (connection.receive.finished()) {
          connection.finish();
        } else {
          // What the listener has not taken yet is kept as in TIME-WAIT.
          connection.timeWait(now);
        }
      }
      case LISTEN, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_2, CLOSE_WAIT, TIME_WAIT, CLOSED -> {}
    }
  }

  private void payload(TcpConnection connection, Packet packet, long now) {
    boolean fin = packet.has(Wire.FIN);
    if (packet.payloadLength() == 0 && !fin) {
      return;
    }
    if (!connection.state().receives()) {
      acknowledge(connection);
      return;
    }
    boolean inOrder;
    try {
      inOrder =
          connection.receive.segment(
              packet.sequence(),
              packet.buffer(),
              packet.payloadOffset(),
              packet.payloadLength(),
              fin,
              connection.listener());
    } finally {
      // Also when the listener throws: a FIN that was taken is not taken again.
      received(connection, now);
    }
    if (connection.state() == TcpState.CLOSED) {
      return;
    }
    if (!inOrder || connection.receive.holes() > 0) {
      // RFC 5681, section 4.2: the sender counts these, so they must not be merged.
      output.acknowledgeNow(connection);
    }
    connection.afterDelivery();
  }

  private void received(TcpConnection connection, long now) {
    if (connection.state() != TcpState.CLOSED) {
      acknowledge(connection);
      if (connection.receive.finReceived()) {
        finReceived(connection, now);
      }
    }
  }

  private static void finReceived(TcpConnection connection, long now) {
    switch (connection.state()) {
      case ESTABLISHED -> connection.enter(TcpState.CLOSE_WAIT);
      case FIN_WAIT_1 -> connection.enter(TcpState.CLOSING);
      case FIN_WAIT_2 -> connection.timeWait(now);
      case LISTEN, SYN_RECEIVED, CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT, CLOSED -> {}
    }
  }

  private void acknowledge(TcpConnection connection) {
    connection.ackDue = true;
    context.ready(connection);
  }

  private void challenge(TcpConnection connection) {
    if (context.mayChallenge()) {
      acknowledge(connection);
    }
  }
}
