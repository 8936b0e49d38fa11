package dev.ktd.ssh;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.BooleanSupplier;

/**
 * Who may send next on one carrier, while it has less room than there is to send: deficit round
 * robin (Shreedhar and Varghese, 1995) in bytes, with those first that have sent less than their
 * share of the round, as in fq_codel (RFC 8290, 4.2). So a key press does not wait for any bulk,
 * and a bulk gets what others leave. Who has nothing to send, or may not (its window is closed), is
 * not in the line and costs nothing. Constant time for each turn. On the event loop.
 */
final class FlowLine {
  /** What one flow may send in a round while others wait, in bytes: one packet of SSH. */
  static final int QUANTUM = 32 * 1024;

  private final Deque<Place> newcomers = new ArrayDeque<>();
  private final Deque<Place> others = new ArrayDeque<>();
  private long round = 1;

  /** How many of the others' line have still to be served in this round. */
  private int leftInRound;

  /** One flow's place; not in the line as long as it need not wait. */
  static final class Place {
    private final Runnable turn;
    private boolean waiting;
    private boolean served;
    private int deficit;
    private long round;

    /**
     * A place outside of the line.
     *
     * @param turn asks the flow to send what it has, as far as {@link #allowance} lets it
     */
    Place(Runnable turn) {
      this.turn = turn;
    }
  }

  boolean isEmpty() {
    return newcomers.isEmpty() && others.isEmpty();
  }

  /** How many bytes the flow may send now, if the carrier has room; 0: it must wait. */
  int allowance(Place flow) {
    if (flow.served) {
      return isEmpty() ? Integer.MAX_VALUE : flow.deficit;
    }
    if (flow.waiting) {
      return 0;
    }
    return isEmpty() ? Integer.MAX_VALUE : share(flow);
  }

  /** What is left to the flow of its share of this round, in bytes, in the line or not. */
  int share(Place flow) {
    if (flow.round != round && !flow.waiting && !flow.served) {
      flow.round = round;
      flow.deficit = QUANTUM;
    }
    return flow.deficit;
  }

  /** The flow has sent so many bytes. */
  void sent(Place flow, int bytes) {
    flow.deficit = Math.max(0, share(flow) - bytes);
  }

  /** The flow has more to send: its turn will come. */
  void await(Place flow) {
    if (flow.waiting) {
      return;
    }
    int share = share(flow);
    flow.waiting = true;
    if (flow.served) {
      return; // Where it goes is decided when its turn is over.
    }
    if (share > 0) {
      newcomers.addLast(flow);
    } else {
      others.addLast(flow);
    }
  }

  /** There was room and nobody waited: all shares are new. */
  void nextRound() {
    round++;
    leftInRound = 0;
  }

  /** Everybody leaves. */
  void clear() {
    newcomers.clear();
    others.clear();
  }

  /** Lets flows send while there is room, each once at most. */
  void turn(BooleanSupplier room) {
    for (int n = newcomers.size() + others.size(); n > 0 && room.getAsBoolean(); n--) {
      boolean isNew = !newcomers.isEmpty();
      Place flow = isNew ? newcomers.pollFirst() : others.pollFirst();
      if (flow == null) {
        return;
      }
      if (!isNew) {
        begin(flow);
      } else if (isEmpty()) {
        round++; // It takes all the room, so its turn is a round.
      }
      serve(flow, isNew, room);
    }
    if (isEmpty()) {
      nextRound();
    }
  }

  private void begin(Place flow) {
    if (leftInRound == 0) {
      round++;
      leftInRound = others.size() + 1;
    }
    leftInRound--;
    if (flow.deficit == 0) {
      flow.deficit = QUANTUM;
    }
    flow.round = round;
  }

  private void serve(Place flow, boolean isNew, BooleanSupplier room) {
    flow.waiting = false;
    flow.served = true;
    flow.turn.run();
    flow.served = false;
    if (!flow.waiting) {
      return;
    }
    if (flow.deficit == 0 || room.getAsBoolean()) {
      others.addLast(flow);
    } else if (isNew) {
      newcomers.addFirst(flow);
    } else {
      // The room went first: the rest of its share is still due in this round.
      others.addFirst(flow);
      leftInRound++;
    }
  }
}
