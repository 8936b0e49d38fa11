package dev.ktd.relay;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/** The far side of UDP flows and pings. Everything on the relay's event loop. */
public interface Datagrams {
  /** Opens a socket that talks to {@code destination}; answers come to {@code replies}. */
  Association open(InetSocketAddress destination, Replies replies);

  /**
   * Pings {@code destination} once with {@code payload} (read during the call).
   *
   * @param answer called at most once; not at all when nothing answers
   * @return false when it was dropped, since the tunnel is full or gone
   */
  boolean echo(InetAddress destination, ByteBuffer payload, EchoAnswer answer);

  /** One open socket on the far side. */
  interface Association {
    /**
     * Sends one datagram, or drops it when the tunnel is full or gone, as a network does.
     *
     * @return false when it was dropped
     */
    boolean send(ByteBuffer payload);

    void close();
  }

  /** What comes back to an {@link Association}. */
  interface Replies {
    /** A datagram; valid only during the call. */
    void datagram(ByteBuffer payload);

    /** The destination refused the last datagram. The association stays usable. */
    void refused(DialFailure why);

    /** A datagram that {@link Association#send} had taken was lost after all, on this side. */
    default void lost() {}
  }

  /** Takes the payload of an echo reply; valid only during the call. */
  interface EchoAnswer {
    void answered(ByteBuffer payload);
  }
}
