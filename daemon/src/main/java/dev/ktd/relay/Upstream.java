package dev.ktd.relay;

import java.nio.ByteBuffer;

/** The far side of a TCP flow, as the relay uses it. All calls on the relay's event loop. */
public interface Upstream {
  /**
   * Sends bytes. Takes as many as its window and its queue allow, from the buffer's position on.
   *
   * @return how many bytes were taken (copied), 0 to {@code data.remaining()}; after less than all,
   *     {@link Downstream#writable} follows when it is worth trying again
   */
  int write(ByteBuffer data);

  /** End of our data; the other direction goes on. */
  void shutdownOutput();

  /**
   * The local program has acknowledged so many bytes: their memory is free, and the far side may
   * send more. Each byte of {@link Downstream#data} is told once, also after {@link Downstream#end}
   * and a clean {@link Downstream#closed}, unless {@link #abort} or an unclean end came first: then
   * the memory of all that is left is free.
   */
  void consumed(int bytes);

  /**
   * Ends it in both directions at once; the downstream hears nothing more, and holds nothing any
   * more. Repeatable, and allowed after a clean {@link Downstream#closed}.
   */
  void abort();
}
