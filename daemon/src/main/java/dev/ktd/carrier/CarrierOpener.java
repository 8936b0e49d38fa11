package dev.ktd.carrier;

import io.netty.channel.EventLoop;

/** Starts to open a carrier for a listener: {@link PortForward}, {@link DirectTcp}. */
@FunctionalInterface
public interface CarrierOpener {
  /**
   * Starts to open; {@link Carrier.Listener#ready} or {@link Carrier.Listener#closed} follows on
   * {@code loop}.
   *
   * @return the carrier; before {@code ready} only {@link Carrier#close} may be called
   */
  Carrier open(EventLoop loop, Carrier.Listener listener);
}
