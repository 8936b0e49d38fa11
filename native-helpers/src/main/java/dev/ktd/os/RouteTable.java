package dev.ktd.os;

import java.util.List;

/**
 * Routes of ours, told apart from all others by their protocol number. Desired state, repeatable.
 */
public interface RouteTable {
  /**
   * Makes the routes into {@code device} exactly {@code wanted}; routes of others are never
   * touched.
   *
   * @throws dev.ktd.error.KtdException ROUTES with ip(8)'s own words
   */
  void apply(String device, List<Cidr> wanted);

  /** Removes every route that carries our protocol number, whatever its device. */
  void reset();

  /** The routes of others that lie within or around {@code network}; the default route excepted. */
  List<Conflict> conflicts(Cidr network);

  /**
   * @param owner interface that carries the route, e.g. {@code tun0}
   */
  record Conflict(Cidr network, String owner) {}
}
