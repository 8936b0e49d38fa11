package dev.ktd.relay;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * What {@link EchoFarSide} is, and two ports more: 88 takes nothing until {@link #release} and then
 * all, 90 sends {@link #SOURCE_BYTES} and ends.
 */
final class LoadFarSide implements Dialer {
  static final int SOURCE_BYTES = 12 << 20;

  /** What it sends ahead of a program that does not read. */
  static final int WINDOW = 2 * 1024 * 1024;

  private static final int PIECE = 32 * 1024;

  private final byte[] bytes = sourceBytes();
  private final Executor loop;
  private final EchoFarSide others;
  private final ArrayDeque<Sink> held = new ArrayDeque<>();

  /** The digest of what the first sink took, once its program has ended its stream. */
  final CompletableFuture<String> taken = new CompletableFuture<>();

  LoadFarSide(Executor loop, EchoFarSide others) {
    this.loop = loop;
    this.others = others;
  }

  static byte[] sourceBytes() {
    byte[] bytes = new byte[SOURCE_BYTES];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = Program.pattern(i);
    }
    return bytes;
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public Upstream dial(InetSocketAddress destination, Downstream downstream) {
    return switch (destination.getPort()) {
      case 88 -> {
        var sink = new Sink(downstream);
        held.add(sink);
        loop.execute(downstream::opened);
        yield sink;
      }
      case 90 -> {
        var source = new Source(downstream);
        loop.execute(source::open);
        yield source;
      }
      default -> others.dial(destination, downstream);
    };
  }

  /** The sinks take all from now on. Any thread. */
  void release() {
    loop.execute(
        () -> {
          for (Sink sink = held.poll(); sink != null; sink = held.poll()) {
            sink.open = true;
            sink.downstream.writable();
          }
        });
  }

  /** Takes nothing, then all. */
  private final class Sink implements Upstream {
    private final Downstream downstream;
    private final MessageDigest digest = sha256();
    private boolean open;

    Sink(Downstream downstream) {
      this.downstream = downstream;
    }

    @Override
    public int write(ByteBuffer data) {
      if (!open) {
        return 0;
      }
      int size = data.remaining();
      digest.update(data);
      return size;
    }

    @Override
    public void shutdownOutput() {
      taken.complete(HexFormat.of().formatHex(digest.digest()));
      loop.execute(downstream::end);
    }

    @Override
    public void consumed(int bytes) {}

    @Override
    public void abort() {
      taken.completeExceptionally(new IllegalStateException("reset"));
    }
  }

  /** Sends as its window lets it. */
  private final class Source implements Upstream {
    private final Downstream downstream;
    private int sent;
    private int window = WINDOW;
    private boolean over;

    Source(Downstream downstream) {
      this.downstream = downstream;
    }

    void open() {
      downstream.opened();
      pump();
    }

    private void pump() {
      int size = Math.min(Math.min(PIECE, window), bytes.length - sent);
      if (over || size == 0) {
        return;
      }
      window -= size;
      sent += size;
      downstream.data(ByteBuffer.wrap(bytes, sent - size, size));
      if (sent == bytes.length) {
        over = true;
        downstream.end();
      } else {
        loop.execute(this::pump);
      }
    }

    @Override
    public int write(ByteBuffer data) {
      return data.remaining();
    }

    @Override
    public void shutdownOutput() {}

    @Override
    public void consumed(int returned) {
      boolean waited = window == 0;
      window += returned;
      if (waited) {
        loop.execute(this::pump);
      }
    }

    @Override
    public void abort() {
      over = true;
    }
  }
}
