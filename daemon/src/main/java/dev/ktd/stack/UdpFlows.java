package dev.ktd.stack;

import dev.ktd.packet.Packet;
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
        forget(oldest);
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
      forget(oldest);
    }
  }

  void close() {
    for (Entry entry : table.all()) {
      table.remove(entry);
      entry.gone = true;
    }
    oldest = null;
    newest = null;
  }

  private void forget(Entry entry) {
    unlink(entry);
    table.remove(entry);
    entry.gone = true;
    context.counters.count(Counter.UDP_EXPIRED);
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
      context.writer.datagram(this, payload);
    }

    @Override
    public void refuse(Refusal why) {
      if (!gone) {
        context.writer.refuseDatagram(this, why);
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
