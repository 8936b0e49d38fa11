package dev.ktd.stack;

import dev.ktd.packet.SoftwareOffload;
import dev.ktd.packet.Wire;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/** One direction of a path that loses, repeats, delays, so reorders, and damages frames. */
final class SimLink {
  private final PriorityQueue<Flight> flights = new PriorityQueue<>();
  private final SoftwareOffload offload = new SoftwareOffload();
  private final SplittableRandom random;
  private final Model model;
  private final boolean vnetHeader;
  private long freeAt;
  private long count;
  private long damaged;

  /**
   * What a direction does to frames. Loss, repetition, late arrival and damage are probabilities.
   *
   * @param delay of every frame, in nanoseconds
   * @param lateness the most that a late frame is later, in nanoseconds
   * @param bitsPerSecond how fast frames follow each other; 0: at once
   * @param cuts super-segments are cut, and what happens, happens to each piece
   */
  record Model(
      double loss,
      double repetition,
      double late,
      double damage,
      long delay,
      long lateness,
      long bitsPerSecond,
      boolean cuts) {
    static final Model PERFECT = new Model(0, 0, 0, 0, 50_000, 0, 0, false);
  }

  /**
   * A frame under way.
   *
   * @param number in the order of sending; a repetition has that of the first
   * @param damaged one bit of the packet is wrong
   */
  record Flight(long at, long number, ByteBuffer frame, boolean damaged)
      implements Comparable<Flight> {
    @Override
    public int compareTo(Flight other) {
      int byTime = Long.compare(at, other.at);
      return byTime != 0 ? byTime : Long.compare(number, other.number);
    }
  }

  SimLink(SplittableRandom random, Model model, boolean vnetHeader) {
    this.random = random;
    this.model = model;
    this.vnetHeader = vnetHeader;
  }

  /** How many frames were damaged. */
  long damaged() {
    return damaged;
  }

  /** Takes a frame, which belongs to the link from here on. */
  void send(ByteBuffer frame, long now) {
    boolean hit = random.nextDouble() < model.damage;
    // A card would have verified a sum that is to be trusted: damage happens on the wire only.
    boolean cut = vnetHeader && (hit || model.cuts);
    List<ByteBuffer> pieces = cut ? offload.split(frame) : List.of(frame);
    int victim = hit ? random.nextInt(pieces.size()) : -1;
    for (int i = 0; i < pieces.size(); i++) {
      ByteBuffer piece = pieces.get(i);
      boolean damage = i == victim || (i > 0 && cut && random.nextDouble() < model.damage);
      if (damage) {
        flipOneBit(piece);
      }
      carry(piece, damage, now);
    }
  }

  private void carry(ByteBuffer frame, boolean damage, long now) {
    long sent = now;
    if (model.bitsPerSecond > 0) {
      freeAt = Math.max(freeAt, now) + frame.remaining() * 8_000_000_000L / model.bitsPerSecond;
      sent = freeAt;
    }
    if (random.nextDouble() >= model.loss) {
      add(frame, damage, sent);
    }
    if (random.nextDouble() < model.repetition) {
      add(frame, damage, sent);
    }
    count++;
  }

  private void flipOneBit(ByteBuffer frame) {
    int header = vnetHeader ? Wire.VNET_HEADER : 0;
    int at = header + random.nextInt(frame.limit() - header);
    frame.put(at, (byte) (frame.get(at) ^ 1 << random.nextInt(8)));
    damaged++;
  }

  private void add(ByteBuffer frame, boolean damage, long sent) {
    long late = random.nextDouble() < model.late ? random.nextLong(model.lateness) : 0;
    flights.add(new Flight(sent + model.delay + late, count, frame, damage));
  }

  /** When the next frame arrives; {@code Long.MAX_VALUE} for never. */
  long nextAt() {
    Flight next = flights.peek();
    return next == null ? Long.MAX_VALUE : next.at;
  }

  Flight next() {
    return flights.remove();
  }
}
