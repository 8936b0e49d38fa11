package dev.ktd.stack;

import dev.ktd.packet.Packet;
import dev.ktd.packet.Quote;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The UDP flows: found by their ends, forgotten in the order of their last use. */
final class UdpFlows {
  private final StackContext context;
  private final FlowTable<Entry> table;
  private final long idle;
  private @Nullable Entry oldest;
  private @Nullable Entry newest;

  UdpFlows(StackContext context) {
    this.context = context;
    table = new FlowTable<>(Entry.class, context.nextHashSeed());
    idle = context.config.limits().udpIdle().toNanos();
  }

  int size() {
    return table.size();
  }

  /** The flow of this packet, a new one if need be. */
  UdpFlow of(Packet packet, long now) {
    Entry entry = table.find(packet);
    if (entry == null) {
      if (table.size() >= context.config.limits().udpFlows() && oldest != null) {
        forget(oldest, Counter.UDP_EVICTED);
      }
      context.counters.count(Counter.UDP_OPENS);
      entry = new Entry(packet);
      table.add(entry);
    } else {
      unlink(entry);
    }
    entry.lastUse = now;
    append(entry);
    return entry;
  }

  /** When the next flow is to be forgotten. */
  long deadline() {
    return oldest == null ? Timers.NEVER : oldest.lastUse + idle;
  }

  void expire(long now) {
    while (oldest != null && oldest.lastUse + idle <= now) {
      forget(oldest, Counter.UDP_EXPIRED);
    }
  }

  /** Whether this packet of ours belongs to a flow. */
  boolean knows(Quote ours) {
    return table.findSender(ours) != null;
  }

  /**
   * The program has closed the socket that a datagram of ours was for: the flow is forgotten, as if
   * it were idle.
   *
   * @return false when there is no such flow
   */
  boolean closed(Quote ours) {
    Entry entry = table.findSender(ours);
    if (entry == null) {
      return false;
    }
    forget(entry, Counter.UDP_CLOSED);
    return true;
  }

  /** A router on the way takes less: longer datagrams of the flow leave in smaller fragments. */
  boolean lowerPathMtu(Quote ours, int mtu) {
    Entry entry = table.findSender(ours);
    if (entry == null || entry.pathMtu <= mtu) {
      return false;
    }
    entry.pathMtu = mtu;
    return true;
  }

  void close() {
    for (Entry entry : table.all()) {
      table.remove(entry);
      entry.gone = true;
    }
    oldest = null;
    newest = null;
  }

  private void forget(Entry entry, Counter why) {
    unlink(entry);
    table.remove(entry);
    entry.gone = true;
    context.counters.count(why);
    context.handler.expired(entry);
  }

  private void append(Entry entry) {
    entry.older = newest;
    entry.newer = null;
    if (newest == null) {
      oldest = entry;
    } else {
      newest.newer = entry;
    }
    newest = entry;
  }

  private void unlink(Entry entry) {
    if (entry.older == null) {
      oldest = entry.newer;
    } else {
      entry.older.newer = entry.newer;
    }
    if (entry.newer == null) {
      newest = entry.older;
    } else {
      entry.newer.older = entry.older;
    }
    entry.older = null;
    entry.newer = null;
  }

  /** One flow and its place in the order of use. */
  private final class Entry extends FlowEntry implements UdpFlow {
    private @Nullable Entry older;
    private @Nullable Entry newer;
    private long lastUse;
    private boolean gone;
    private int pathMtu = context.config.mtu();
    private @Nullable Object attachment;

    Entry(Packet packet) {
      super(packet);
    }

    @Override
    public void send(ByteBuffer payload) {
      if (gone) {
        return;
      }
      unlink(this);
      lastUse = context.now();
      append(this);
      context.writer.datagram(this, payload, pathMtu);
    }

    @Override
    public void refuse(Refusal why) {
      if (!gone) {
        context.errors.datagram(this, why);
      }
    }

    @Override
    public @Nullable Object attachment() {
      return attachment;
    }

    @Override
    public void attach(Object newAttachment) {
      attachment = newAttachment;
    }
  }
}
